use indexmap::IndexMap;

use crate::{Data, Member, Text, Value};

/// A string made from `from`, with its place and its unknown variables.
pub(crate) fn derived(from: &Value, text: impl Into<String>) -> Value {
    let text = Text { value: text.into(), raw: None, missing: from.missing().to_vec() };
    Value { data: Data::Str(text), at: from.at, origin: from.origin }
}

/// Data made from `from`, with its place.
pub(crate) fn node(from: &Value, data: Data) -> Value {
    Value { data, at: from.at, origin: from.origin }
}

/// An entry whose key stands where the value stands.
pub(crate) fn member(value: Value) -> Member {
    Member { key: value.at, value }
}

/// A mapping made from `from`.
pub(crate) fn mapping<const N: usize>(from: &Value, entries: [(&str, Value); N]) -> Value {
    let map: IndexMap<String, Member> =
        entries.into_iter().map(|(key, value)| (key.to_owned(), member(value))).collect();
    node(from, Data::Map(map))
}

/// The entries of a mapping, to change them.
pub(crate) fn map_mut(value: &mut Value) -> Option<&mut IndexMap<String, Member>> {
    match &mut value.data {
        Data::Map(map) => Some(map),
        _ => None,
    }
}

/// The items of a sequence, to change them.
pub(crate) fn seq_mut(value: &mut Value) -> Option<&mut Vec<Value>> {
    match &mut value.data {
        Data::Seq(items) => Some(items),
        _ => None,
    }
}

/// Changes the value of a key, when it is there.
pub(crate) fn edit(value: &mut Value, key: &str, change: impl FnOnce(&mut Value)) {
    if let Some(member) = map_mut(value).and_then(|map| map.get_mut(key)) {
        change(&mut member.value);
    }
}

/// A scalar as text: what Compose makes of a number or a boolean where it wants a string.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match &value.data {
        Data::Str(text) => Some(text.value.clone()),
        Data::Bool(value) => Some(value.to_string()),
        Data::Int(value) => Some(value.to_string()),
        Data::Float(value) => Some(crate::compose::units::float_text(*value)),
        Data::Null | Data::Seq(_) | Data::Map(_) => None,
    }
}
