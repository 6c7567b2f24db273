use super::lists::{drop_repeated_texts, extra_hosts, keep_last, pairs_to_map};
use super::node::{derived, edit, map_mut, mapping, member, node, seq_mut, text_of};
use crate::compose::report::Report;
use crate::{Data, Value};

/// Brings `build` into long form, with the defaults for its context and Dockerfile.
pub(super) fn build(value: &mut Value, report: &mut Report) {
    if matches!(value.data, Data::Str(_)) {
        *value = mapping(value, [("context", value.clone())]);
    }
    for key in ["args", "labels", "additional_contexts"] {
        edit(value, key, pairs_to_map);
    }
    edit(value, "extra_hosts", |hosts| extra_hosts(hosts, report));
    edit(value, "secrets", |secrets| files(secrets, None));
    edit(value, "ssh", ssh_keys);
    edit(value, "tags", drop_repeated_texts);
    add_defaults(value);
}

fn add_defaults(value: &mut Value) {
    let context = derived(value, ".");
    let dockerfile = derived(value, "Dockerfile");
    let Some(map) = map_mut(value) else { return };
    map.entry("context".to_owned()).or_insert_with(|| member(default(context)));
    if !map.contains_key("dockerfile_inline") {
        map.entry("dockerfile".to_owned()).or_insert_with(|| member(default(dockerfile)));
    }
}

/// `{default: null, key: path}` to `[default, key=path]`.
fn ssh_keys(value: &mut Value) {
    let Some(map) = value.as_map() else { return };
    let keys = map.iter().map(|(id, member)| match text_of(&member.value) {
        Some(path) => derived(&member.value, format!("{id}={path}")),
        None => derived(&member.value, id.clone()),
    });
    *value = node(value, Data::Seq(keys.collect()));
}

fn default(mut value: Value) -> Value {
    value.origin = crate::Origin::Default;
    value
}

/// Brings `secrets` and `configs` into long form. A secret of a service without a target lands in `/run/secrets`. Of
/// two with the same target, the later stands at the place of the earlier.
pub(super) fn files(value: &mut Value, target_directory: Option<&str>) {
    for item in seq_mut(value).into_iter().flatten() {
        if matches!(item.data, Data::Str(_)) {
            *item = mapping(item, [("source", item.clone())]);
        }
    }
    keep_last(value, |item| {
        let target = item.get("target").and_then(text_of);
        target.or_else(|| item.get("source").and_then(text_of))
    });
    for item in seq_mut(value).into_iter().flatten() {
        let Some(directory) = target_directory else { continue };
        let Some(source) = item.get("source").and_then(Value::as_str).map(str::to_owned) else { continue };
        let target = default(derived(&node(item, Data::Null), format!("{directory}{source}")));
        if let Some(map) = map_mut(item) {
            map.entry("target".to_owned()).or_insert_with(|| member(target));
        }
    }
}
