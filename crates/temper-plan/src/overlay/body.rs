use indexmap::IndexMap;
use temper_text::Loc;
use temper_yaml::Snippet;

/// What an overlay says of one service, by key.
pub(crate) type Body = IndexMap<String, Entry>;

/// One entry of a service.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Entry {
    /// A scalar, as it is written: `$` doubled.
    Leaf { value: Snippet, reason: Option<String> },
    /// A mapping, which Compose merges with that of the base.
    Map { entries: Body, reason: Option<String> },
    /// A list, which Compose appends to that of the base.
    List { items: Vec<Item> },
    /// A list in place of that of the base.
    Override { items: Vec<Item>, reason: Option<String> },
    /// Takes the setting of the base away.
    Reset { reason: Option<String> },
}

/// One item of a list, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Item {
    pub(crate) value: Snippet,
    pub(crate) reason: Option<String>,
    /// Where the base has it.
    pub(crate) at: Option<Loc>,
}

/// Where each value of a body stands below the service. Lists count as one.
pub(crate) fn leaf_paths(body: &Body) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (key, entry) in body {
        match entry {
            Entry::Map { entries, .. } => {
                paths
                    .extend(leaf_paths(entries).into_iter().map(|below| [vec![key.clone()], below].concat()));
            }
            _ => paths.push(vec![key.clone()]),
        }
    }
    paths
}

/// A text in which Compose finds no variable: the specification, "Interpolation", `$$`.
pub(crate) fn escape(text: &str) -> String {
    text.replace('$', "$$")
}

/// The text that Compose makes of an escaped one.
pub(crate) fn unescape(text: &str) -> String {
    text.replace("$$", "$")
}
