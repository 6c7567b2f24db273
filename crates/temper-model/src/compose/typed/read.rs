use temper_text::FileId;

use crate::compose::canonical::text_of;
use crate::compose::{Item, paths};
use crate::{Data, Setting, Spanned, Value};

/// What is needed to say where a path leads.
pub(crate) struct Place<'p> {
    /// The absolute root of the stack.
    pub(crate) root: &'p str,
    /// The directory, relative to the root, that relative paths of a file mean.
    pub(crate) directory_of: &'p dyn Fn(FileId) -> String,
}

impl Place<'_> {
    /// A path written in a Compose file, relative to the root of the stack when it lies inside, else absolute (or
    /// below the home directory: `~/x`).
    pub(super) fn resolve(&self, value: &Value, path: &str) -> String {
        if path.starts_with(['/', '~']) {
            let cleaned = paths::clean(path);
            return match cleaned.strip_prefix(self.root) {
                Some("") => String::new(),
                Some(inside) if self.root.ends_with('/') => inside.to_owned(),
                Some(inside) if inside.starts_with('/') => inside[1..].to_owned(),
                _ => cleaned,
            };
        }
        let relative = crate::path::join(&(self.directory_of)(value.at.file), path);
        if relative == ".." || relative.starts_with("../") {
            return paths::clean(&format!("{}/{relative}", self.root));
        }
        relative
    }
}

/// The setting under a key, read by `read`. Null and values of the wrong kind count as not written: the check of the
/// format has refused them.
pub(super) fn setting<T>(
    parent: &Value,
    path: &[&str],
    read: impl Fn(&Value) -> Option<T>,
) -> Option<Setting<T>> {
    let value = parent.path(path)?;
    if !value.missing().is_empty() {
        return Some(unknown(value));
    }
    read(value).map(|read| Setting::Known(Spanned::new(read, value.at)))
}

/// A setting that hangs on variables without a value.
pub(super) fn unknown<T>(value: &Value) -> Setting<T> {
    Setting::Unknown { at: value.at, missing: value.missing().to_vec(), raw: raw(value) }
}

/// The text as written, before interpolation.
pub(super) fn raw(value: &Value) -> String {
    match &value.data {
        Data::Str(text) => text.raw.clone().unwrap_or_else(|| text.value.clone()),
        _ => text_of(value).unwrap_or_default(),
    }
}

/// A text setting.
pub(super) fn text(parent: &Value, key: &str) -> Option<Setting<String>> {
    setting(parent, &[key], text_of)
}

/// A boolean setting.
pub(super) fn flag(parent: &Value, key: &str) -> Option<Setting<bool>> {
    setting(parent, &[key], boolean)
}

/// A boolean, also one written as text.
pub(super) fn boolean(value: &Value) -> Option<bool> {
    match &value.data {
        Data::Bool(value) => Some(*value),
        Data::Str(text) => crate::compose::units::boolean(&text.value),
        _ => None,
    }
}

/// An integer, also one written as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    crate::compose::units::whole(&value.data)
}

/// A size in bytes. Negative sizes mean no limit and have no place here.
pub(super) fn size(value: &Value) -> Option<u64> {
    let bytes = match &value.data {
        Data::Int(number) => Some(*number),
        Data::Str(text) => crate::compose::units::bytes(&text.value),
        _ => None,
    };
    bytes.and_then(|bytes| u64::try_from(bytes).ok())
}

/// The items of a list of scalars.
pub(super) fn items(parent: &Value, key: &str) -> Vec<Item> {
    parent.get(key).and_then(Value::as_seq).unwrap_or_default().iter().filter_map(item).collect()
}

/// A scalar as an item.
pub(super) fn item(value: &Value) -> Option<Item> {
    Some(Item { value: text_of(value)?, at: value.at, missing: value.missing().to_vec() })
}

/// The words of a list. Unknown when one of them is.
pub(super) fn words(parent: &Value, key: &str) -> Option<Setting<Vec<String>>> {
    let value = parent.get(key)?;
    let items = value.as_seq()?;
    let missing: Vec<String> = missing_of(items.iter());
    if !missing.is_empty() {
        let raw = items.iter().map(raw).collect::<Vec<_>>().join(" ");
        return Some(Setting::Unknown { at: value.at, missing, raw });
    }
    let words = items.iter().filter_map(text_of).collect();
    Some(Setting::Known(Spanned::new(words, value.at)))
}

/// The variables without a value of several values, each once.
pub(super) fn missing_of<'v>(values: impl Iterator<Item = &'v Value>) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    for name in values.flat_map(Value::missing) {
        if !missing.contains(name) {
            missing.push(name.clone());
        }
    }
    missing
}
