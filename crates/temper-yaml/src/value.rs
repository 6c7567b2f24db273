use std::collections::HashMap;

use crate::{Entry, Kind, Node};

/// True when both nodes say the same: same kinds, keys in the same order, same typed scalars, same tags and anchors.
/// Spans and styles do not count; aliases are compared by name and never followed.
#[must_use]
pub fn same_value(a: &Node, b: &Node) -> bool {
    a.anchor == b.anchor && a.tag == b.tag && same_kind(a, b)
}

fn same_kind(a: &Node, b: &Node) -> bool {
    match (&a.kind, &b.kind) {
        (Kind::Scalar(_), Kind::Scalar(_)) => a.typed() == b.typed(),
        (Kind::Alias(a), Kind::Alias(b)) => a == b,
        (Kind::Sequence { items: a, .. }, Kind::Sequence { items: b, .. }) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_value(a, b))
        }
        (Kind::Mapping { entries: a, .. }, Kind::Mapping { entries: b, .. }) => {
            let same = |a: &Entry, b: &Entry| same_value(&a.key, &b.key) && same_value(&a.value, &b.value);
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => false,
    }
}

/// The keys that stand more than once in one mapping, in the whole subtree: the first entry with the key, and each later
/// one. YAML forbids them (specification 1.2.2, section 3.2.1.1); readers differ in which one they take. The merge key
/// `<<` counts as any other.
#[must_use]
pub fn duplicate_keys(node: &Node) -> Vec<(&Entry, &Entry)> {
    let mut found = Vec::new();
    collect_duplicates(node, &mut found);
    found
}

fn collect_duplicates<'a>(node: &'a Node, found: &mut Vec<(&'a Entry, &'a Entry)>) {
    for item in node.items() {
        collect_duplicates(item, found);
    }
    let mut first_by_key: HashMap<&str, &Entry> = HashMap::new();
    for entry in node.entries() {
        if let Some(key) = entry.key.as_str() {
            match first_by_key.get(key) {
                Some(first) => found.push((first, entry)),
                None => {
                    first_by_key.insert(key, entry);
                }
            }
        }
        collect_duplicates(&entry.key, found);
        collect_duplicates(&entry.value, found);
    }
}

#[cfg(test)]
mod tests {
    use super::{duplicate_keys, same_value};
    use crate::parse;

    fn same(a: &str, b: &str) -> bool {
        same_value(&parse(a).unwrap().documents[0], &parse(b).unwrap().documents[0])
    }

    #[test]
    fn style_comments_and_spelling_of_a_number_do_not_count() {
        assert!(same("a: [1, 'x'] # c\nb:\n", "a:\n  - 0x1\n  - x\nb: ~"));
        assert!(same("a: .nan", "a: .NaN"));
    }

    #[test]
    fn types_order_names_and_tags_count() {
        assert!(!same("a: 1", "a: '1'"));
        assert!(!same("a: 1\nb: 2", "b: 2\na: 1"));
        assert!(!same("a: &x 1", "a: 1"));
        assert!(!same("a: !reset", "a: !override"));
        assert!(!same("a: *x", "a: *y"));
        assert!(!same("[a]", "[a, b]"));
        assert!(!same("{a: 1}", "[a]"));
    }

    #[test]
    fn repeated_keys_are_found_at_every_depth() {
        let text = "a: 1\nb:\n  - c: 1\n    d: 2\n    c: 3\n    c: 4\na: 2\n";
        let yaml = parse(text).unwrap();
        let found = duplicate_keys(&yaml.documents[0]);
        let mut pairs: Vec<_> =
            found.iter().map(|(first, again)| (first.span().slice(text), again.span().slice(text))).collect();
        pairs.sort_unstable();
        assert_eq!(pairs, [("a: 1", "a: 2"), ("c: 1", "c: 3"), ("c: 1", "c: 4")]);
        assert_eq!(yaml.documents[0].get("a").and_then(|node| node.as_str()), Some("2"));
    }
}
