//! Laws over generated documents: an edit's result parses, says exactly what an independent edit of the value says, and
//! has every comment that it should have.

use proptest::prelude::*;
use temper_text::{TextEdit, apply};

use super::super::{
    EditRefused, add_entry, add_entry_to_null, append_item, insert_entry_after, remove_entry, remove_item,
    replace_value,
};
use crate::{Kind, Node, Snippet, Typed, Yaml, parse};

/// What a document says, without how.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Str(String),
    Seq(Vec<Value>),
    Map(Vec<(String, Value)>),
}

/// How a collection is written.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Look {
    Block,
    Flow,
    FlowLines,
}

#[derive(Debug, Clone)]
enum Written {
    Scalar(Value),
    Literal(Vec<&'static str>, &'static str),
    Seq(Vec<Written>, Look),
    Map(Vec<Written>, Look),
}

#[derive(Debug, Clone)]
struct Style {
    step: usize,
    indent_dashes: bool,
    comments: bool,
    crlf: bool,
    final_newline: bool,
    mark: bool,
    blanks: bool,
}

const KEYS: [&str; 6] = ["a", "on", "key with space", "1", "x-y", "it's"];

fn scalars() -> impl Strategy<Value = Value> {
    let strings = prop::sample::select(vec![
        "", "x", "a b", "yes", "a: b", "#x", "1:30", "${A}", "it's", "a\nb", "é", "[", "*x",
    ]);
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-9i64..2000).prop_map(Value::Int),
        strings.prop_map(|text| Value::Str(text.to_owned())),
    ]
}

fn written() -> impl Strategy<Value = Written> {
    let lines = prop::collection::vec(prop::sample::select(vec!["x", "# no", "a: b", "- c", ""]), 0..4);
    let leaf = prop_oneof![
        4 => scalars().prop_map(Written::Scalar),
        1 => (lines, prop::sample::select(vec!["|", "|-", "|+"])).prop_map(|(mut lines, header)| {
            // The first line sets the indentation, so it has content.
            lines.insert(0, "first");
            Written::Literal(lines, header)
        }),
    ];
    let look = prop::sample::select(vec![Look::Block, Look::Block, Look::Flow, Look::FlowLines]);
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), look.clone())
                .prop_map(|(items, look)| Written::Seq(items, look)),
            (prop::collection::vec(inner, 0..5), look.clone())
                .prop_map(|(values, look)| Written::Map(values, look)),
        ]
    })
}

fn documents() -> impl Strategy<Value = String> {
    let style = (prop::sample::select(vec![2, 4]), any::<[bool; 6]>()).prop_map(|(step, flags)| {
        let [indent_dashes, comments, crlf, final_newline, mark, blanks] = flags;
        Style { step, indent_dashes, comments, crlf, final_newline, mark, blanks }
    });
    let look = prop::sample::select(vec![Look::Block, Look::Block, Look::Flow, Look::FlowLines]);
    let root = prop::collection::vec(written(), 1..5);
    (root, look, any::<bool>(), style).prop_map(|(members, look, mapping, style)| {
        let root = if mapping { Written::Map(members, look) } else { Written::Seq(members, look) };
        style.document(&root)
    })
}

impl Style {
    fn document(&self, root: &Written) -> String {
        let mut lines = if self.comments { vec!["# head".to_owned()] } else { Vec::new() };
        match root {
            Written::Seq(_, Look::Block) | Written::Map(_, Look::Block) => lines.extend(self.block(root, 0)),
            _ => lines.extend(
                self.value("", root, 0).into_iter().map(|line| line.trim_start_matches(' ').to_owned()),
            ),
        }
        let newline = if self.crlf { "\r\n" } else { "\n" };
        let mut text = if self.mark { "\u{feff}".to_owned() } else { String::new() };
        text.push_str(&lines.join(newline));
        if self.final_newline {
            text.push_str(newline);
        }
        text
    }

    fn note(&self, indent: usize) -> String {
        if self.comments { format!(" # c{indent}") } else { String::new() }
    }

