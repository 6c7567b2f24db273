//! What `temper_yaml::parse` says about places in the text is true of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use temper_fuzz::{assert_comment, assert_fits, assert_in_order, assert_inside};
use temper_text::Span;
use temper_yaml::{Kind, Node, Scalar, Style, duplicate_keys, parse, same_value};

fuzz_target!(|text: &str| {
    let yaml = match parse(text) {
        Ok(yaml) => yaml,
        Err(error) => {
            assert_fits(text, error.span);
            assert!(!error.message.is_empty());
            return;
        }
    };
    for comment in &yaml.comments {
        assert_comment(text, *comment);
    }
    assert_in_order(yaml.comments.iter().copied());
    assert_in_order(yaml.documents.iter().map(|node| node.span));
    for document in &yaml.documents {
        node(text, document);
        for (first, again) in duplicate_keys(document) {
            assert_eq!(first.key.as_str(), again.key.as_str());
            assert!(first.key.span < again.key.span);
        }
    }
});

fn node(text: &str, node: &Node) {
    assert_fits(text, node.span);
    match &node.kind {
        Kind::Scalar(value) => scalar(text, node.span, value),
        Kind::Alias(name) => assert_eq!(node.span.slice(text), format!("*{name}")),
        Kind::Sequence { .. } | Kind::Mapping { .. } => children(text, node),
    }
    stands_alone(text, node);
}

fn children(text: &str, parent: &Node) {
    let entries = parent.entries().iter().flat_map(|entry| [&entry.key, &entry.value]);
    let children: Vec<&Node> = parent.items().iter().chain(entries).collect();
    for child in &children {
        assert_inside(parent.span, child.span);
        node(text, child);
    }
    assert_in_order(children.iter().map(|child| child.span));
}

fn scalar(text: &str, span: Span, scalar: &Scalar) {
    let written = span.slice(text);
    let quoted = |quote: char| written.len() >= 2 && written.starts_with(quote) && written.ends_with(quote);
    let fits = match scalar.style {
        Style::Plain if written.contains(['\n', '\r']) => true,
        Style::Plain => written == &*scalar.value,
        Style::SingleQuoted => quoted('\''),
        Style::DoubleQuoted => quoted('"'),
        Style::Literal => written.starts_with('|'),
        Style::Folded => written.starts_with('>'),
    };
    assert!(fits, "{scalar:?} is written as {written:?}");
}

/// A node between quotes or brackets means the same when it is cut out: its span is exactly its own bytes.
fn stands_alone(text: &str, node: &Node) {
    let written = node.span.slice(text);
    // A tag may need the document's directives, and a marker of a document ends what is cut out at a line's start.
    if !written.starts_with(['"', '\'', '[', '{']) || text.contains(['!', '%']) || text.contains("<<<<<<< ") {
        return;
    }
    let alone = parse(written).unwrap_or_else(|error| panic!("{written:?} does not stand alone: {error}"));
    assert_eq!(alone.documents.len(), 1, "{written:?}");
    let (alone, mut same) = (&alone.documents[0], node.clone());
    // The anchor stands before the node's own bytes.
    same.anchor = None;
    assert!(same_value(alone, &same), "{written:?} alone is {alone:?}, in place {node:?}");
}
