use temper_text::{TextEdit, apply};

use super::{
    EditRefused, add_entry, add_entry_to_null, append_item, insert_entry_after, remove_entry, remove_item,
    replace_value,
};
use crate::{Entry, Node, Snippet, parse};

mod laws;

type Edits = Result<Vec<TextEdit>, EditRefused>;

/// Walks to a node: keys, or indexes of items.
fn at<'a>(node: &'a Node, path: &str) -> &'a Node {
    path.split('.').filter(|step| !step.is_empty()).fold(node, |node, step| match step.parse::<usize>() {
        Ok(index) => &node.items()[index],
        Err(_) => node.get(step).unwrap_or_else(|| panic!("no key {step}")),
    })
}

fn entry<'a>(node: &'a Node, path: &str, key: &str) -> &'a Entry {
    at(node, path).entry(key).unwrap()
}

/// The text after the edit, which must still be YAML.
fn after(text: &str, edit: impl FnOnce(&Node) -> Edits) -> String {
    let yaml = parse(text).unwrap();
    let edits = edit(&yaml.documents[0]).unwrap_or_else(|refused| panic!("{text:?}: {refused}"));
    let out = apply(text, &edits).unwrap();
    parse(&out).unwrap_or_else(|error| panic!("{out:?}: {error}"));
    out
}

fn refusal(text: &str, edit: impl FnOnce(&Node) -> Edits) -> String {
    edit(&parse(text).unwrap().documents[0]).unwrap_err().reason
}

fn added(text: &str, path: &str) -> String {
    after(text, |root| add_entry(text, at(root, path), "k", &"v".into()))
}

fn appended(text: &str, path: &str) -> String {
    after(text, |root| append_item(text, at(root, path), &"v".into()))
}

fn replaced(text: &str, path: &str, value: &Snippet) -> String {
    after(text, |root| replace_value(text, at(root, path), value))
}

fn removed(text: &str, path: &str, key: &str) -> String {
    after(text, |root| remove_entry(text, at(root, path), key))
}

fn dropped(text: &str, path: &str, index: usize) -> String {
    after(text, |root| remove_item(text, at(root, path), index))
}

#[test]
fn entry_goes_below_the_last_one_and_its_comment() {
    assert_eq!(added("a:\n  b: 1 # c\n\n# next\nd: 2\n", "a"), "a:\n  b: 1 # c\n  k: v\n\n# next\nd: 2\n");
    assert_eq!(added("a:\n    b:\n        c: 1\nd: 2\n", "a"), "a:\n    b:\n        c: 1\n    k: v\nd: 2\n");
    assert_eq!(added("- a: 1\n- b\n", "0"), "- a: 1\n  k: v\n- b\n");
    assert_eq!(added("a:\n  b: |\n    x\n\nc: 1\n", "a"), "a:\n  b: |\n    x\n  k: v\n\nc: 1\n");
    assert_eq!(added("? a\n: b\n", ""), "? a\n: b\nk: v\n");
}

#[test]
fn line_ends_and_the_missing_final_newline_stay() {
    assert_eq!(added("a: 1 # c\r\nb: 2\r\n", ""), "a: 1 # c\r\nb: 2\r\nk: v\r\n");
    assert_eq!(added("a: 1\r\nb: 2", ""), "a: 1\r\nb: 2\r\nk: v");
    assert_eq!(added("a: 1 # c", ""), "a: 1 # c\nk: v");
    assert_eq!(added("\u{feff}a: 1\n", ""), "\u{feff}a: 1\nk: v\n");
    assert_eq!(appended("a:\r\n- b", "a"), "a:\r\n- b\r\n- v");
}

