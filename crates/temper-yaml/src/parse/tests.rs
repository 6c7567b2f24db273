use super::parse;
use crate::{Kind, Node, Style, Typed};

fn root(text: &str) -> Node {
    let yaml = parse(text).unwrap();
    assert_eq!(yaml.documents.len(), 1, "documents of {text:?}");
    yaml.documents.into_iter().next().unwrap()
}

fn at<'a>(node: &'a Node, path: &[&str]) -> &'a Node {
    path.iter().fold(node, |node, key| node.get(key).unwrap_or_else(|| panic!("no key {key}")))
}

fn slice<'a>(text: &'a str, path: &[&str]) -> &'a str {
    at(&root(text), path).span.slice(text)
}

fn error(text: &str) -> (String, String) {
    let error = parse(text).unwrap_err();
    (error.message, error.span.slice(text).to_owned())
}

#[test]
fn more_nodes_than_memory_is_for_are_refused() {
    let text = format!("[{}x]", "x,".repeat(crate::MAX_NODES));
    assert_eq!(error(&text), ("more than 500000 values in one file".to_owned(), "x".to_owned()));
}

#[test]
fn carriage_return_that_ends_no_line_is_refused() {
    for text in ["a: |+\r  x\r", "a: 1\r", "a: 1\r\r\n", "\"\\n -\" ->\r0--"] {
        let (message, at) = error(text);
        assert_eq!(message, "carriage return without a line feed: save the file with line ends LF or CRLF");
        assert_eq!(at, "\r", "in {text:?}");
    }
}

#[test]
fn name_of_an_alias_may_begin_with_a_star() {
    assert_eq!(root("**").kind, Kind::Alias("*".into()));
}

#[test]
fn colon_that_begins_a_scalar_introduces_no_value() {
    let text = "  - ?\n    :P:";
    let yaml = root(text);
    let spans: Vec<_> = yaml.items()[0]
        .entries()
        .iter()
        .flat_map(|entry| [&entry.key, &entry.value])
        .map(|node| (node.span.start, node.span.slice(text)))
        .collect();
    assert_eq!(spans, [(10, ""), (10, ""), (10, ":P"), (13, "")]);
}

#[test]
fn colon_after_a_quoted_key_needs_no_blank() {
    let text = "{\"a\":, 'b':1, [c]:}";
    let starts: Vec<_> = root(text).entries().iter().map(|entry| entry.value.slot).collect();
    assert_eq!(starts, [Some(5), Some(11), Some(18)]);
}

#[test]
fn collections_end_before_comments_and_blank_lines() {
    let text = "a:\n  b: 1 # one\n\n# next\nc: [1, 2 ] # two\n";
    assert_eq!(slice(text, &["a"]), "b: 1");
    assert_eq!(slice(text, &["c"]), "[1, 2 ]");
    assert_eq!(root(text).span.slice(text), "a:\n  b: 1 # one\n\n# next\nc: [1, 2 ]");
}

#[test]
fn comments_are_in_order_and_without_line_end() {
    let text = "# a\r\nb: | # c\r\n  # not\r\nd: '#' # e";
    let yaml = parse(text).unwrap();
    let comments: Vec<_> = yaml.comments.iter().map(|span| span.slice(text)).collect();
    assert_eq!(comments, ["# a", "# c", "# e"]);
}

#[test]
fn literal_goes_from_its_indicator_through_its_last_content_line() {
    for (text, expected) in [
        ("a: |\n  x\n  y\n\n\nb: 1\n", "|\n  x\n  y\n"),
        ("a: |\n\n   x\n\n   y\n   \nb: 1\n", "|\n\n   x\n\n   y\n"),
        ("a: |\n  x\n     \n\nb: 1\n", "|\n  x\n     \n"),
        ("a: |+\n  x\n\n\nb: 1\n", "|+\n  x\n\n\n"),
        ("a: >-2 # c | d > e\n    x\n", ">-2 # c | d > e\n    x\n"),
        ("a: |\n  x", "|\n  x"),
        ("a: |\r\n  x\r\n\r\nb: 1\r\n", "|\r\n  x\r\n"),
        ("a: |\n\n\n# c > d\nb: 1\n", "|"),
        ("a: |- # c\nb: 1\n", "|-"),
        ("a: |", "|"),
        ("a: &x !!str |\n  # | x\nb: 1\n", "|\n  # | x\n"),
        ("a: |\n  x\n # less\nb: 1\n", "|\n  x\n"),
    ] {
        assert_eq!(slice(text, &["a"]), expected, "in {text:?}");
    }
}

