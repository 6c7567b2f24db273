use temper_model::compose::{Project, Service};
use temper_model::{Origin, Value};
use temper_text::{FileId, Loc};
use temper_yaml::{Kind, Node, Snippet, edit};

use super::service::add;
use super::{Editor, plain, service_entry};
use crate::overlay::{base_items, escape, written_items};
use crate::wish::identity;

impl Editor<'_> {
    pub(super) fn append(
        &mut self,
        project: &Project,
        service: &Service,
        files: &[FileId],
        key: &str,
        item: &str,
        reason: &str,
    ) -> Result<(), String> {
        let has = base_items(service, key);
        if has.iter().any(|(_, text)| text == item) {
            return Ok(());
        }
        let new = Snippet::Scalar(escape(item));
        let same = has.iter().find(|(_, text)| {
            matches!(key, "tmpfs" | "security_opt") && identity(key, text) == identity(key, item)
        });
        if let Some((at, _)) = same {
            return self.change_item(project, service, files, key, *at, Some(new), reason);
        }
        let inherited = self.inherited(project, service, key)?;
        let file = self
            .last_with(files, &service.name, key)
            .or(files.first().copied())
            .ok_or("no file defines it")?;
        let last = (new, Some(reason.to_owned()));
        self.edit(file, |text, root| {
            let entry = service_entry(root, &service.name)?;
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
        project: &Project,
        service: &Service,
        files: &[FileId],
        key: &str,
        at: Loc,
        new: Option<Snippet>,
        reason: &str,
    ) -> Result<(), String> {
        if files.contains(&at.file) {
            let span =
                self.draft(at.file).locate(at.span).ok_or("another fix has changed this item already")?;
            let text = self.text(at.file);
            let yaml = temper_yaml::parse(&text).map_err(|error| error.to_string())?;
            let root = yaml.documents.first().ok_or("the file is empty")?;
            let entry = service_entry(root, &service.name)?;
            if let Some(list) = entry.value.get(key) {
                let index = list.items().iter().position(|item| item.span == span);
                if let (Some(index), Some(item)) = (index, index.and_then(|index| list.items().get(index))) {
                    check_not_shared(&text, list)?;
                    let edits = match new {
                        Some(value) => edit::replace_value(&text, item, &value.with_comment(reason)),
                        None if list.items().len() == 1 => edit::remove_entry(&text, &entry.value, key),
                        None => edit::remove_item(&text, list, index),
                    };
                    return self.draft(at.file).edit(&plain(edits)?);
                }
                if list.span == span && list.as_str().is_some() {
                    let edits = match new {
                        Some(value) => edit::replace_value(&text, list, &value.with_comment(reason)),
                        None => edit::remove_entry(&text, &entry.value, key),
                    };
                    return self.draft(at.file).edit(&plain(edits)?);
                }
            }
        }
        self.own_list(project, service, files, key, at, new, reason)
    }

    /// Gives the service a list of its own in place of one that it shares with others.
    fn own_list(
        &mut self,
        project: &Project,
        service: &Service,
        files: &[FileId],
        key: &str,
        at: Loc,
        new: Option<Snippet>,
        reason: &str,
    ) -> Result<(), String> {
        let inherited = self.inherited(project, service, key)?;
        if !inherited.iter().any(|(place, _)| *place == at) {
            let file = self.stack.sources.file(at.file).path();
            return Err(format!(
                "the item comes from {file} through `extends` or `include`: change it there"
            ));
        }
        let items = inherited.into_iter().filter_map(|(place, item)| match &new {
            _ if place != at => Some((item, None)),
            Some(value) => Some((value.clone(), Some(reason.to_owned()))),
            None => None,
        });
        let mut whole = Snippet::Seq(items.collect());
        if new.is_none() {
            whole = whole.with_comment(reason);
        }
        let file = self
            .last_with(files, &service.name, key)
            .or(files.first().copied())
            .ok_or("no file defines it")?;
        self.edit(file, |text, root| {
            let entry = service_entry(root, &service.name)?;
            match entry.value.get(key) {
                Some(list) if matches!(list.kind, Kind::Alias(_)) => {
                    plain(edit::replace_value(text, list, &whole))
                }
                Some(_) => Err(format!("`{key}` has items of its own and others that it shares")),
                None => add(text, entry, key, &whole),
            }
        })
    }

    /// The items that a service has through an alias or a merge key: a list of its own hides them.
    fn inherited(
        &self,
        project: &Project,
        service: &Service,
        key: &str,
    ) -> Result<Vec<(Loc, Snippet)>, String> {
        let Some(list) = service.value.get(key) else { return Ok(Vec::new()) };
        let shared = |value: &Value| matches!(value.origin, Origin::Alias(_) | Origin::MergeKey(_));
        let items = list.as_seq().unwrap_or_default();
        if !shared(list) && !items.iter().any(shared) {
            return Ok(Vec::new());
        }
        written_items(self.stack, project, list)
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