    /// The lines of a non-empty block collection.
    fn block(&self, node: &Written, indent: usize) -> Vec<String> {
        let mut out = Vec::new();
        let members = match node {
            Written::Seq(items, _) => items.iter().map(|item| (format!("{:indent$}-", ""), item)).collect(),
            Written::Map(values, _) => {
                let head = |key: &str| format!("{:indent$}{}:", "", crate::quote(key));
                values.iter().zip(KEYS).map(|(value, key)| (head(key), value)).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        };
        for (index, (head, value)) in members.into_iter().enumerate() {
            if self.comments && index % 2 == 1 {
                out.push(format!("{:indent$}# above", ""));
            }
            if self.blanks && index > 0 {
                out.push(String::new());
            }
            if self.comments && self.blanks && index % 2 == 0 {
                // Below a block scalar this is its content, not a comment.
                out.push(format!("{:1$}# deep", "", indent + self.step + 1));
            }
            let compact = head.ends_with('-') && index % 2 == 0 && !self.comments;
            let mut lines = self.value(&head, value, indent);
            if compact && is_block(value) {
                lines.remove(0);
                lines = self.block(value, indent + 2);
                lines[0] = format!("{head} {}", lines[0].trim_start_matches(' '));
            }
            out.extend(lines);
        }
        out
    }

    /// `head` and its value.
    fn value(&self, head: &str, value: &Written, indent: usize) -> Vec<String> {
        match value {
            Written::Scalar(Value::Null) => vec![format!("{head}{}", self.note(indent))],
            Written::Literal(lines, header) => {
                let mut out = vec![format!("{head} {header}{}", self.note(indent))];
                let deeper = indent + self.step;
                out.extend(lines.iter().map(|line| format!("{:deeper$}{line}", "").trim_end().to_owned()));
                out
            }
            block if is_block(block) => {
                let dashes = matches!(block, Written::Seq(..)) && head.ends_with(':') && !self.indent_dashes;
                let mut out = vec![format!("{head}{}", self.note(indent))];
                out.extend(self.block(block, if dashes { indent } else { indent + self.step }));
                out
            }
            Written::Seq(members, Look::FlowLines) | Written::Map(members, Look::FlowLines)
                if !members.is_empty() =>
            {
                let (open, close) = if matches!(value, Written::Seq(..)) { ('[', ']') } else { ('{', '}') };
                let mut out = vec![format!("{head} {open}{}", self.note(indent))];
                let deeper = indent + self.step;
                let members = flow_members(value);
                let last = members.len() - 1;
                for (index, member) in members.iter().enumerate() {
                    let comma = if index < last || self.crlf { "," } else { "" };
                    out.push(format!("{:deeper$}{member}{comma}{}", "", self.note(deeper)));
                }
                out.push(format!("{:1$}{close}{2}", "", indent + 1, self.note(indent)));
                out
            }
            flow => vec![format!("{head} {}{}", flow_text(flow), self.note(indent))],
        }
    }
}

fn is_block(node: &Written) -> bool {
    matches!(node, Written::Seq(members, Look::Block) | Written::Map(members, Look::Block) if !members.is_empty())
}

fn flow_members(node: &Written) -> Vec<String> {
    match node {
        Written::Map(values, _) => {
            let entry = |(value, key): (&Written, &str)| format!("\"{key}\": {}", flow_text(value));
            values.iter().zip(KEYS).map(entry).collect()
        }
        Written::Seq(items, _) => items.iter().map(flow_text).collect(),
        _ => Vec::new(),
    }
}

fn flow_text(node: &Written) -> String {
    match node {
        Written::Seq(..) => format!("[{}]", flow_members(node).join(", ")),
        Written::Map(..) => format!("{{{}}}", flow_members(node).join(", ")),
        Written::Literal(lines, _) => format!("{:?}", lines.concat()),
        Written::Scalar(Value::Null) => "null".to_owned(),
        Written::Scalar(Value::Bool(value)) => value.to_string(),
        Written::Scalar(Value::Int(value)) => value.to_string(),
        Written::Scalar(Value::Str(text)) => format!("\"{}\"", text.replace('\n', "\\n")),
        Written::Scalar(other) => panic!("not a scalar: {other:?}"),
    }
}

fn value_of(node: &Node) -> Value {
    match (&node.kind, node.typed()) {
        (Kind::Sequence { items, .. }, _) => Value::Seq(items.iter().map(value_of).collect()),
        (Kind::Mapping { entries, .. }, _) => {
            let entry =
                |entry: &crate::Entry| (entry.key.as_str().unwrap().to_owned(), value_of(&entry.value));
            Value::Map(entries.iter().map(entry).collect())
        }
        (_, Some(Typed::Null)) => Value::Null,
        (_, Some(Typed::Bool(value))) => Value::Bool(value),
        (_, Some(Typed::Int(value))) => Value::Int(value),
        (_, Some(Typed::Str(text))) => Value::Str(text.to_owned()),
        (kind, typed) => panic!("not generated: {kind:?} {typed:?}"),
    }
}

/// Every node with the indexes that lead to it.
fn nodes<'a>(node: &'a Node, path: &[usize], out: &mut Vec<(Vec<usize>, &'a Node)>) {
    out.push((path.to_vec(), node));
    let children = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
    for (index, child) in children.enumerate() {
        nodes(child, &[path, &[index]].concat(), out);
    }
}

fn value_at<'a>(value: &'a mut Value, path: &[usize]) -> &'a mut Value {
    path.iter().fold(value, |value, &index| match value {
        Value::Seq(items) => &mut items[index],
        Value::Map(entries) => &mut entries[index].1,
        other => panic!("no child {index} in {other:?}"),
    })
}

