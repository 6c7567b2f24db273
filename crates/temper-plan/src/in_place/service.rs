use temper_controls::{ComposeAction, Scalar};
use temper_model::compose::{Project, Service};
use temper_model::{Origin, Value};
use temper_text::{FileId, Loc, TextEdit};
use temper_yaml::{Entry, Kind, Node, Snippet, edit};

use super::{Editor, Site, plain, service_entry};
use crate::overlay::escape;
use crate::variables::kept;
use crate::wish::Wish;

impl Editor<'_> {
    /// Makes one wish true in the files that define a service.
    ///
    /// # Errors
    /// When that would change others, or cannot be written: why, for people.
    pub(super) fn service(
        &mut self,
        project: &Project,
        service: &Service,
        wish: &Wish,
    ) -> Result<(), String> {
        let files = self.defining(project, service);
        let first = *files.first().ok_or_else(|| {
            format!("no file of the project itself defines `{}`: change it where it comes from", service.name)
        })?;
        let site = &Site { project, service, files, first };
        let reason = wish.reason.as_str();
        match &wish.action {
            ComposeAction::Set { path, value } => {
                let (key, below) = path.split_first().ok_or("a setting without a name")?;
                if !below.is_empty() && is_shared(service, key) {
                    return Err(format!(
                        "`{key}` comes through an anchor that others use, from {}: change it there for all, or write it out in \
                         {}",
                        self.origin(service, key),
                        self.place(service.at)
                    ));
                }
                let file = self.last_with(site, key).unwrap_or(first);
                let value = scalar(value);
                self.edit(file, |text, root| {
                    set(text, service_entry(root, &service.name)?, path, &value, reason)
                })
            }
            ComposeAction::SetNew { key, entries } => {
                let entries =
                    entries.iter().map(|(key, values)| ((*key).to_owned(), new_value(values), None));
                let value = Snippet::Map(entries.collect()).with_comment(reason);
                self.edit(first, |text, root| add(text, service_entry(root, &service.name)?, key, &value))
            }
            ComposeAction::SetVariable { name, value } => {
                let file = self.last_with(site, "environment").unwrap_or(first);
                if is_shared(service, "environment") {
                    return Err(format!(
                        "`environment` comes through an anchor that others use, from {}: change it there for all, or write it \
                         out in {}",
                        self.origin(service, "environment"),
                        self.place(service.at)
                    ));
                }
                let value = escape(value);
                self.edit(file, |text, root| {
                    variable(text, service_entry(root, &service.name)?, name, &value, reason)
                })
            }
            ComposeAction::UnsetVariable { name, at, .. } => {
                if is_shared(service, "environment") || !site.files.contains(&at.file) {
                    return Err(format!(
                        "`{name}` is set in {}, which others use: change it there",
                        self.place(*at)
                    ));
                }
                self.edit(at.file, |text, root| {
                    without_variable(text, service_entry(root, &service.name)?, name)
                })
            }
            ComposeAction::Unset { key } => {
                let with = self.all_with(site, key);
                if with.is_empty() {
                    let from = self.origin(service, key);
                    return Err(format!("`{key}` is inherited from {from}: take it away there"));
                }
                for file in with {
                    self.edit(file, |text, root| {
                        plain(edit::remove_entry(text, &service_entry(root, &service.name)?.value, key))
                    })?;
                }
                Ok(())
            }
            ComposeAction::Append { key, item } => self.append(site, key, item, reason),
            ComposeAction::Replace { key, at, item } => {
                let raw = self.stack.sources.slice(*at);
                let new = Snippet::Scalar(kept(raw, key, item)?.unwrap_or_else(|| escape(item)));
                self.change_item(site, key, *at, Some(new), reason)
            }
            ComposeAction::Remove { key, at } => self.change_item(site, key, *at, None, reason),
        }
    }

    /// Where a place is, for people: `compose.yml:12`.
    pub(super) fn place(&self, at: Loc) -> String {
        let line = self.stack.sources.line_col(at).line;
        format!("{}:{line}", self.stack.sources.file(at.file).path())
    }

    /// Where a setting of a service is written out.
    fn origin(&self, service: &Service, key: &str) -> String {
        self.place(service.value.get(key).map_or(service.at, |value: &Value| value.at))
    }

    /// The files in which the service itself has a key.
    pub(super) fn all_with(&mut self, site: &Site<'_>, key: &str) -> Vec<FileId> {
        let mut with = Vec::new();
        for file in &site.files {
            let has = self.yaml(*file).is_ok_and(|yaml| {
                let root = yaml.documents.first();
                root.and_then(|root| root.get("services")?.get(&site.service.name)?.get(key)).is_some()
            });
            if has {
                with.push(*file);
            }
        }
        with
    }

    /// The last of them, which decides.
    pub(super) fn last_with(&mut self, site: &Site<'_>, key: &str) -> Option<FileId> {
        self.all_with(site, key).pop()
    }
}

