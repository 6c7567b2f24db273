/// What a value may look like, and what a scalar means.
///
/// One table serves twice: the check of the tree as written, where every alternative of [`Shape::Either`] is
/// allowed, and printing of the canonical tree, where only the long one is left.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Anything.
    Any,
    /// `null`.
    Null,
    /// A string.
    Text,
    /// One of these strings; one that ends with `_` stands for all that begin so.
    OneOf(&'static [&'static str]),
    /// A string or a number, printed as a string.
    TextOrNumber,
    /// A string or an integer, printed as a string.
    TextOrInt,
    /// `null`, printed as the empty string.
    NullAsText,
    /// A string, a number, a boolean or null, printed as a string; null stays null.
    Scalar,
    /// As [`Shape::Scalar`], null printed as the empty string.
    ScalarOrEmpty,
    /// A boolean, or a string that Compose reads as one.
    Bool,
    /// A boolean; a string is refused.
    StrictBool,
    /// An integer within these bounds, or a string that reads as one.
    Int(i64, i64),
    /// An integer; a string is refused.
    StrictInt,
    /// An integer; a string is refused. 0 is printed as an empty mapping.
    Limit,
    /// A floating point number, or a string that reads as one.
    Float,
    /// A size in bytes: a number or a string with a unit. Printed as a string of digits.
    Bytes,
    /// As [`Shape::Bytes`], but a number is refused.
    BytesText,
    /// A duration, as `1m30s`.
    Duration,
    /// A sequence.
    List(&'static Shape),
    /// A sequence in which no item stands twice.
    Set(&'static Shape),
    /// A mapping with free keys.
    Dict(&'static Shape),
    /// A mapping from names (letters, digits, `.`, `_`, `-`).
    Named(&'static Shape),
    /// A mapping with fixed keys.
    Object(&'static Object),
    /// Any of these.
    Either(&'static [Shape]),
}

/// Any integer.
pub(super) const INT: Shape = Shape::Int(i64::MIN, i64::MAX);

/// A mapping with fixed keys.
#[derive(Debug)]
pub(crate) struct Object {
    /// The keys.
    pub(crate) fields: &'static [Field],
    /// Keys that must be there.
    pub(crate) required: &'static [&'static str],
    /// True when keys that begin with `x-` are allowed.
    pub(crate) extensions: bool,
}

/// One key of an [`Object`].
#[derive(Debug)]
pub(crate) struct Field {
    /// The key.
    pub(crate) name: &'static str,
    /// The key as `docker compose config --format json` prints it, when that differs.
    pub(crate) printed: &'static str,
    /// What its value may be.
    pub(crate) shape: Shape,
    /// When it is printed.
    pub(crate) zero: Zero,
}

/// When `docker compose config` prints a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zero {
    /// Not when it is zero, false or empty.
    Omitted,
    /// Whenever it is written, whatever its value.
    Kept,
    /// Always, as null when it is not written.
    Null,
    /// Always, as an empty mapping when it is not written.
    Empty,
    /// Never.
    Hidden,
}

impl Object {
    /// The field of that name.
    pub(crate) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

impl Field {
    /// A field that is printed unless it is zero or empty.
    pub(super) const fn new(name: &'static str, shape: Shape) -> Self {
        Self { name, printed: name, shape, zero: Zero::Omitted }
    }

    /// The same field, printed by another rule.
    pub(super) const fn zero(self, zero: Zero) -> Self {
        Self { name: self.name, printed: self.printed, shape: self.shape, zero }
    }

    /// The same field, printed under another name.
    pub(super) const fn printed(self, printed: &'static str) -> Self {
        Self { name: self.name, printed, shape: self.shape, zero: self.zero }
    }
}
