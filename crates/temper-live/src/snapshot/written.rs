use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Snapshot;
use crate::action::{Action, OwnerEntry};
use crate::journal::{Journal, JournalError, StepState};

/// What runs have changed since a snapshot and not taken back. Only this is restored: what somebody else changed is theirs.
#[derive(Default)]
pub(super) struct Written {
    /// Files: the text before the first change, and after the last.
    pub(super) files: BTreeMap<PathBuf, (Option<String>, Option<String>)>,
    /// Names of images, in the same way.
    pub(super) images: BTreeMap<String, (Option<String>, Option<String>)>,
    /// Owners, group and modes of the files in a directory, in the same way; parents come before what is in them.
    pub(super) owners: BTreeMap<PathBuf, BTreeMap<PathBuf, OwnerEntry>>,
}

impl Written {
    pub(super) fn since(journal: &Journal, snapshot: &Snapshot) -> Result<Self, JournalError> {
        let mut written = Self::default();
        let mut runs = journal.runs()?;
        runs.retain(|run| run.number > snapshot.head.runs_before);
        for run in runs.iter().rev() {
            for step in run.steps.iter().filter(|step| step.state != StepState::Undone) {
                written.add(&step.action);
            }
        }
        Ok(written)
    }

    fn add(&mut self, action: &Action) {
        match action {
            Action::WriteFile { path, old, new, .. } => {
                self.files.entry(path.clone()).or_insert_with(|| (old.clone(), None)).1 = Some(new.clone());
            }
            Action::RemoveFile { path, text, .. } => {
                self.files.entry(path.clone()).or_insert_with(|| (Some(text.clone()), None)).1 = None;
            }
            Action::TagImage { reference, old, new } => {
                let known = self.images.entry(reference.clone()).or_insert_with(|| (old.clone(), None));
                known.1 = Some(new.clone());
            }
            Action::RemoveImage { reference, image } => {
                let known =
                    self.images.entry(reference.clone()).or_insert_with(|| (Some(image.clone()), None));
                known.1 = None;
            }
            Action::ChangeOwner { path, entries } => {
                let known = self.owners.entry(path.clone()).or_default();
                for entry in entries {
                    known.entry(entry.path.clone()).or_insert_with(|| entry.clone()).new = entry.new;
                }
            }
            _ => {}
        }
    }
}