struct Law<'a> {
    text: &'a str,
    yaml: &'a Yaml,
    path: &'a [usize],
}

impl Law<'_> {
    /// Applies the edit and compares it with `intended`, made on the value alone.
    fn holds(
        &self,
        edits: Result<Vec<TextEdit>, EditRefused>,
        keeps_comments: bool,
        intended: impl FnOnce(&mut Value),
    ) -> Result<(), TestCaseError> {
        let text = self.text;
        let edits = match edits {
            Ok(edits) => edits,
            Err(refused) => {
                let known = ["without a final newline", "part of the block scalar above"];
                prop_assert!(known.iter().any(|known| refused.reason.contains(known)), "{text:?}: {refused}");
                return Ok(());
            }
        };
        let out = apply(text, &edits).map_err(|error| TestCaseError::fail(format!("{text:?}: {error}")))?;
        let parsed =
            parse(&out).map_err(|error| TestCaseError::fail(format!("{text:?}\n{out:?}: {error}")))?;
        let mut expected = value_of(&self.yaml.documents[0]);
        intended(value_at(&mut expected, self.path));
        prop_assert_eq!(value_of(&parsed.documents[0]), expected, "{:?} became {:?}", text, out);
        if text.contains("\r\n") {
            prop_assert!(!out.replace("\r\n", "").contains('\n'), "line feeds alone in {out:?}");
        }
        if keeps_comments {
            let slices = |yaml: &Yaml, text: &str| -> Vec<String> {
                yaml.comments.iter().map(|comment| comment.slice(text).to_owned()).collect()
            };
            prop_assert_eq!(
                slices(self.yaml, text),
                slices(&parsed, &out),
                "comments of {:?} in {:?}",
                text,
                out
            );
        }
        Ok(())
    }
}

fn as_map(value: &mut Value) -> &mut Vec<(String, Value)> {
    let Value::Map(entries) = value else { panic!("not a mapping: {value:?}") };
    entries
}

fn as_seq(value: &mut Value) -> &mut Vec<Value> {
    let Value::Seq(items) = value else { panic!("not a sequence: {value:?}") };
    items
}

