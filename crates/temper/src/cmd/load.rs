//! What every command that reads a stack does first.

use std::time::{SystemTime, UNIX_EPOCH};

use temper_controls::{ALL, Judged, Selection, judge};
use temper_model::{Date, DiskTree, LoadOptions, Stack};

use crate::args::{SelectArgs, StackArgs};
use crate::error::Error;
use crate::progress::Progress;
use crate::root::Root;
use crate::suggest::unknown;

/// A stack with everything that was needed to read it, so that it can be read again after a change.
pub(super) struct Loaded {
    pub(super) root: Root,
    pub(super) tree: DiskTree,
    pub(super) stack: Stack,
    profiles: Vec<String>,
    project_name: Option<String>,
}

impl Loaded {
    /// Reads the stack that the arguments name.
    pub(super) fn new(args: &StackArgs) -> Result<Self, Error> {
        let root = Root::of(args)?;
        let tree = DiskTree::new(&root.path);
        let (profiles, project_name) = (args.profiles.clone(), args.project_name.clone());
        let known = known_controls();
        let progress = Progress::start(format!("reading {}", root.shown));
        let stack = Stack::load(&tree, &options(&root, &profiles, project_name.as_ref(), &known))?;
        drop(progress);
        has_something(&root, &stack)?;
        Ok(Self { root, tree, stack, profiles, project_name })
    }

    /// The options with which the stack was read.
    pub(super) fn options<'a>(&self, known_controls: &'a [&'a str]) -> LoadOptions<'a> {
        options(&self.root, &self.profiles, self.project_name.as_ref(), known_controls)
    }

    /// Runs the selected controls.
    pub(super) fn judge(&self, select: &SelectArgs) -> Result<Judged, Error> {
        Ok(judge(&self.stack, &self.selection(select)?, today()))
    }

    /// The selection, once every name in it is known to exist: a misspelt control or service must not pass.
    pub(super) fn selection(&self, select: &SelectArgs) -> Result<Selection, Error> {
        let known = known_controls();
        if let Some(id) = select.only.iter().chain(&select.skip).find(|id| !known.contains(&id.as_str())) {
            return Err(Error::Usage(unknown_control(id)));
        }
        let services = || self.stack.projects.iter().flat_map(|group| group.project.services.keys());
        if let Some(name) = select.service.iter().find(|name| !services().any(|known| known == *name)) {
            let known = services().map(String::as_str);
            return Err(Error::Usage(unknown("service", name, known, "`temper scan -q` lists all")));
        }
        Ok(Selection {
            only: select.only.clone(),
            skip: select.skip.clone(),
            services: select.service.clone(),
        })
    }
}

/// An empty directory has no finding, and is not proven clean for that.
fn has_something(root: &Root, stack: &Stack) -> Result<(), Error> {
    if stack.projects.is_empty() && stack.dockerfiles.is_empty() && stack.problems.is_empty() {
        return Err(Error::Usage(format!(
            "{}: no Compose file and no Dockerfile in it; name the root of a stack, or a Compose file with -f",
            root.shown
        )));
    }
    Ok(())
}

fn options<'a>(
    root: &Root,
    profiles: &[String],
    project_name: Option<&String>,
    known_controls: &'a [&'a str],
) -> LoadOptions<'a> {
    LoadOptions {
        files: root.files.clone(),
        profiles: profiles.to_vec(),
        env_files: root.env_files.clone(),
        project_name: project_name.cloned(),
        known_controls,
    }
}

/// What to say of a control that does not exist.
pub(super) fn unknown_control(id: &str) -> String {
    unknown("control", id, known_controls(), "`temper explain` lists all")
}

/// Identifiers of all controls.
pub(super) fn known_controls() -> Vec<&'static str> {
    ALL.iter().map(|control| control.meta().id).collect()
}

/// The day in UTC, for waivers. A clock before 1970 counts as 1970: then no waiver has expired.
pub(super) fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_unix_seconds(since.as_secs())
}
