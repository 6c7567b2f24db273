use temper_controls::{ComposeAction, Scalar};
use temper_model::compose::{Project, Service};
use temper_model::{Data, Stack, Value};
use temper_text::Loc;
use temper_yaml::Snippet;

use super::body::{Body, Entry, Item, escape};
use super::source::written_items;
use crate::variables::kept;
use crate::wish::{Wish, identity};

/// The base that an overlay is written for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Base<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) project: &'a Project,
    pub(crate) service: &'a Service,
}

/// The first version of Docker Compose that reads `!override` (release notes of 2.24.4).
pub(super) const OVERRIDE_SINCE: (u32, u32, u32) = (2, 24, 4);

/// Adds a wish to what the overlay says of a service.
///
/// # Errors
/// When an overlay cannot say it: why, for people.
pub(crate) fn add(body: &mut Body, base: Base<'_>, wish: &Wish) -> Result<(), String> {
    let reason = Some(wish.reason.clone());
    match &wish.action {
        ComposeAction::Set { path, value } => set(body, path, Entry::Leaf { value: scalar(value), reason }),
        ComposeAction::SetVariable { name, value } => {
            let value = Snippet::Scalar(escape(value));
            set(body, &["environment", name], Entry::Leaf { value, reason })
        }
        ComposeAction::UnsetVariable { name, at, .. } => {
            check_version(base.stack)?;
            // Compose looks for the path of a `!reset` before it brings lists into the form of mappings.
            if base.stack.sources.slice(*at).trim_start_matches(['"', '\'']).starts_with(name.as_str()) {
                return Err("needs an in-place edit (--in-place): `environment` is a list".to_owned());
            }
            set(body, &["environment", name], Entry::Reset { reason })
        }
        ComposeAction::SetNew { key, entries } => {
            let entries =
                entries.iter().map(|(key, values)| ((*key).to_owned(), new_entry(values))).collect();
            body.insert((*key).to_owned(), Entry::Map { entries, reason });
            Ok(())
        }
        ComposeAction::Append { key, item } => append(body, base, key, item, reason),
        ComposeAction::Replace { key, at, item } => {
            let text = kept(base.stack.sources.slice(*at), key, item)?.unwrap_or_else(|| escape(item));
            let new = Item { value: Snippet::Scalar(text), reason, at: None };
            replace(overridden(body, base, key)?.0, *at, Some(new))
        }
        ComposeAction::Remove { key, at } => {
            let (items, note) = overridden(body, base, key)?;
            replace(items, *at, None)?;
            let gone = format!("without {}: {}", base.stack.sources.slice(*at), wish.reason);
            *note = Some(note.take().map_or(gone.clone(), |note| format!("{note}; {gone}")));
            Ok(())
        }
        ComposeAction::Unset { key } => {
            check_version(base.stack)?;
            body.insert((*key).to_owned(), Entry::Reset { reason });
            Ok(())
        }
    }
}

/// The volumes that the top level of a base has.
pub(crate) fn volumes_of(project: &Project) -> impl Iterator<Item = &str> {
    project.volumes.keys().map(String::as_str)
}

fn set(body: &mut Body, path: &[&str], new: Entry) -> Result<(), String> {
    let Some((key, below)) = path.split_first() else { return Err("a setting without a name".to_owned()) };
    if below.is_empty() {
        body.insert((*key).to_owned(), new);
        return Ok(());
    }
    let entry =
        body.entry((*key).to_owned()).or_insert_with(|| Entry::Map { entries: Body::new(), reason: None });
    match entry {
        Entry::Map { entries, .. } => set(entries, below, new),
        _ => Err(format!("another fix sets `{key}` as a whole")),
    }
}

fn scalar(value: &Scalar) -> Snippet {
    match value {
        Scalar::Bool(value) => Snippet::Bool(*value),
        Scalar::Int(value) => Snippet::Int(*value),
        Scalar::Str(text) => Snippet::Scalar(escape(text)),
    }
}