/// True when a setting of the service stands under an anchor or a merge key, where others may use it, too.
pub(super) fn is_shared(service: &Service, key: &str) -> bool {
    let origin = service.value.get(key).map(|value: &Value| value.origin);
    matches!(origin, Some(Origin::Alias(_) | Origin::MergeKey(_)))
}

fn scalar(value: &Scalar) -> Snippet {
    match value {
        Scalar::Bool(value) => Snippet::Bool(*value),
        Scalar::Int(value) => Snippet::Int(*value),
        Scalar::Str(text) => Snippet::Scalar(escape(text)),
    }
}

fn new_value(values: &[String]) -> Snippet {
    match values {
        [value] => match (value.parse::<i64>(), value.parse::<bool>()) {
            (Ok(number), _) if number.to_string() == *value => Snippet::Int(number),
            (_, Ok(yes)) => Snippet::Bool(yes),
            _ => Snippet::Scalar(escape(value)),
        },
        many => Snippet::strings(many.iter().map(|value| escape(value))),
    }
}

/// Adds a key to a service, or to a mapping in it.
pub(super) fn add(text: &str, entry: &Entry, key: &str, value: &Snippet) -> Result<Vec<TextEdit>, String> {
    match &entry.value.kind {
        _ if entry.value.is_null() => plain(edit::add_entry_to_null(text, entry, key, value)),
        Kind::Alias(name) => Err(format!("it is the alias `*{name}`: changing it would change others")),
        _ => plain(edit::add_entry(text, &entry.value, key, value)),
    }
}

fn set(
    text: &str,
    entry: &Entry,
    path: &[&'static str],
    value: &Snippet,
    reason: &str,
) -> Result<Vec<TextEdit>, String> {
    let Some((key, below)) = path.split_first() else { return Err("a setting without a name".to_owned()) };
    match entry.value.entry(key) {
        Some(found) if below.is_empty() => {
            plain(edit::replace_value(text, &found.value, &value.clone().with_comment(reason)))
        }
        Some(found) => set(text, found, below, value, reason),
        None => {
            let leaf = value.clone().with_comment(reason);
            let nested = below.iter().rev().fold(leaf, |inner, key| Snippet::map([(*key, inner)]));
            add(text, entry, key, &nested)
        }
    }
}

/// Removes a variable from `environment`, in the form that the file uses.
fn without_variable(text: &str, service: &Entry, name: &str) -> Result<Vec<TextEdit>, String> {
    let environment =
        service.value.get("environment").ok_or("the service has no `environment` of its own")?;
    match &environment.kind {
        Kind::Mapping { .. } => plain(edit::remove_entry(text, environment, name)),
        Kind::Sequence { items, .. } => {
            let names = |item: &Node| item.as_str().and_then(|item| item.split('=').next()) == Some(name);
            let index = items.iter().position(names).ok_or("`environment` has no such entry")?;
            plain(edit::remove_item(text, environment, index))
        }
        _ => Err("`environment` is an alias: write it out in this service".to_owned()),
    }
}

fn variable(
    text: &str,
    service: &Entry,
    name: &str,
    value: &str,
    reason: &str,
) -> Result<Vec<TextEdit>, String> {
    let Some(environment) = service.value.entry("environment") else {
        let map = Snippet::Map(vec![(name.to_owned(), value.into(), Some(reason.to_owned()))]);
        return add(text, service, "environment", &map);
    };
    let Kind::Sequence { items, .. } = &environment.value.kind else {
        return match environment.value.entry(name) {
            Some(found) => {
                plain(edit::replace_value(text, &found.value, &Snippet::from(value).with_comment(reason)))
            }
            None => add(text, environment, name, &Snippet::from(value).with_comment(reason)),
        };
    };
    let pair = Snippet::Scalar(format!("{name}={value}")).with_comment(reason);
    let names = |item: &&Node| item.as_str().is_some_and(|text| text.split('=').next() == Some(name));
    match items.iter().find(names) {
        Some(item) => plain(edit::replace_value(text, item, &pair)),
        None => plain(edit::append_item(text, &environment.value, &pair)),
    }
}
