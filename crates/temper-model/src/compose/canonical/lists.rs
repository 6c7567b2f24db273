use indexmap::IndexMap;

use super::node::{derived, member, node, seq_mut, text_of};
use super::words;
use crate::compose::report::Report;
use crate::{Data, Value};

/// `a` to `[a]`.
pub(super) fn one_to_list(value: &mut Value) {
    if matches!(value.data, Data::Str(_)) {
        *value = node(value, Data::Seq(vec![value.clone()]));
    }
}

/// `[A=1, B]` to `{A: "1", B: null}`. The later of two equal names wins, as in Compose.
pub(super) fn pairs_to_map(value: &mut Value) {
    let Some(items) = value.as_seq() else { return };
    let mut map = IndexMap::with_capacity(items.len());
    for item in items {
        let Some(text) = text_of(item) else { continue };
        let (key, data) = match text.split_once('=') {
            Some((key, data)) => (key.to_owned(), pair_value(item, data)),
            None => (text, node(item, Data::Null)),
        };
        map.insert(key, member(data));
    }
    *value = node(value, Data::Map(map));
}

/// The value of a pair keeps the text before interpolation when only the value held variables.
fn pair_value(item: &Value, data: &str) -> Value {
    let mut value = derived(item, data);
    if let (Data::Str(text), Data::Str(whole)) = (&mut value.data, &item.data) {
        text.raw = whole.raw.as_ref().map(|raw| match raw.split_once('=') {
            Some((_, raw)) => raw.to_owned(),
            None => raw.clone(),
        });
    }
    value
}

/// `[a, b]` to `{a: …, b: …}` with the same value for each.
pub(super) fn names_to_map(value: &mut Value, data: impl Fn(&Value) -> Value) {
    let Some(items) = value.as_seq() else { return };
    let map = items.iter().filter_map(|item| Some((item.as_str()?.to_owned(), member(data(item))))).collect();
    *value = node(value, Data::Map(map));
}

/// `a b 'c d'` to its words; an empty string to an empty list.
pub(super) fn command(value: &mut Value, report: &mut Report) {
    let Some(text) = value.as_str() else { return };
    match words::split(text) {
        Some(words) => {
            let words = words.into_iter().map(|word| derived(value, word)).collect();
            *value = node(value, Data::Seq(words));
        }
        None => {
            report.refuse(value.at, "a quote or a backslash in this command has no end; close it".to_owned());
            *value = node(value, Data::Seq(vec![value.clone()]));
        }
    }
}

/// `host:ip`, `host=ip` and `{host: ip}` to `host=ip`; brackets around the address fall away.
pub(super) fn extra_hosts(value: &mut Value, report: &mut Report) {
    match &value.data {
        Data::Map(map) => {
            let hosts = map.iter().flat_map(|(host, member)| host_entries(host, &member.value)).collect();
            *value = node(value, Data::Seq(hosts));
        }
        Data::Seq(_) => {
            for item in seq_mut(value).into_iter().flatten() {
                let Some(text) = item.as_str() else { continue };
                match text.split_once('=').or_else(|| text.split_once(':')) {
                    Some((host, address)) => *item = host_entry(host, address, item),
                    None if report.passes_over(item) => {}
                    None => report.refuse(item.at, format!("expected host=address, found {text:?}")),
                }
            }
        }
        _ => {}
    }
}

fn host_entries(host: &str, value: &Value) -> Vec<Value> {
    match &value.data {
        Data::Seq(items) => {
            items.iter().filter_map(|item| Some(host_entry(host, item.as_str()?, item))).collect()
        }
        _ => value.as_str().map(|address| host_entry(host, address, value)).into_iter().collect(),
    }
}

fn host_entry(host: &str, address: &str, from: &Value) -> Value {
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
    derived(from, format!("{host}={bare}"))
}

/// Of items with the same key, leaves the last one, at the place of the first. Items without a key all stay.
pub(super) fn keep_last<K: std::hash::Hash + Eq>(value: &mut Value, key: impl Fn(&Value) -> Option<K>) {
    let Some(items) = seq_mut(value) else { return };
    let mut kept: Vec<Value> = Vec::with_capacity(items.len());
    let mut places = std::collections::HashMap::new();
    for item in items.drain(..) {
        match key(&item).map(|key| *places.entry(key).or_insert(kept.len())) {
            Some(place) if place < kept.len() => kept[place] = item,
            _ => kept.push(item),
        }
    }
    *items = kept;
}

/// Leaves the first of equal texts.
pub(super) fn drop_repeated_texts(value: &mut Value) {
    let Some(items) = seq_mut(value) else { return };
    let mut seen = std::collections::HashSet::new();
    items.retain(|item| text_of(item).is_none_or(|text| seen.insert(text)));
}
