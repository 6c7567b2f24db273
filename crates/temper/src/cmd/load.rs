//! What every command that reads a stack does first.

use std::time::{SystemTime, UNIX_EPOCH};

use temper_controls::{ALL, Judged, Selection, judge};
use temper_model::{Date, DiskTree, LoadOptions, Stack};

use crate::args::{SelectArgs, StackArgs};
use crate::error::Error;
use crate::root::Root;

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
        let stack = Stack::load(&tree, &options(&root, &profiles, project_name.as_ref(), &known))?;
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
    fn selection(&self, select: &SelectArgs) -> Result<Selection, Error> {
        let known = known_controls();
        if let Some(id) = select.only.iter().chain(&select.skip).find(|id| !known.contains(&id.as_str())) {
            return Err(Error::Usage(format!("there is no control `{id}`; `temper explain` lists all")));
        }
        let exists =
            |name: &String| self.stack.projects.iter().any(|group| group.project.services.contains_key(name));
        if let Some(name) = select.service.iter().find(|name| !exists(name)) {
            return Err(Error::Usage(format!("there is no service `{name}` in {}", self.root.shown)));
        }
        Ok(Selection {
            only: select.only.clone(),
            skip: select.skip.clone(),
            services: select.service.clone(),
        })
    }
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

/// Identifiers of all controls.
pub(super) fn known_controls() -> Vec<&'static str> {
    ALL.iter().map(|control| control.meta().id).collect()
}

/// The day in UTC, for waivers. A clock before 1970 counts as 1970: then no waiver has expired.
fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_unix_seconds(since.as_secs())
}
