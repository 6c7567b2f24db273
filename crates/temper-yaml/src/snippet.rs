/// A value to write. How it looks (block or flow, indentation, line ends) comes from the place where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snippet {
    /// Nothing in block context after a key (`key:`), `null` elsewhere.
    Null,
    /// A string; quoted only where it would be read as something else.
    Scalar(String),
    /// `true` or `false`.
    Bool(bool),
    /// A decimal integer.
    Int(i64),
    /// A list; each item may have a comment on its first line.
    Seq(Vec<(Snippet, Option<String>)>),
    /// Keys and values; each entry may have a comment on its first line.
    Map(Vec<(String, Snippet, Option<String>)>),
    /// A value with a comment on its first line. For the outermost value of an edit, which has no list or map around it.
    Commented(Box<Snippet>, String),
}

impl Snippet {
    /// A list of strings without comments.
    #[must_use]
    pub fn strings<S: Into<String>>(items: impl IntoIterator<Item = S>) -> Self {
        Self::Seq(items.into_iter().map(|item| (Self::Scalar(item.into()), None)).collect())
    }

    /// A mapping without comments.
    #[must_use]
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Self)>) -> Self {
        Self::Map(entries.into_iter().map(|(key, value)| (key.into(), value, None)).collect())
    }

    /// The same value with a comment, written without `#`.
    #[must_use]
    pub fn with_comment(self, comment: impl Into<String>) -> Self {
        Self::Commented(Box::new(self), comment.into())
    }

    /// The value without its comment, and the comment.
    pub(crate) fn split_comment(&self) -> (&Self, Option<&str>) {
        match self {
            Self::Commented(value, comment) => (value.split_comment().0, Some(comment)),
            value => (value, None),
        }
    }
}

impl From<&str> for Snippet {
    fn from(text: &str) -> Self {
        Self::Scalar(text.to_owned())
    }
}

impl From<String> for Snippet {
    fn from(text: String) -> Self {
        Self::Scalar(text)
    }
}

impl From<bool> for Snippet {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Snippet {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