#[test]
fn block_scalar_has_no_line_end_that_the_file_does_not_have() {
    for (text, expected) in [
        ("a: |\n  x\n  y", "x\ny"),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: |+\n  x\n  y", "x\ny"),
        ("a: |+\n  x\n\n ", "x\n\n"),
        ("a: |-\n  x", "x"),
        ("a: >\n  x\n  y", "x y"),
        ("a: >+\n  x\n    y", "x\n  y"),
        ("a: |\r\n  x\r\n  y", "x\ny"),
        ("a: |\n  x  ", "x  "),
        ("a: |\n  x\n ", "x\n"),
        ("a: |\n  x\n    ", "x\n  "),
        ("a: |+\n   ", ""),
        ("a: |+\n\n\n   ", "\n\n"),
        ("a: |1\n  x\n  ", " x\n "),
        ("a: |\n  x\n# c", "x\n"),
        ("a: |\n  x\n...", "x\n"),
        ("a: |", ""),
        ("- - |\n    x", "x"),
    ] {
        let root = root(text);
        let scalar = root.items().first().map_or_else(|| at(&root, &["a"]), |item| &item.items()[0]);
        assert_eq!(scalar.as_str(), Some(expected), "in {text:?}");
    }
    assert_eq!(root("|\n x").as_str(), Some("x"));
}

#[test]
fn literal_in_a_sequence_or_as_the_document_is_found() {
    let text = "- - |\n    x\n- # c |\n  >\n  y\n-\n  ? |\n    k\n  : |\n    v\n";
    let node = root(text);
    assert_eq!(node.items()[0].items()[0].span.slice(text), "|\n    x\n");
    assert_eq!(node.items()[1].span.slice(text), ">\n  y\n");
    assert_eq!(node.items()[2].entries()[0].key.span.slice(text), "|\n    k\n");
    assert_eq!(node.items()[2].entries()[0].value.span.slice(text), "|\n    v\n");
    assert_eq!(root("--- |\n x\n").span.slice("--- |\n x\n"), "|\n x\n");
}

#[test]
fn absent_value_stands_just_after_its_indicator() {
    for (text, path, offset) in [
        ("svc:\nb: 1\n", vec!["svc"], 4),
        ("svc : # c\n", vec!["svc"], 5),
        ("\"svc\":   \n", vec!["svc"], 6),
        ("a: {b: , c: 1}\n", vec!["a", "b"], 6),
        ("a: {b }\n", vec!["a", "b"], 5),
        ("? svc\n# c\n:\n", vec!["svc"], 11),
    ] {
        let node = root(text);
        let value = at(&node, &path);
        assert!(value.is_null() && value.as_str() == Some(""), "{text:?}: {value:?}");
        assert_eq!((value.span.start, value.span.end), (offset, offset), "in {text:?}");
    }
    let text = "-\n- a\n- # c\n-\n";
    let starts: Vec<_> = root(text).items().iter().map(|item| item.span.start).collect();
    assert_eq!(starts, [1, 4, 7, 13]);
}

#[test]
fn anchors_tags_and_aliases_keep_their_names() {
    let text =
        "a: &x !reset\n  b: &y\n  c: *x\nd: !!int \"5\"\ne: !<tag:a.b,2000:c> f\ng: *nowhere\nh: &z [1]\n";
    let node = root(text);
    assert_eq!(
        (at(&node, &["a"]).anchor.as_deref(), at(&node, &["a"]).tag.as_deref()),
        (Some("x"), Some("!reset"))
    );
    assert_eq!(at(&node, &["a"]).outer_span().slice(text), "&x !reset\n  b: &y\n  c: *x");
    assert_eq!(at(&node, &["a", "b"]).anchor.as_deref(), Some("y"));
    assert_eq!(at(&node, &["a", "c"]).kind, Kind::Alias("x".into()));
    assert_eq!(at(&node, &["d"]).typed(), Some(Typed::Int(5)));
    assert_eq!(at(&node, &["e"]).tag.as_deref(), Some("!<tag:a.b,2000:c>"));
    assert_eq!(at(&node, &["g"]).kind, Kind::Alias("nowhere".into()));
    assert_eq!(at(&node, &["h"]).anchor.as_deref(), Some("z"));
}

