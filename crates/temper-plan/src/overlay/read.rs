use indexmap::IndexMap;
use temper_text::Span;
use temper_yaml::{Entry as YamlEntry, Kind, Node, Yaml};

use super::body::{Body, Entry, Item};
use super::source::snippet_of;

/// What an overlay that temper wrote says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Earlier {
    pub(crate) services: IndexMap<String, Body>,
    /// Named volumes, with their reasons.
    pub(crate) volumes: IndexMap<String, Option<String>>,
}

/// Reads an overlay that temper wrote. Tagged values are left out: what they take away may be gone, so they are only
/// written again when somebody still asks for them. An overlay that does not read says nothing.
pub(crate) fn earlier(text: &str) -> Earlier {
    let Ok(yaml) = temper_yaml::parse(text) else { return Earlier::default() };
    let reader = Reader { text, yaml: &yaml };
    let section =
        |key| yaml.documents.first().and_then(|root: &Node| root.get(key)).map_or(&[][..], Node::entries);
    Earlier {
        services: section("services")
            .iter()
            .filter_map(|entry| Some((entry.key.as_str()?.to_owned(), reader.body(&entry.value))))
            .collect(),
        volumes: section("volumes")
            .iter()
            .filter_map(|entry| Some((entry.key.as_str()?.to_owned(), reader.comment(entry.key.span.end))))
            .collect(),
    }
}

struct Reader<'a> {
    text: &'a str,
    yaml: &'a Yaml,
}

impl Reader<'_> {
    fn body(&self, node: &Node) -> Body {
        let entries = node.entries().iter();
        entries.filter_map(|entry| Some((entry.key.as_str()?.to_owned(), self.entry(entry)?))).collect()
    }

    fn entry(&self, entry: &YamlEntry) -> Option<Entry> {
        let node = &entry.value;
        if node.tag.is_some() {
            return None;
        }
        match &node.kind {
            Kind::Mapping { .. } => {
                Some(Entry::Map { entries: self.body(node), reason: self.comment(entry.key.span.end) })
            }
            Kind::Sequence { items, .. } => {
                let item = |node: &Node| {
                    Some(Item { value: snippet_of(node)?, reason: self.comment(node.span.end), at: None })
                };
                Some(Entry::List { items: items.iter().filter_map(item).collect() })
            }
            _ => Some(Entry::Leaf { value: snippet_of(node)?, reason: self.comment(node.span.end) }),
        }
    }

    /// The comment on the line behind an offset, without `#`.
    fn comment(&self, after: u32) -> Option<String> {
        let behind = |comment: &&Span| comment.start >= after;
        let comment = self.yaml.comments.iter().find(behind)?;
        let between = self.text.get(after as usize..comment.start as usize)?;
        let text = comment.slice(self.text).trim_start_matches('#').trim();
        (!between.contains('\n')).then(|| text.to_owned())
    }
}