#[test]
fn entry_in_braces_never_lands_in_a_comment() {
    assert_eq!(added("a: {}\n", "a"), "a: {k: v}\n");
    assert_eq!(added("a: { # c\n}\n", "a"), "a: {k: v # c\n}\n");
    assert_eq!(added("a: {b: 1} # c\n", "a"), "a: {b: 1, k: v} # c\n");
    assert_eq!(added("a: {b: 1, }\n", "a"), "a: {b: 1, k: v, }\n");
    assert_eq!(added("a: {b: }\n", "a"), "a: {b: , k: v }\n");
    assert_eq!(added("a: {b: 1 # c\n}\n", "a"), "a: {b: 1, k: v # c\n}\n");
    assert_eq!(
        added("a: {\n  b: 1, # b\n  c: 2  # c\n}\n", "a"),
        "a: {\n  b: 1, # b\n  c: 2,  # c\n  k: v\n}\n"
    );
    assert_eq!(added("a: {\n  b: 1, # b\n}\n", "a"), "a: {\n  b: 1, # b\n  k: v,\n}\n");
    assert_eq!(added("a: {\n  b: 1 # b\n  , # c\n}\n", "a"), "a: {\n  b: 1 # b\n  , # c\n  k: v,\n}\n");
}

#[test]
fn existing_key_is_refused() {
    let refused = refusal("a: 1\n", |root| add_entry("a: 1\n", root, "a", &"v".into()));
    assert_eq!(refused, "the mapping has the key `a` already");
}

#[test]
fn entry_is_placed_next_to_a_related_key() {
    let text = "a:\n  b: # b\n    c: 1 # c\n  # d\n  d: 2\n";
    let out = after(text, |root| insert_entry_after(text, at(root, "a"), "b", "k", &true.into()));
    assert_eq!(out, "a:\n  b: # b\n    c: 1 # c\n  k: true\n  # d\n  d: 2\n");
    let text = "{a: 1, b: 2}";
    assert_eq!(after(text, |root| insert_entry_after(text, root, "a", "k", &7.into())), "{a: 1, k: 7, b: 2}");
}

#[test]
fn null_value_becomes_a_mapping() {
    for (text, expected) in [
        ("a:\n  svc:\n  b: 1\n", "a:\n  svc:\n    k: v\n  b: 1\n"),
        ("a:\n  svc: # c\n\n  b: 1\n", "a:\n  svc: # c\n    k: v\n\n  b: 1\n"),
        ("a:\n  svc: ~ # c\n", "a:\n  svc: # c\n    k: v\n"),
        ("a:\n  svc:", "a:\n  svc:\n    k: v"),
        ("a:\n  svc: &x\n  b: 1\n", "a:\n  svc: &x\n    k: v\n  b: 1\n"),
        ("a: {svc: , b: 1}\n", "a: {svc: {k: v} , b: 1}\n"),
        ("a: {svc, b: 1}\n", "a: {svc: {k: v}, b: 1}\n"),
    ] {
        let out = after(text, |root| add_entry_to_null(text, entry(root, "a", "svc"), "k", &"v".into()));
        assert_eq!(out, expected);
    }
    let text = "a:\n  svc: &x\n  b: *x\n";
    let reason = refusal(text, |root| add_entry_to_null(text, entry(root, "a", "svc"), "k", &"v".into()));
    assert_eq!(reason, "the anchor `&x` is used elsewhere in the file as `*x`");
}

#[test]
fn item_follows_the_dashes_of_its_list() {
    assert_eq!(appended("a:\n- b # c\nd: 1\n", "a"), "a:\n- b # c\n- v\nd: 1\n");
    assert_eq!(appended("a:\n  - b:\n      c: 1\n", "a"), "a:\n  - b:\n      c: 1\n  - v\n");
    assert_eq!(appended("- - a\n- b\n", "0"), "- - a\n  - v\n- b\n");
    assert_eq!(appended("a:\n  -\n", "a"), "a:\n  -\n  - v\n");
    assert_eq!(appended("a: [b, c] # d\n", "a"), "a: [b, c, v] # d\n");
    assert_eq!(appended("a: []\n", "a"), "a: [v]\n");
    assert_eq!(appended("a: [\n  \"b\",\n  c # c\n]\n", "a"), "a: [\n  \"b\",\n  c, # c\n  v\n]\n");
}