/// A value of a new mapping: several strings are a list; a number or a boolean is written as one, because Compose's
/// schema asks for it (`healthcheck.retries`).
fn new_entry(values: &[String]) -> Entry {
    let text = |value: &String| Snippet::Scalar(escape(value));
    match values {
        [value] => {
            let value = match (value.parse::<i64>(), value.parse::<bool>()) {
                (Ok(number), _) if number.to_string() == *value => Snippet::Int(number),
                (_, Ok(yes)) => Snippet::Bool(yes),
                _ => text(value),
            };
            Entry::Leaf { value, reason: None }
        }
        many => {
            let items = many.iter().map(|value| Item { value: text(value), reason: None, at: None });
            Entry::List { items: items.collect() }
        }
    }
}

fn append(
    body: &mut Body,
    base: Base<'_>,
    key: &str,
    item: &str,
    reason: Option<String>,
) -> Result<(), String> {
    let has = base_items(base.service, key);
    if has.iter().any(|(_, text)| text == item) {
        return Ok(());
    }
    let new = Item { value: Snippet::Scalar(escape(item)), reason, at: None };
    let target = identity(key, item);
    if key == "tmpfs" && base.service.tmpfs.iter().any(|mount| mount.long_form && mount.target == target) {
        return Err(format!("`volumes` has a tmpfs at {target} already"));
    }
    // Both would be there, and the engine takes either or refuses.
    let same = has.iter().find(|(_, text)| {
        matches!(key, "tmpfs" | "security_opt") && identity(key, text) == identity(key, item)
    });
    if let Some((at, _)) = same {
        return replace(overridden(body, base, key)?.0, *at, Some(new));
    }
    match body.entry(key.to_owned()).or_insert_with(|| Entry::List { items: Vec::new() }) {
        Entry::List { items } | Entry::Override { items, .. } => items.push(new),
        _ => return Err(format!("another fix sets `{key}` as a whole")),
    }
    Ok(())
}

/// The strings of a list of the base, with their places.
pub(crate) fn base_items(service: &Service, key: &str) -> Vec<(Loc, String)> {
    let items = service.value.get(key).and_then(Value::as_seq).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| match &item.data {
            Data::Str(text) => Some((item.at, text.value.clone())),
            Data::Int(number) => Some((item.at, number.to_string())),
            _ => None,
        })
        .collect()
}

/// The list that takes the place of the base's, with the comment of its key.
fn overridden<'b>(
    body: &'b mut Body,
    base: Base<'_>,
    key: &str,
) -> Result<(&'b mut Vec<Item>, &'b mut Option<String>), String> {
    check_version(base.stack)?;
    if !matches!(body.get(key), Some(Entry::Override { .. })) {
        let list = base.service.value.get(key).ok_or_else(|| format!("the base has no `{key}`"))?;
        let written = written_items(base.stack, base.project, list)
            .map_err(|why| format!("needs an in-place edit: {why}"))?;
        let mut items: Vec<Item> =
            written.into_iter().map(|(at, value)| Item { value, reason: None, at: Some(at) }).collect();
        match body.swap_remove(key) {
            Some(Entry::List { items: appended }) => items.extend(appended),
            Some(_) => return Err(format!("another fix sets `{key}` as a whole")),
            None => {}
        }
        body.insert(key.to_owned(), Entry::Override { items, reason: None });
    }
    match body.get_mut(key) {
        Some(Entry::Override { items, reason }) => Ok((items, reason)),
        _ => Err(format!("another fix sets `{key}` as a whole")),
    }
}

fn replace(items: &mut Vec<Item>, at: Loc, new: Option<Item>) -> Result<(), String> {
    let index = items.iter().position(|item| item.at == Some(at));
    let index = index.ok_or("needs an in-place edit: the item is not one of the base's list")?;
    match new {
        Some(new) => items[index] = new,
        None => drop(items.remove(index)),
    }
    Ok(())
}

fn check_version(stack: &Stack) -> Result<(), String> {
    match stack.settings.compose_version {
        Some(version) if version < OVERRIDE_SINCE => {
            let (major, minor, patch) = OVERRIDE_SINCE;
            Err(format!("needs an in-place edit (--in-place) or Docker Compose {major}.{minor}.{patch}"))
        }
        _ => Ok(()),
    }
}
