use temper_model::Value;
use temper_model::compose::Service;
use temper_yaml::Snippet;

use super::add::base_items;
use super::body::{Body, Entry, Item, unescape};
use crate::wish::identity;

/// What fixes that are not part of the plan would write.
#[derive(Debug, Clone, Default)]
pub(crate) struct Others {
    /// Fixes that nobody asked for this time.
    pub(crate) unasked: Body,
    /// Fixes of waived findings.
    pub(crate) waived: Body,
}

/// Adds to `body` what the earlier overlay sets and is still of use: what the base does not say itself, or what a fix
/// that nobody asked for this time would write again. What a waiver speaks against is left out. A line whose value stays
/// keeps its comment, so that nothing but a change of meaning is a change of the file.
pub(crate) fn keep(body: &mut Body, earlier: &Body, service: &Service, others: &Others) {
    keep_below(body, earlier, &Below { service, path: Vec::new(), value: Some(&service.value) }, others);
}

struct Below<'a> {
    service: &'a Service,
    path: Vec<String>,
    /// What the base has here.
    value: Option<&'a Value>,
}

fn keep_below(body: &mut Body, earlier: &Body, below: &Below<'_>, others: &Others) {
    for (key, old) in earlier {
        let path = [below.path.clone(), vec![key.clone()]].concat();
        let value = below.value.and_then(|value| value.get(key));
        match (body.get_mut(key), old) {
            (Some(Entry::Map { entries: new, .. }), Entry::Map { entries, .. }) => {
                keep_below(new, entries, &Below { service: below.service, path, value }, others);
            }
            (Some(Entry::Leaf { value: new, reason }), Entry::Leaf { value: old, reason: known }) => {
                if new == old {
                    reason.clone_from(known);
                }
            }
            (Some(Entry::List { items: new }), Entry::List { items }) => {
                for item in new.iter_mut() {
                    if let Some(old) = items.iter().find(|old| old.value == item.value) {
                        item.reason.clone_from(&old.reason);
                    }
                }
                let kept = kept_items(new, items, key, below.service, others);
                new.extend(kept);
            }
            (Some(_), _) => {}
            (None, Entry::Map { entries, reason }) => {
                let mut kept = Body::new();
                keep_below(&mut kept, entries, &Below { service: below.service, path, value }, others);
                if !kept.is_empty() {
                    body.insert(key.clone(), Entry::Map { entries: kept, reason: reason.clone() });
                }
            }
            (None, Entry::List { items }) => {
                let kept = kept_items(&[], items, key, below.service, others);
                if !kept.is_empty() {
                    body.insert(key.clone(), Entry::List { items: kept });
                }
            }
            (None, old) => {
                let unasked = at_path(&others.unasked, &path).is_some();
                let waived = at_path(&others.waived, &path).is_some();
                if !waived && (unasked || value.is_none()) {
                    body.insert(key.clone(), old.clone());
                }
            }
        }
    }
}

fn kept_items(new: &[Item], old: &[Item], key: &str, service: &Service, others: &Others) -> Vec<Item> {
    let base: Vec<String> = base_items(service, key).into_iter().map(|(_, text)| text).collect();
    let mounted = |item: &str| {
        key == "volumes" && service.mounts.iter().any(|mount| mount.target == identity(key, item))
    };
    let kept = |item: &&Item| {
        let text = text_of(item);
        let same = |other: &str| identity(key, other) == identity(key, &text);
        let in_list = |items: &[Item]| items.iter().any(|item| same(&text_of(item)));
        !in_list(new)
            && !in_list(items_of(&others.waived, key))
            && (in_list(items_of(&others.unasked, key))
                || !(base.iter().any(|item| same(item)) || mounted(&text)))
    };
    old.iter().filter(kept).cloned().collect()
}

fn items_of<'b>(body: &'b Body, key: &str) -> &'b [Item] {
    match body.get(key) {
        Some(Entry::List { items } | Entry::Override { items, .. }) => items,
        _ => &[],
    }
}

fn text_of(item: &Item) -> String {
    match &item.value {
        Snippet::Scalar(text) => unescape(text),
        Snippet::Int(number) => number.to_string(),
        _ => String::new(),
    }
}

fn at_path<'b>(body: &'b Body, path: &[String]) -> Option<&'b Entry> {
    let (key, below) = path.split_first()?;
    match (body.get(key)?, below) {
        (entry, []) => Some(entry),
        (Entry::Map { entries, .. }, below) => at_path(entries, below),
        _ => None,
    }
}
