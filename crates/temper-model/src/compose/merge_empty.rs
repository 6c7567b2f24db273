//! Empty lists of a file that another one follows.
//!
//! Before Compose 2.26 merges a file, it makes nothing of the empty lists of what is merged so far (a nil slice of Go,
//! which JSON Schema sees as null). It then refuses the project wherever the format asks for a list. What an `include`
//! brings in is treated the same. Found by experiment.

use temper_text::Loc;

use super::load_path::KeyPath;
use super::merge_unicity::is_rebuilt;
use crate::{Data, Value};

/// Lists that Compose builds anew after each file in its long form, or never reads as a list of Go.
const KEPT: [&str; 8] = [
    "services.*.build.ssh",
    "services.*.command",
    "services.*.depends_on",
    "services.*.devices",
    "services.*.entrypoint",
    "services.*.networks",
    "services.*.post_start.[].command",
    "services.*.pre_stop.[].command",
];

/// An empty list of which nothing was made.
#[derive(Debug)]
pub(crate) struct Emptied {
    path: KeyPath,
    /// Where it is written.
    pub(crate) at: Loc,
}

/// Makes nothing of the empty lists in `root`, except of those that Compose builds anew after each file.
pub(crate) fn empty(root: &mut Value) -> Vec<Emptied> {
    let mut emptied = Vec::new();
    empty_at(root, &mut KeyPath::default(), &mut emptied);
    emptied
}

fn empty_at(value: &mut Value, path: &mut KeyPath, emptied: &mut Vec<Emptied>) {
    match &mut value.data {
        Data::Map(map) => {
            for (name, member) in map {
                path.push(name);
                empty_at(&mut member.value, path, emptied);
                path.pop();
            }
        }
        Data::Seq(items) if items.is_empty() => {
            if !is_rebuilt(path) && !KEPT.iter().any(|pattern| path.matches(pattern)) {
                value.data = Data::Null;
                emptied.push(Emptied { path: path.clone(), at: value.at });
            }
        }
        Data::Seq(items) => {
            path.push("[]");
            items.iter_mut().for_each(|item| empty_at(item, path, emptied));
            path.pop();
        }
        Data::Null | Data::Bool(_) | Data::Int(_) | Data::Float(_) | Data::Str(_) => {}
    }
}

/// Makes nothing of those that are empty lists again after a file was merged: nothing and an empty list are no list.
/// What stands in a list is not merged, so it is not looked for.
pub(crate) fn empty_again(root: &mut Value, emptied: &[Emptied]) {
    for Emptied { path, .. } in emptied {
        let value = path.keys().iter().try_fold(&mut *root, |value, key| match &mut value.data {
            Data::Map(map) => map.get_mut(key).map(|member| &mut member.value),
            _ => None,
        });
        if let Some(value) = value.filter(|value| value.as_seq().is_some_and(<[Value]>::is_empty)) {
            value.data = Data::Null;
        }
    }
}
