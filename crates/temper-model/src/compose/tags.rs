use temper_text::Loc;

use super::load_path::KeyPath;
use crate::{Data, Value};

/// A `!reset` or `!override`: what stands at this path in the files before is taken away.
///
/// A value under `!reset` is also taken out of its own file; one under `!override` stays and takes the place.
/// Source: the specification, "Merge", "Reset value" and "Replace value"; checked against Compose 2.26.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    /// Keys from the root of the file.
    pub(crate) path: Vec<String>,
    /// `!reset` or `!override`.
    pub(crate) tag: &'static str,
    /// Where the tagged value is written.
    pub(crate) at: Loc,
}

/// Takes away what `removals` name. Compose removes entries of mappings only: a tag on an item of a list keeps the
/// item of the same number in the files before.
pub(crate) fn remove(root: &mut Value, removals: &[Removal], path: &mut KeyPath) {
    if removals.is_empty() {
        return;
    }
    let Data::Map(map) = &mut root.data else { return };
    map.retain(|key, member| {
        path.push(key);
        let removed = removals.iter().any(|removal| removal.path == path.keys());
        if !removed {
            remove(&mut member.value, removals, path);
        }
        path.pop();
        !removed
    });
}
