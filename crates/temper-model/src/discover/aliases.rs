use std::collections::HashMap;

use temper_yaml::{Kind, Node};

/// More than a person nests; a chain of merge keys that is longer is taken as having nothing.
const MAX_HOPS: usize = 64;

/// Looks keys up in a document through its aliases and merge keys.
pub(super) struct Aliases<'a> {
    anchors: HashMap<&'a str, &'a Node>,
}

impl<'a> Aliases<'a> {
    pub(super) fn new(document: &'a Node) -> Self {
        let mut anchors = HashMap::new();
        collect(document, &mut anchors);
        Self { anchors }
    }

    /// The node itself, or the one that it is an alias of.
    pub(super) fn follow(&self, node: &'a Node) -> &'a Node {
        let mut node = node;
        for _ in 0..MAX_HOPS {
            match &node.kind {
                Kind::Alias(name) => match self.anchors.get(&**name) {
                    Some(target) => node = target,
                    None => return node,
                },
                _ => return node,
            }
        }
        node
    }

    /// The value of a key of a mapping, its own before those of its merge keys.
    pub(super) fn get(&self, node: &'a Node, key: &str) -> Option<&'a Node> {
        self.get_within(node, key, MAX_HOPS)
    }

    fn get_within(&self, node: &'a Node, key: &str, hops: usize) -> Option<&'a Node> {
        let hops = hops.checked_sub(1)?;
        let node = self.follow(node);
        if let Some(value) = node.get(key) {
            return Some(self.follow(value));
        }
        let merged = self.follow(node.get("<<")?);
        match &merged.kind {
            Kind::Sequence { items, .. } => items.iter().find_map(|item| self.get_within(item, key, hops)),
            _ => self.get_within(merged, key, hops),
        }
    }
}

/// Of an anchor that is set twice, an alias between the two means the first. Which keys a service has is seldom in
/// doubt for that, so the last is taken.
fn collect<'a>(node: &'a Node, anchors: &mut HashMap<&'a str, &'a Node>) {
    if let Some(name) = &node.anchor {
        anchors.insert(name, node);
    }
    match &node.kind {
        Kind::Mapping { entries, .. } => {
            for entry in entries {
                collect(&entry.key, anchors);
                collect(&entry.value, anchors);
            }
        }
        Kind::Sequence { items, .. } => items.iter().for_each(|item| collect(item, anchors)),
        Kind::Scalar(_) | Kind::Alias(_) => {}
    }
}
