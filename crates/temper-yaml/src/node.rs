use temper_text::Span;

/// A YAML file: its documents and its comments.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Yaml {
    /// One node per document. A file that holds only comments or nothing has no document.
    pub documents: Vec<Node>,
    /// Every comment, in the order of the text, from its `#` to the end of its line (line end excluded).
    pub comments: Vec<Span>,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its bytes: from the first character of its content (after anchor and tag) to the last, without comments, blank
    /// lines or line end after it. A block scalar goes from its `|` or `>` through its last content line, line end
    /// included. A value that is not written at all is an empty span just after its `:` or `-`.
    pub span: Span,
    /// Name of its anchor, without `&`.
    pub anchor: Option<Box<str>>,
    /// Its tag. YAML's own types are `!!str`, `!!int` and so on however they were written; local tags stay as written
    /// (`!reset`); all others are in their verbatim form, `!<tag:example.com,2000:app>`.
    pub tag: Option<Box<str>>,
    /// The bytes of its anchor and tag, when it has any.
    pub(crate) properties: Option<Span>,
    /// Offset just past the `:` or `-` that introduces it, when one does.
    pub(crate) slot: Option<u32>,
    /// It stands inside `[…]` or `{…}`.
    pub(crate) in_flow: bool,
}

/// The kinds of node.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A single value.
    Scalar(Scalar),
    /// A list.
    Sequence {
        /// Its items in order.
        items: Vec<Node>,
        /// Written as `[…]`, not with dashes.
        flow: bool,
    },
    /// Keys and values.
    Mapping {
        /// Its entries in order, repeated keys included.
        entries: Vec<Entry>,
        /// Written as `{…}`, not on lines. Also true for the one-entry mapping `a: 1` inside `[a: 1]`.
        flow: bool,
    },
    /// `*name`: the name, without `*`. It may name an anchor that does not exist.
    Alias(Box<str>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key; nearly always a scalar.
    pub key: Node,
    /// The value; an absent one is a scalar with an empty span.
    pub value: Node,
}

/// The text of a scalar and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Its text, after quotes, escapes and folding. Empty when nothing is written.
    pub value: Box<str>,
    /// How it was written.
    pub style: Style,
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`.
    SingleQuoted,
    /// `"…"`.
    DoubleQuoted,
    /// After `|`.
    Literal,
    /// After `>`.
    Folded,
}

impl Entry {
    /// The bytes of the entry, from the key's first to the value's last, anchors and tags included.
    pub(crate) fn span(&self) -> Span {
        self.key.outer_span().cover(self.value.outer_span())
    }

    /// The node that ends the entry.
    pub(crate) fn last_node(&self) -> &Node {
        if self.value.span.end > self.key.span.end { &self.value } else { &self.key }
    }
}

impl Node {
    /// The value of `key` when this is a mapping that has it. Of a repeated key, the last: that is the one readers that
    /// accept repeated keys take. Merge keys and aliases are not followed.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The entry of `key`; see [`Node::get`].
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key.as_str() == Some(key))
    }

    /// The entries of a mapping; none for any other node.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for any other node.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// The text of a scalar, whatever its type: `"8080"` for `8080`, `""` for a value that is not written.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(&scalar.value),
            _ => None,
        }
    }

    /// True for a scalar that reads as null: nothing written, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self.typed(), Some(crate::Typed::Null))
    }

    /// The node's bytes with its anchor and tag.
    pub(crate) fn outer_span(&self) -> Span {
        self.properties.map_or(self.span, |properties| properties.cover(self.span))
    }
}
