//! Changes of the Compose files themselves.

mod list;
mod service;

use std::collections::BTreeMap;
use std::rc::Rc;

use temper_controls::ComposeAction;
use temper_model::compose::{Project, Service};
use temper_model::{MARKER, Stack};
use temper_text::{FileId, TextEdit};
use temper_yaml::edit::{self, EditRefused};
use temper_yaml::{Entry, Node, Snippet, Yaml};

use crate::change::Draft;
use crate::overlay::rank;
use crate::planner::{Compiled, Refused, Text};
use crate::wish::{Wish, Wishes, key_of};

/// Writes what is wanted of every service into the files that define it.
///
/// # Errors
/// When a file cannot be changed without a risk.
pub(crate) fn compile(base: &Stack, wishes: &Wishes, compiled: &mut Compiled) -> Result<(), Vec<Refused>> {
    let mut refusals = Vec::new();
    let mut editor = Editor { stack: base, drafts: BTreeMap::new(), parsed: BTreeMap::new() };
    for ((index, name), wanted) in &wishes.services {
        let group = base.projects.get(*index);
        let mut ordered: Vec<&Wish> = wanted.iter().collect();
        ordered.sort_by_key(|wish| rank(key_of(&wish.action)));
        for wish in ordered {
            let found = group.and_then(|group| Some((&group.project, group.project.services.get(name)?)));
            let made = match found {
                Some((project, service)) => editor.service(project, service, wish),
                None => Err(format!("there is no service `{name}`")),
            };
            // The others are tried all the same, so that one more round is enough.
            refusals.extend(made.err().map(|reason| Refused { owner: wish.owner, reason }));
        }
        intend(*index, name, wanted, compiled);
    }
    for ((index, name), reason) in &wishes.volumes {
        // A volume comes with the mount that needs it; without a file to write it to, the guard finds it missing.
        if let Some(group) = base.projects.get(*index) {
            let owner = wishes.services.iter().find(|((project, _), _)| project == index);
            let owner = owner.and_then(|(_, wanted)| wanted.first()).map_or(0, |wish| wish.owner);
            let made = editor.volume(&group.project, name, reason);
            refusals.extend(made.err().map(|reason| Refused { owner, reason }));
            compiled.intended.volumes.push((*index, name.clone()));
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    for (file, draft) in editor.drafts {
        let source = base.sources.file(file);
        let text = Text { old: Some(source.text().to_owned()), new: draft.into_text() };
        compiled.files.insert(source.path().to_owned(), text);
    }
    Ok(())
}

fn intend(index: usize, service: &str, wanted: &[Wish], compiled: &mut Compiled) {
    let key = (index, service.to_owned());
    let paths = wanted.iter().map(|wish| match &wish.action {
        ComposeAction::Set { path, .. } => path.iter().map(|key| (*key).to_owned()).collect(),
        ComposeAction::SetVariable { name, .. } | ComposeAction::UnsetVariable { name, .. } => {
            vec!["environment".to_owned(), name.clone()]
        }
        action => vec![key_of(action).to_owned()],
    });
    compiled.intended.paths.entry(key.clone()).or_default().extend(paths);
    let shrinks = |key: &str| {
        wanted
            .iter()
            .any(|wish| key_of(&wish.action) == key && !matches!(wish.action, ComposeAction::Append { .. }))
    };
    let appended = wanted.iter().filter_map(|wish| match &wish.action {
        // A mount at the same path takes the place of the other.
        ComposeAction::Append { key, .. }
            if !matches!(*key, "volumes" | "tmpfs" | "security_opt") && !shrinks(key) =>
        {
            Some((*key).to_owned())
        }
        _ => None,
    });
    compiled.intended.growing.entry(key).or_default().extend(appended);
}

/// Files of a stack while they are changed.
struct Editor<'a> {
    stack: &'a Stack,
    drafts: BTreeMap<FileId, Draft>,
    /// The files as they are now, as far as they were parsed since the last edit.
    parsed: BTreeMap<FileId, Rc<Yaml>>,
}

/// A service, and the files of its project that define it.
struct Site<'a> {
    project: &'a Project,
    service: &'a Service,
    /// In order of merging.
    files: Vec<FileId>,
    /// The first of them.
    first: FileId,
}

type Edits = Result<Vec<TextEdit>, EditRefused>;

impl Editor<'_> {
    fn draft(&mut self, file: FileId) -> &mut Draft {
        let text = self.stack.sources.file(file).text();
        self.drafts.entry(file).or_insert_with(|| Draft::new(text))
    }

    /// Edits the top-level node of a file.
    fn edit(
        &mut self,
        file: FileId,
        make: impl FnOnce(&str, &Node) -> Result<Vec<TextEdit>, String>,
    ) -> Result<(), String> {
        let yaml = self.yaml(file)?;
        let root = yaml.documents.first().ok_or("the file is empty")?;
        let edits = make(self.draft(file).text(), root)?;
        self.apply(file, &edits)
    }

    fn apply(&mut self, file: FileId, edits: &[TextEdit]) -> Result<(), String> {
        self.parsed.remove(&file);
        self.draft(file).edit(edits)
    }

    fn yaml(&mut self, file: FileId) -> Result<Rc<Yaml>, String> {
        if let Some(yaml) = self.parsed.get(&file) {
            return Ok(Rc::clone(yaml));
        }
        let yaml = temper_yaml::parse(self.draft(file).text()).map_err(|error| error.to_string())?;
        let yaml = Rc::new(yaml);
        self.parsed.insert(file, Rc::clone(&yaml));
        Ok(yaml)
    }

    /// The text of a file as it is now.
    fn text(&mut self, file: FileId) -> String {
        self.draft(file).text().to_owned()
    }

    /// The files of a project that a person wrote, in order of merging.
    fn own_files(&self, project: &Project) -> Vec<FileId> {
        let own = |file: &&FileId| !self.stack.sources.file(**file).text().starts_with(MARKER);
        project.files.iter().filter(own).copied().collect()
    }

    /// The files that define a service, in order of merging: those of the project, else the one that is included. What
    /// a service extends belongs to others, too.
    fn defining(&self, project: &Project, service: &Service) -> Vec<FileId> {
        let mut own = self.own_files(project);
        own.retain(|file| service.definitions.iter().any(|one| one.key.file == *file));
        if own.is_empty() {
            own.extend(service.definitions.last().map(|one| one.key.file));
        }
        own
    }

    fn volume(&mut self, project: &Project, name: &str, reason: &str) -> Result<(), String> {
        if project.volumes.contains_key(name) {
            return Ok(());
        }
        let file = *self.own_files(project).first().ok_or("the project has no file of its own")?;
        let entry = Snippet::Null.with_comment(reason);
        self.edit(file, |text, root| {
            let edits = match root.entry("volumes") {
                Some(volumes) if volumes.value.is_null() => {
                    edit::add_entry_to_null(text, volumes, name, &entry)
                }
                Some(volumes) => edit::add_entry(text, &volumes.value, name, &entry),
                None => {
                    let map = Snippet::Map(vec![(name.to_owned(), Snippet::Null, Some(reason.to_owned()))]);
                    edit::add_entry(text, root, "volumes", &map)
                }
            };
            plain(edits)
        })
    }
}

fn plain(edits: Edits) -> Result<Vec<TextEdit>, String> {
    edits.map_err(|refused| refused.reason)
}

/// The entry of a service in a file.
fn service_entry<'n>(root: &'n Node, name: &str) -> Result<&'n Entry, String> {
    let entry = root.get("services").and_then(|services| services.entry(name));
    entry.ok_or_else(|| format!("`{name}` is not written out below `services`"))
}
