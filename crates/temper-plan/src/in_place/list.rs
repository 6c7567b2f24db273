use temper_model::{Origin, Value};
use temper_text::{Loc, TextEdit};
use temper_yaml::edit::{self, EditRefused};
use temper_yaml::{Entry, Kind, Node, Snippet};

use super::service::add;
use super::{Editor, Site, plain, service_entry};
use crate::overlay::{base_items, escape, snippet_of, written_items};
use crate::wish::identity;

impl Editor<'_> {
    pub(super) fn append(
        &mut self,
        site: &Site<'_>,
        key: &str,
        item: &str,
        reason: &str,
    ) -> Result<(), String> {
        let has = base_items(site.service, key);
        if has.iter().any(|(_, text)| text == item) {
            return Ok(());
        }
        let new = Snippet::Scalar(escape(item));
        let same = has.iter().find(|(_, text)| {
            matches!(key, "tmpfs" | "security_opt") && identity(key, text) == identity(key, item)
        });
        if let Some((at, _)) = same {
            return self.change_item(site, key, *at, Some(new), reason);
        }
        let inherited = self.inherited(site, key)?;
        let file = self.last_with(site, key).unwrap_or(site.first);
        let last = (new, Some(reason.to_owned()));
        self.edit(file, |text, root| {
            let entry = service_entry(root, &site.service.name)?;
            let Some(list) = entry.value.get(key) else {
                let whole = inherited.into_iter().map(|(_, item)| (item, None)).chain([last]);
                return add(text, entry, key, &Snippet::Seq(whole.collect()));
            };
            match &list.kind {
                Kind::Sequence { .. } => {
                    check_not_shared(text, list)?;
                    plain(edit::append_item(text, list, &last.0.with_comment(reason)))
                }
                Kind::Alias(_) => {
                    let whole = inherited.into_iter().map(|(_, item)| (item, None)).chain([last]);
                    plain(edit::replace_value(text, list, &Snippet::Seq(whole.collect())))
                }
                Kind::Scalar(_) if !list.is_null() => {
                    let only = list.as_str().unwrap_or_default().into();
                    plain(edit::replace_value(text, list, &Snippet::Seq(vec![(only, None), last])))
                }
                Kind::Scalar(_) => plain(edit::replace_value(text, list, &Snippet::Seq(vec![last]))),
                Kind::Mapping { .. } => Err(format!("`{key}` is a mapping, a list was expected")),
            }
        })
    }

    /// Replaces or removes the item that is written at `at`.
    pub(super) fn change_item(
        &mut self,
        site: &Site<'_>,
        key: &str,
        at: Loc,
        new: Option<Snippet>,
        reason: &str,
    ) -> Result<(), String> {
        let new = new.map(|value| value.with_comment(reason));
        if !site.files.contains(&at.file) {
            return self.own_list(site, key, at, new, reason);
        }
        let span = self.draft(at.file).locate(at.span).ok_or("another fix has changed this item already")?;
        let text = self.text(at.file);
        let yaml = self.yaml(at.file)?;
        let entry = service_entry(yaml.documents.first().ok_or("the file is empty")?, &site.service.name)?;
        let edits = match entry.value.get(key) {
            Some(list) if list.span == span && list.as_str().is_some() => match new {
                Some(value) => edit::replace_value(&text, list, &value),
                None => edit::remove_entry(&text, &entry.value, key),
            },
            Some(list) => match list.items().iter().position(|item| item.span == span) {
                Some(index) => {
                    check_not_shared(&text, list)?;
                    change_at(&text, entry, key, index, new)
                }
                None => return self.own_list(site, key, at, new, reason),
            },
            None => return self.own_list(site, key, at, new, reason),
        };
        self.apply(at.file, &plain(edits)?)
    }

    /// Gives the service a list of its own in place of one that it shares with others.
    fn own_list(
        &mut self,
        site: &Site<'_>,
        key: &str,
        at: Loc,
        new: Option<Snippet>,
        reason: &str,
    ) -> Result<(), String> {
        let inherited = self.inherited(site, key)?;
        if !inherited.iter().any(|(place, _)| *place == at) {
            return Err(format!(
                "the item comes from {} through `extends` or `include`: change it there",
                self.place(at)
            ));
        }
        let old = inherited.iter().find(|(place, _)| *place == at).map(|(_, item)| item.clone());
        let items = inherited.into_iter().filter_map(|(place, item)| match &new {
            _ if place != at => Some((item, None)),
            Some(value) => Some((value.clone(), None)),
            None => None,
        });
        let mut whole = Snippet::Seq(items.collect());
        if new.is_none() {
            whole = whole.with_comment(reason);
        }
        let file = self.last_with(site, key).unwrap_or(site.first);
        self.edit(file, |text, root| {
            let entry = service_entry(root, &site.service.name)?;
            match entry.value.get(key) {
                Some(list) if matches!(list.kind, Kind::Alias(_)) => {
                    plain(edit::replace_value(text, list, &whole))
                }
                // The list that another fix has written for this service.
                Some(list) => match list.items().iter().position(|item| snippet_of(item) == old) {
                    Some(index) => plain(change_at(text, entry, key, index, new)),
                    None => Err(format!("`{key}` has items of its own and others that it shares")),
                },
                None => add(text, entry, key, &whole),
            }
        })
    }

    /// The items that a service has through an alias or a merge key: a list of its own hides them.
    fn inherited(&self, site: &Site<'_>, key: &str) -> Result<Vec<(Loc, Snippet)>, String> {
        let Some(list) = site.service.value.get(key) else { return Ok(Vec::new()) };
        let shared = |value: &Value| matches!(value.origin, Origin::Alias(_) | Origin::MergeKey(_));
        let items = list.as_seq().unwrap_or_default();
        if !shared(list) && !items.iter().any(shared) {
            return Ok(Vec::new());
        }
        written_items(self.stack, site.project, list)
    }
}

/// Replaces or removes an item; with the last one goes the list.
fn change_at(
    text: &str,
    service: &Entry,
    key: &str,
    index: usize,
    new: Option<Snippet>,
) -> Result<Vec<TextEdit>, EditRefused> {
    let list = service.value.get(key);
    match (list, list.and_then(|list| list.items().get(index)), new) {
        (_, Some(item), Some(value)) => edit::replace_value(text, item, &value),
        (Some(list), _, None) if list.items().len() > 1 => edit::remove_item(text, list, index),
        _ => edit::remove_entry(text, &service.value, key),
    }
}

/// Refuses to change a list that has an anchor which is used elsewhere.
fn check_not_shared(text: &str, list: &Node) -> Result<(), String> {
    match &list.anchor {
        Some(name) if text.contains(&format!("*{name}")) => {
            Err(format!("the list has the anchor `&{name}`, and others use it"))
        }
        _ => Ok(()),
    }
}
