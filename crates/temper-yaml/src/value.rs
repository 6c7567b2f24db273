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