/// Snippets, and the values that they mean.
fn snippets() -> Vec<(Snippet, Value)> {
    let text = |text: &str| Value::Str(text.to_owned());
    vec![
        ("0123".into(), text("0123")),
        (Snippet::strings(["a: b", "yes"]), Value::Seq(vec![text("a: b"), text("yes")])),
        (
            Snippet::map([("n", Snippet::Null), ("m", Snippet::map([("deep", Snippet::strings(["x"]))]))]),
            Value::Map(vec![
                ("n".to_owned(), Value::Null),
                ("m".to_owned(), Value::Map(vec![("deep".to_owned(), Value::Seq(vec![text("x")]))])),
            ]),
        ),
        (Snippet::Seq(vec![]), Value::Seq(vec![])),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn additions_add_exactly_what_was_asked(text in documents()) {
        let yaml = parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let mut all = Vec::new();
        nodes(&yaml.documents[0], &[], &mut all);
        for (path, node) in &all {
            let law = Law { text: &text, yaml: &yaml, path };
            for (snippet, value) in snippets() {
                let new = ("new".to_owned(), value.clone());
                if matches!(node.kind, Kind::Sequence { .. }) {
                    law.holds(append_item(&text, node, &snippet), true, |seq| as_seq(seq).push(value.clone()))?;
                } else if matches!(node.kind, Kind::Mapping { .. }) {
                    law.holds(add_entry(&text, node, "new", &snippet), true, |map| as_map(map).push(new.clone()))?;
                }
                for (index, entry) in node.entries().iter().enumerate() {
                    let key = entry.key.as_str().unwrap();
                    let edits = insert_entry_after(&text, node, key, "new", &snippet);
                    law.holds(edits, true, |map| as_map(map).insert(index + 1, new.clone()))?;
                    if entry.value.is_null() {
                        let edits = add_entry_to_null(&text, entry, "new", &snippet);
                        law.holds(edits, true, |map| as_map(map)[index].1 = Value::Map(vec![new.clone()]))?;
                    }
                }
            }
        }
    }

    #[test]
    fn replacement_changes_one_value_only(text in documents()) {
        let yaml = parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let mut all = Vec::new();
        nodes(&yaml.documents[0], &[], &mut all);
        for (path, node) in &all {
            let law = Law { text: &text, yaml: &yaml, path };
            let scalar = matches!(node.kind, Kind::Scalar(_));
            for (snippet, value) in snippets() {
                law.holds(replace_value(&text, node, &snippet), scalar, |old| *old = value)?;
            }
        }
    }

    #[test]
    fn removal_removes_one_member_only(text in documents()) {
        let yaml = parse(&text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let mut all = Vec::new();
        nodes(&yaml.documents[0], &[], &mut all);
        for (path, node) in &all {
            let law = Law { text: &text, yaml: &yaml, path };
            for index in 0..node.items().len() {
                law.holds(remove_item(&text, node, index), false, |seq| drop(as_seq(seq).remove(index)))?;
            }
            for (index, entry) in node.entries().iter().enumerate() {
                let edits = remove_entry(&text, node, entry.key.as_str().unwrap());
                law.holds(edits, false, |map| drop(as_map(map).remove(index)))?;
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[-a:#&*!|>'\"\\[\\]{},? \t\r\n\u{feff}é]{0,40}") {
        if let Ok(yaml) = parse(&text) {
            for document in &yaml.documents {
                let mut all = Vec::new();
                nodes(document, &[], &mut all);
                for (_, node) in all {
                    prop_assert!(text.get(node.span.range()).is_some(), "{:?} in {text:?}", node.span);
                    prop_assert!(document.span.contains(node.span), "{:?} outside the document of {text:?}", node.span);
                    // No edit may panic, whatever the text; its result is for the laws above to judge.
                    let value = Snippet::from("v");
                    let _ = add_entry(&text, node, "k", &value);
                    let _ = append_item(&text, node, &value);
                    let _ = replace_value(&text, node, &value);
                    let _ = remove_item(&text, node, 0);
                    for entry in node.entries() {
                        let _ = remove_entry(&text, node, entry.key.as_str().unwrap_or(""));
                        let _ = add_entry_to_null(&text, entry, "k", &value);
                    }
                }
            }
            for comment in &yaml.comments {
                prop_assert!(comment.slice(&text).starts_with('#'), "{text:?}");
            }
        }
    }
}
