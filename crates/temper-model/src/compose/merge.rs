//! Merging of one file over another, by the specification's "Merge" and what Compose 2.26 does where it is silent.

use indexmap::IndexMap;

use super::document::Fault;
use super::load_path::KeyPath;
use super::merge_rules::rule;
use crate::{Data, Member, Value};

/// `base` with `over` on top. What cannot be merged goes to `faults`.
pub(crate) fn merge(base: Value, over: Value, path: &mut KeyPath, faults: &mut Vec<Fault>) -> Value {
    match rule(path) {
        Some(special) => special.merge(base, over, path, faults),
        None => generic(base, over, path, faults),
    }
}

/// Without a rule of its own: mappings by key, lists one after the other, all else replaced.
fn generic(base: Value, over: Value, path: &mut KeyPath, faults: &mut Vec<Fault>) -> Value {
    let (at, origin) = (over.at, over.origin);
    let (base_at, base_origin) = (base.at, base.origin);
    match (base.data, over.data) {
        (Data::Map(mut map), Data::Map(other)) => {
            merge_maps(&mut map, other, path, faults);
            Value { data: Data::Map(map), at: base.at, origin: base.origin }
        }
        (Data::Seq(mut items), Data::Seq(other)) => {
            items.extend(other);
            Value { data: Data::Seq(items), at: base.at, origin: base.origin }
        }
        // Nothing on top of something leaves it.
        (base_data, Data::Null) => Value { data: base_data, at: base.at, origin: base.origin },
        (base @ (Data::Map(_) | Data::Seq(_)), data) => {
            // A value that is not known here may well be a mapping or a list.
            let unknown = matches!(&data, Data::Str(text) if !text.missing.is_empty());
            if unknown {
                return Value { data, at, origin };
            }
            let kind = if matches!(base, Data::Map(_)) { "a mapping" } else { "a list" };
            let message =
                format!("{}: expected {kind} as in the files before, found something else", path.show());
            faults.push(Fault { at, message });
            match data {
                Data::Map(_) | Data::Seq(_) => Value { data, at, origin },
                // What the files before say can still be read.
                _ => Value { data: base, at: base_at, origin: base_origin },
            }
        }
        (_, data) => Value { data, at, origin },
    }
}

/// Merges by key; keys of `over` that are new come last. Extensions (`x-…`) are replaced, never merged.
pub(crate) fn merge_maps(
    map: &mut IndexMap<String, Member>,
    over: IndexMap<String, Member>,
    path: &mut KeyPath,
    faults: &mut Vec<Fault>,
) {
    for (name, member) in over {
        let Some(old) = map.get_mut(&name).filter(|_| !name.starts_with("x-")) else {
            map.insert(name, member);
            continue;
        };
        let null = Value::new(Data::Null, old.value.at);
        let base = std::mem::replace(&mut old.value, null);
        // The key of the file that last gave a plain value is where a person would edit it.
        if !matches!(base.data, Data::Map(_) | Data::Seq(_)) && !matches!(member.value.data, Data::Null) {
            old.key = member.key;
        }
        path.push(&name);
        old.value = merge(base, member.value, path, faults);
        path.pop();
    }
}
