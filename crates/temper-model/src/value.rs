use indexmap::IndexMap;
use temper_text::Loc;

/// A value and the bytes it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands in the file that a person edits.
    pub at: Loc,
}

impl<T> Spanned<T> {
    /// A value with its place.
    #[must_use]
    pub fn new(value: T, at: Loc) -> Self {
        Self { value, at }
    }
}

/// A setting that is written down, and whether its value is known.
///
/// A setting that nobody wrote is `None` in an `Option<Setting<T>>`. The three must not be mixed up: an
/// unresolved `${VAR}` is neither absent nor any value (DESIGN.md, three-valued truth).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Setting<T> {
    /// The value is known.
    Known(Spanned<T>),
    /// The value hangs on variables that have no value here.
    Unknown {
        /// Where it is written.
        at: Loc,
        /// The variables without a value.
        missing: Vec<String>,
        /// The text as written.
        raw: String,
    },
}

impl<T> Setting<T> {
    /// The value, when it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(spanned) => Some(&spanned.value),
            Self::Unknown { .. } => None,
        }
    }

    /// Where the setting is written.
    pub fn at(&self) -> Loc {
        match self {
            Self::Known(spanned) => spanned.at,
            Self::Unknown { at, .. } => *at,
        }
    }

    /// True when the value hangs on variables without a value.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}

/// A node of a document after aliases and merge keys were resolved and variables interpolated.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The data.
    pub data: Data,
    /// Where the data is written: for an alias, the anchored node; for a default, the place that caused it.
    pub at: Loc,
    /// How it came to stand here.
    pub origin: Origin,
}

/// What a [`Value`] holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `null`, `~` or nothing.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A floating point number.
    Float(f64),
    /// A string, interpolated.
    Str(Text),
    /// A sequence.
    Seq(Vec<Value>),
    /// A mapping, in the order of the file.
    Map(IndexMap<String, Member>),
}

/// One entry of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Where the key is written.
    pub key: Loc,
    /// The value.
    pub value: Value,
}

/// A string after interpolation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Text {
    /// What Compose would use: a variable without a value counts as the empty string.
    pub value: String,
    /// The text before interpolation, when it held a variable.
    pub raw: Option<String>,
    /// Variables that have no value and no default here. Not empty: the value is unknown.
    pub missing: Vec<String>,
}

/// How a value came to stand where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Written at this place.
    Written,
    /// Through the alias at this place.
    Alias(Loc),
    /// Through the merge key (`<<`) at this place.
    MergeKey(Loc),
    /// Through the `extends` at this place.
    Extends(Loc),
    /// Through the `include` at this place.
    Include(Loc),
    /// Not written: the specification's default.
    Default,
}

impl From<&str> for Text {
    fn from(value: &str) -> Self {
        Self { value: value.to_owned(), ..Self::default() }
    }
}

impl Value {
    /// A value that is written at `at`.
    #[must_use]
    pub fn new(data: Data, at: Loc) -> Self {
        Self { data, at, origin: Origin::Written }
    }

    /// The value of a key, when this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.as_map()?.get(key).map(|member| &member.value)
    }

    /// The value at the end of a path of keys.
    #[must_use]
    pub fn path(&self, keys: &[&str]) -> Option<&Value> {
        keys.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The entries, when this is a mapping.
    #[must_use]
    pub fn as_map(&self) -> Option<&IndexMap<String, Member>> {
        match &self.data {
            Data::Map(map) => Some(map),
            _ => None,
        }
    }

    /// The items, when this is a sequence.
    #[must_use]
    pub fn as_seq(&self) -> Option<&[Value]> {
        match &self.data {
            Data::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The interpolated text, when this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::Str(text) => Some(&text.value),
            _ => None,
        }
    }

    /// Variables without a value that this value itself (not its children) hangs on.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        match &self.data {
            Data::Str(text) => &text.missing,
            _ => &[],
        }
    }
}