#[test]
fn nested_snippets_take_the_layout_of_the_file() {
    let text = "services:\n    a:\n        ports:\n        - 80\n";
    let value = Snippet::Seq(vec![("ALL".into(), Some("none is used".into()))]);
    let out = after(text, |root| add_entry(text, at(root, "services.a"), "cap_drop", &value));
    insta::assert_snapshot!(out, @"
    services:
        a:
            ports:
            - 80
            cap_drop:
            - ALL # none is used
    ");
    let value =
        Snippet::map([("limits", Snippet::map([("memory", "512M".into())]))]).with_comment("measured");
    let out = after(text, |root| add_entry(text, at(root, "services.a"), "resources", &value));
    insta::assert_snapshot!(out, @"
    services:
        a:
            ports:
            - 80
            resources: # measured
                limits:
                    memory: 512M
    ");
}

#[test]
fn replaced_value_keeps_the_comment_behind_it() {
    assert_eq!(replaced("a: b # c\n", "a", &"d: e".into()), "a: \"d: e\" # c\n");
    assert_eq!(replaced("a: {b: 1, c: 2}\n", "a.b", &"zz".into()), "a: {b: zz, c: 2}\n");
    assert_eq!(replaced("a: # c\nb: 1\n", "a", &true.into()), "a: true # c\nb: 1\n");
    assert_eq!(replaced("a: | # c\n  x\n  y\n\nb: 1\n", "a", &"z".into()), "a: z # c\n\nb: 1\n");
    assert_eq!(replaced("a: |\r\n  x\r\nb: 1\r\n", "a", &"z".into()), "a: z\r\nb: 1\r\n");
    assert_eq!(replaced("a: # c\n  b: 1\n  d: 2 # d\ne: 1\n", "a", &"z".into()), "a: z # c # d\ne: 1\n");
    assert_eq!(replaced("a:\n- b\nc: 1\n", "a", &Snippet::Seq(vec![])), "a: []\nc: 1\n");
    assert_eq!(replaced("a: b\n", "a", &Snippet::strings(["x", "z"])), "a: [x, z]\n");
    assert_eq!(replaced("a: b\n", "a", &Snippet::from("x").with_comment("why")), "a: x # why\n");
    assert_eq!(replaced("- - a\n  - b # b\n- c\n", "0", &"z".into()), "- z # b\n- c\n");
    assert_eq!(replaced("-\n- a\n", "0", &"z".into()), "- z\n- a\n");
    assert_eq!(replaced("a: &x b\n", "a", &"z".into()), "a: &x z\n");
    assert_eq!(replaced("a: &x b\nc: *x\n", "c", &"z".into()), "a: &x b\nc: z\n");
}

#[test]
fn block_collection_is_replaced_in_its_own_style() {
    let text = "a:\n- b\n- c # c\nd: 1\n";
    assert_eq!(replaced(text, "a", &Snippet::strings(["x", "z"])), "a:\n- x\n- z # c\nd: 1\n");
    let text = "a:\r\n  b: 1\r\n  c: 2\r\n";
    let map = Snippet::map([("x", 1.into()), ("z", 2.into())]);
    assert_eq!(replaced(text, "a", &map), "a:\r\n  x: 1\r\n  z: 2\r\n");
}

#[test]
fn replacing_what_is_used_elsewhere_is_refused() {
    let text = "a: &x\n  b: &y 1\nc: *y\nd: !reset e\n";
    let replace = |path| refusal(text, |root| replace_value(text, at(root, path), &"z".into()));
    assert_eq!(replace("a"), "the anchor `&y` is used elsewhere in the file as `*y`");
    assert_eq!(replace("d"), "the value has the tag `!reset`, which would apply to the new value too");
}

#[test]
fn removed_entry_takes_its_comment_and_leaves_its_neighbours() {
    assert_eq!(removed("# a\na: 1 # one\n# b\nb: 2 # two\n", "", "a"), "# a\n# b\nb: 2 # two\n");
    assert_eq!(removed("a: 1 # one\nb: 2 # two", "", "b"), "a: 1 # one\n");
    assert_eq!(removed("a: |\n  x\n\nb: 2\n", "", "a"), "\nb: 2\n");
    assert_eq!(removed("\u{feff}a: 1\r\nb: 2\r\n", "", "a"), "\u{feff}b: 2\r\n");
    assert_eq!(removed("- a: 1 # one\n  b: 2\n", "0", "a"), "- b: 2\n");
    assert_eq!(removed("- a: 1 # one\n  # b\n  b: 2\n", "0", "a"), "- \n  # b\n  b: 2\n");
    assert_eq!(removed("- a: |\n    x\n  b: 2\n", "0", "a"), "- b: 2\n");
    assert_eq!(removed("? a\n: 1\n? b\n: 2\nc: 3\n", "", "b"), "? a\n: 1\nc: 3\n");
}

#[test]
fn sole_entry_leaves_an_empty_collection() {
    assert_eq!(removed("svc: # s\n  a: 1 # one\nb: 2\n", "svc", "a"), "svc: {} # s # one\nb: 2\n");
    assert_eq!(removed("svc: &x\n  a: 1\nb: 2\n", "svc", "a"), "svc: &x {}\nb: 2\n");
    assert_eq!(removed("a: 1\n", "", "a"), "{}\n");
    assert_eq!(removed("- a: 1\n", "0", "a"), "- {}\n");
    assert_eq!(dropped("a:\n- b\nc: 1\n", "a", 0), "a: []\nc: 1\n");
}

#[test]
fn removal_inside_brackets_takes_one_comma() {
    assert_eq!(removed("{a: 1, b: 2, c: 3}", "", "a"), "{b: 2, c: 3}");
    assert_eq!(removed("{a: 1, b: 2, c: 3}", "", "b"), "{a: 1, c: 3}");
    assert_eq!(removed("{a: 1, b: 2, c: 3}", "", "c"), "{a: 1, b: 2}");
    assert_eq!(removed("{a: 1}", "", "a"), "{}");
    assert_eq!(removed("{a: 1, # one\n}", "", "a"), "{ # one\n}");
    let text = "{\n  a: 1, # one\n  b: 2  # two\n}\n";
    assert_eq!(removed(text, "", "a"), "{\n  b: 2  # two\n}\n");
    assert_eq!(removed(text, "", "b"), "{\n  a: 1 # one\n}\n");
    assert_eq!(dropped("[a, b]", "", 1), "[a]");
    assert_eq!(dropped("[a, b,]", "", 1), "[a, ]");
}

#[test]
fn removed_item_takes_its_dash() {
    assert_eq!(dropped("a:\n  - b # b\n  # - c\n  - d\n", "a", 0), "a:\n  # - c\n  - d\n");
    assert_eq!(dropped("a:\n  - b # - b\n  # - c\n  - d\n", "a", 1), "a:\n  - b # - b\n  # - c\n");
    assert_eq!(dropped("- - a # a\n  - b\n", "0", 0), "- - b\n");
    assert_eq!(dropped("- # c\n  a: 1\n- b\n", "", 0), "- b\n");
    assert_eq!(dropped("-\n- b\n", "", 0), "- b\n");
}

#[test]
fn removal_that_would_feed_a_block_scalar_is_refused() {
    let text = "a: |+\n  x\nb: 1\n\nc: 2\n";
    let reason = refusal(text, |root| remove_entry(text, root, "b"));
    assert_eq!(reason, "the lines below would become part of the block scalar above");
    let text = "a: |\n  x\nb: 1\n   # deep\nc: 2\n";
    assert_eq!(refusal(text, |root| remove_entry(text, root, "b")), reason);
}

#[test]
fn removal_of_an_anchor_in_use_or_of_a_repeated_key_is_refused() {
    let text = "a: &x 1\nb: *x\nc: 1\nc: 2\n";
    let remove = |key| refusal(text, |root| remove_entry(text, root, key));
    assert_eq!(remove("a"), "the anchor `&x` is used elsewhere in the file as `*x`");
    assert_eq!(remove("c"), "the key `c` stands there twice; remove one of them first");
    assert_eq!(remove("z"), "there is no key `z`");
}

#[test]
fn what_cannot_be_certain_is_refused() {
    let text = "-\ta: 1\n";
    assert!(
        refusal(text, |root| add_entry(text, at(root, "0"), "k", &"v".into()))
            .starts_with("a tab stands before")
    );
    let text = "[a: 1]";
    assert!(
        refusal(text, |root| add_entry(text, at(root, "0"), "k", &"v".into())).contains("one entry only")
    );
    let text = "a: |\n  x";
    assert!(refusal(text, |root| add_entry(text, root, "k", &"v".into())).contains("final newline"));
    let text = "? a\n? b\n";
    assert!(refusal(text, |root| replace_value(text, at(root, "a"), &"v".into())).contains("no `:`"));
}
