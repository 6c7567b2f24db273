//! What the stack would be after a plan, held in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use indexmap::IndexMap;
use serde_json::Value;
use temper_controls::{Selection, judge};
use temper_model::compose::{self, Selection as ComposeSelection};
use temper_model::{Date, FileTree, LoadOptions, OverlaidTree, Problem, Refusal, SettingsError, Stack};
use temper_plan::{FileChange, Options, Plan, PlanError};
use temper_text::SourceMap;

use super::build::dockerfile_path;

/// The settings of a stack, at its root.
const SETTINGS: &str = "temper.toml";

/// What a plan is made from, apart from what a rollout learns meanwhile.
pub struct Inputs<'a> {
    /// The files of the stack.
    pub tree: &'a dyn FileTree,
    /// How they are read.
    pub load: &'a LoadOptions<'a>,
    /// Which controls and services are wanted.
    pub selection: &'a Selection,
    /// What kind of change is wanted.
    pub options: &'a Options,
    /// The day, for waivers and refusals.
    pub today: Date,
    /// Variables of the shell, as Compose sees them.
    pub environment: &'a IndexMap<String, String>,
}

/// Why the stack cannot be planned.
#[derive(Debug, thiserror::Error)]
pub enum CandidateError {
    /// `temper.toml` has a mistake.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The plan is not what was meant.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Compose would refuse the project.
    #[error("{}", list(.0))]
    Refused(Vec<Problem>),
    /// The project is not there any more.
    #[error("the files no longer hold the project")]
    Gone,
}

fn list(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| format!("{}: {}", problem.file, problem.message));
    lines.collect::<Vec<_>>().join("\n")
}

/// The stack as it would be.
pub struct Candidate {
    /// What was planned.
    pub plan: Plan,
    /// The stack after the plan.
    pub stack: Stack,
    /// The merged project after the plan, in the form of `docker compose config --format json`. It holds secrets.
    pub config: Value,
    /// The Compose files that make up the project after the plan, relative to the root, in order.
    pub files: Vec<String>,
    /// Every file that would be written, `temper.toml` included when fixes were refused.
    pub changes: Vec<FileChange>,
}

impl Candidate {
    /// The change of the Dockerfile that a service is built from, when there is one.
    pub(crate) fn changed_dockerfile(&self, service: &str, root: &Path) -> Option<&FileChange> {
        let path = dockerfile_path(&self.config, service)?;
        self.changes.iter().find(|change| root.join(&change.path) == path)
    }
}

impl Inputs<'_> {
    /// Plans the stack, leaving out the refused fixes, and reads the result.
    ///
    /// # Errors
    /// When it cannot be planned, or Compose would refuse the result.
    pub fn candidate(&self, project: usize, refusals: &[Refusal]) -> Result<Candidate, CandidateError> {
        let settings = self.settings(refusals);
        let texts = settings.iter().map(|change| (change.path.clone(), change.new.clone())).collect();
        let tree = OverlaidTree::new(self.tree, texts);
        let stack = Stack::load(&tree, self.load)?;
        let judged = judge(&stack, self.selection, self.today);
        let plan = temper_plan::plan(&stack, &tree, self.load, &judged, self.options)?;
        let changes: Vec<FileChange> = settings.into_iter().chain(plan.files.iter().cloned()).collect();
        let texts: BTreeMap<String, String> =
            changes.iter().map(|change| (change.path.clone(), change.new.clone())).collect();
        let tree = OverlaidTree::new(self.tree, texts);
        let after = Stack::load(&tree, self.load)?;
        let group = after.projects.get(project).ok_or(CandidateError::Gone)?;
        let path = |id: &temper_text::FileId| after.sources.file(*id).path().to_owned();
        let files: Vec<String> = group.project.files.iter().map(path).collect();
        let config = self.config(&tree, &files)?;
        Ok(Candidate { plan, config, files, changes, stack: after })
    }

    /// As [`Inputs::candidate`], of the stack as it was before `written`, whose files are there by now.
    ///
    /// # Errors
    /// As for [`Inputs::candidate`].
    pub fn candidate_instead(
        &self,
        project: usize,
        refusals: &[Refusal],
        written: &Candidate,
    ) -> Result<Candidate, CandidateError> {
        let mut gone = BTreeSet::new();
        let mut before = BTreeMap::new();
        for change in &written.changes {
            match &change.old {
                Some(old) => drop(before.insert(change.path.clone(), old.clone())),
                None => drop(gone.insert(change.path.clone())),
            }
        }
        let tree = OverlaidTree::new(self.tree, before).without(gone);
        Inputs { tree: &tree, ..*self }.candidate(project, refusals)
    }

    /// The merged project of some files, as Compose prints it.
    ///
    /// # Errors
    /// When Compose would refuse it.
    pub fn config(&self, tree: &dyn FileTree, files: &[String]) -> Result<Value, CandidateError> {
        let selection = ComposeSelection {
            files: files.to_vec(),
            // Every service, whatever profile it has: one that runs is hardened.
            profiles: vec!["*".to_owned()],
            env_files: self.load.env_files.clone(),
            project_name: self.load.project_name.clone(),
            project_directory: None,
            environment: self.environment.clone(),
        };
        compose::config(tree, &mut SourceMap::new(), &selection).map_err(CandidateError::Refused)
    }

    /// `temper.toml` with the refusals at its end; nothing when there are none.
    fn settings(&self, refusals: &[Refusal]) -> Option<FileChange> {
        if refusals.is_empty() {
            return None;
        }
        let old = self.tree.read(SETTINGS).ok();
        let mut new = old.clone().unwrap_or_default();
        for refusal in refusals {
            if !new.is_empty() {
                new.push_str(if new.ends_with('\n') { "\n" } else { "\n\n" });
            }
            new.push_str(&refusal.entry());
        }
        Some(FileChange { path: SETTINGS.to_owned(), old, new })
    }
}