#[test]
fn anchor_after_a_comment_belongs_to_the_collection() {
    let text = "a: &x # c\n  b: 1\n";
    assert_eq!(at(&root(text), &["a"]).anchor.as_deref(), Some("x"));
    assert_eq!(at(&root(text), &["a", "b"]).anchor, None);
}

#[test]
fn byte_order_mark_counts_as_bytes_but_not_as_content() {
    let text = "\u{feff}a: 1\n";
    assert_eq!(root(text).span.start, 3);
    assert_eq!(slice(text, &["a"]), "1");
}

#[test]
fn documents_are_separate() {
    let text = "# c\n--- # x\na: 1\n...\n---\n- b\n---\n";
    let yaml = parse(text).unwrap();
    let spans: Vec<_> = yaml.documents.iter().map(|node| node.span.slice(text)).collect();
    assert_eq!(spans, ["a: 1", "- b", ""]);
    assert!(parse("# only\n").unwrap().documents.is_empty());
    assert!(parse("").unwrap().documents.is_empty());
}

#[test]
fn styles_are_kept() {
    let node = root("[a, 'b', \"c\"]");
    let styles: Vec<_> = node
        .items()
        .iter()
        .map(|item| match &item.kind {
            Kind::Scalar(scalar) => scalar.style,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(styles, [Style::Plain, Style::SingleQuoted, Style::DoubleQuoted]);
}

#[test]
fn entry_without_braces_in_a_flow_sequence_ends_with_its_value() {
    let text = "[a: 1 , b]";
    assert_eq!(root(text).items()[0].span.slice(text), "a: 1");
}

#[test]
fn committed_merge_conflict_is_named_by_its_first_marker() {
    let text = "a:\n<<<<<<< HEAD\n  b: 1\n=======\n  b: 2\n>>>>>>> other\n";
    let expected = "merge conflict: line 2 is `<<<<<<< HEAD`; resolve the conflict, then run again";
    assert_eq!(error(text), (expected.to_owned(), "<<<<<<< HEAD".to_owned()));
    assert!(parse("a: |\n  <<<<<<< HEAD\n  =======\n  >>>>>>> x\n").is_ok());
}

#[test]
fn broken_text_is_refused_with_its_place() {
    insta::assert_snapshot!(error("a:\n\tb: 1\n").0, @"tab in the indentation: YAML allows only spaces there");
    insta::assert_snapshot!(error("a: 1\n b: 2\n").0, @"mapping values are not allowed here: check the indentation of this line and of the one above");
    insta::assert_snapshot!(error("a: [1, 2\nb: 3\n").0, @"illegal placement of ':' indicator");
    insta::assert_snapshot!(error("a: 'x\n").0, @"invalid indentation in multiline quoted scalar");
    insta::assert_snapshot!(error("a: \0\n").0, @"NUL byte: expected a text file, this one is binary or UTF-16; save it as UTF-8");
    assert_eq!(error("a: \0\n").1, "\0");
}

#[test]
fn deep_nesting_is_refused_not_overflowed() {
    for deep in ["[".repeat(10_000), "{a: ".repeat(10_000), "- ".repeat(10_000), "? ".repeat(10_000)] {
        let message = error(&deep).0;
        assert!(message.contains("nested deeper than 128 levels"), "{message}");
    }
    let mixed = format!("{}{}{}", "- ".repeat(100), "[".repeat(100), "]".repeat(100));
    assert!(error(&mixed).0.contains("128 levels"));
    let fine = format!("{}{}", "[".repeat(128), "]".repeat(128));
    assert!(parse(&fine).is_ok());
}

#[test]
fn aliases_are_never_expanded() {
    let mut text = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..64 {
        let below = level - 1;
        text.push_str(&format!("a{level}: &a{level} [*a{below}, *a{below}]\n"));
    }
    assert_eq!(root(&text).entries().len(), 64);
}

#[test]
fn too_large_a_text_is_refused() {
    let text = "#".repeat(super::MAX_BYTES + 1);
    assert_eq!(parse(&text).unwrap_err().message, "file is larger than 16 MiB");
}

#[test]
fn long_comment_blocks_are_read() {
    let text = format!("a:\n{}  b: 1\n", "# licence\n".repeat(500));
    assert_eq!(parse(&text).unwrap().comments.len(), 500);
}
