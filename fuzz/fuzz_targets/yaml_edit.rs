//! An edit of YAML changes what it names and nothing else: the result is read again and compared with what was meant.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use temper_text::{TextEdit, apply};
use temper_yaml::edit::{EditRefused, add_entry, append_item, remove_entry, remove_item, replace_value};
use temper_yaml::{Entry, Kind, Node, Scalar, Snippet, Style, Yaml, parse, same_value};

#[derive(Debug, Arbitrary)]
struct Input {
    /// Which node of the file, counted from its start, modulo their number.
    node: u8,
    wish: Wish,
    text: String,
}

#[derive(Debug, Arbitrary)]
enum Wish {
    AddEntry { key: String, value: String },
    AppendItem(String),
    RemoveEntry(u8),
    RemoveItem(u8),
    Replace(String),
}

fuzz_target!(|input: Input| {
    let Ok(yaml) = parse(&input.text) else { return };
    let mut nodes = Vec::new();
    yaml.documents.iter().for_each(|document| collect(document, &mut nodes));
    if nodes.is_empty() {
        return;
    }
    let index = usize::from(input.node) % nodes.len();
    let Ok(edits) = edits(&input.text, nodes[index], &input.wish) else { return };
    let out = apply(&input.text, &edits).unwrap_or_else(|error| panic!("{error}: {edits:?}"));
    let after = parse(&out).unwrap_or_else(|error| panic!("{error}: {out:?} after {edits:?}"));
    let mut meant = yaml.documents.clone();
    let mut left = index;
    let node = meant.iter_mut().find_map(|document| nth(document, &mut left));
    grant(node.expect("the tree has as many nodes as were counted"), &input.wish);
    let same = meant.len() == after.documents.len()
        && meant.iter().zip(&after.documents).all(|(meant, is)| same_value(meant, is));
    assert!(same, "{edits:?}\nmade {out:?}\nmeant {meant:?}\nis {:?}", after.documents);
    if let Wish::AddEntry { .. } | Wish::AppendItem(_) = input.wish {
        assert_eq!(
            comments(&input.text, &yaml),
            comments(&out, &after),
            "a comment is lost or made: {out:?}"
        );
    }
});

fn edits(text: &str, node: &Node, wish: &Wish) -> Result<Vec<TextEdit>, EditRefused> {
    let value = |text: &String| Snippet::Scalar(text.clone());
    match wish {
        Wish::AddEntry { key, value: text_of } => add_entry(text, node, key, &value(text_of)),
        Wish::AppendItem(item) => append_item(text, node, &value(item)),
        Wish::RemoveEntry(index) => {
            let entry = node.entries().get(usize::from(*index));
            // Without such an entry this asks for a key that is not there, which must be refused.
            remove_entry(text, node, entry.and_then(|entry| entry.key.as_str()).unwrap_or("\u{1}"))
        }
        Wish::RemoveItem(index) => remove_item(text, node, usize::from(*index)),
        Wish::Replace(with) => replace_value(text, node, &value(with)),
    }
}

/// Does to the tree what the wish asks for.
fn grant(node: &mut Node, wish: &Wish) {
    match (&mut node.kind, wish) {
        (Kind::Mapping { entries, .. }, Wish::AddEntry { key, value }) => {
            let template = blank(entries.last().map(|entry| &entry.key));
            entries.push(Entry { key: string(&template, key), value: string(&template, value) });
        }
        (Kind::Sequence { items, .. }, Wish::AppendItem(item)) => {
            let template = blank(items.last());
            items.push(string(&template, item));
        }
        (Kind::Mapping { entries, .. }, Wish::RemoveEntry(index)) => {
            entries.remove(usize::from(*index));
        }
        (Kind::Sequence { items, .. }, Wish::RemoveItem(index)) => {
            items.remove(usize::from(*index));
        }
        (_, Wish::Replace(with)) => {
            let anchor = node.anchor.take();
            *node = string(node, with);
            node.anchor = anchor;
        }
        (kind, _) => panic!("{wish:?} was granted for {kind:?}"),
    }
}

/// A node to copy: where it stood is not compared.
fn blank(like: Option<&Node>) -> Node {
    let any = || parse("any").ok().and_then(|yaml| yaml.documents.into_iter().next());
    like.cloned().or_else(any).expect("`any` is a document")
}

fn string(template: &Node, text: &str) -> Node {
    let mut node = template.clone();
    node.kind = Kind::Scalar(Scalar { value: text.into(), style: Style::DoubleQuoted });
    node.anchor = None;
    node.tag = None;
    node
}

fn collect<'a>(node: &'a Node, nodes: &mut Vec<&'a Node>) {
    nodes.push(node);
    node.items().iter().for_each(|item| collect(item, nodes));
    for entry in node.entries() {
        collect(&entry.key, nodes);
        collect(&entry.value, nodes);
    }
}

/// The node that [`collect`] puts at `left`.
fn nth<'a>(node: &'a mut Node, left: &mut usize) -> Option<&'a mut Node> {
    if *left == 0 {
        return Some(node);
    }
    *left -= 1;
    match &mut node.kind {
        Kind::Sequence { items, .. } => items.iter_mut().find_map(|item| nth(item, left)),
        Kind::Mapping { entries, .. } => entries
            .iter_mut()
            .flat_map(|entry| [&mut entry.key, &mut entry.value])
            .find_map(|node| nth(node, left)),
        Kind::Scalar(_) | Kind::Alias(_) => None,
    }
}

fn comments(text: &str, yaml: &Yaml) -> Vec<String> {
    let mut comments: Vec<String> =
        yaml.comments.iter().map(|span| span.slice(text).trim_end().to_owned()).collect();
    comments.sort();
    comments
}
