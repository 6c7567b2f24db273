//! A hardened clone beside the running container: what cannot start costs no request.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::build::build;
use super::candidate::Candidate;
use super::data::{DataError, copies};
use super::derive::{CloneParts, DeriveError, clone, clone_key};
use super::judge::{Baseline, Verdict};
use super::ownership::{handovers, writer};
use super::session::{Observer, Session, tell};
use super::sweep::sweep_one;
use super::translate::{TranslateError, create};
use crate::action::Action;
use crate::engine::{EngineError, Inspect};

/// Why no clone could be tried. It says nothing about the hardening.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TrialError {
    /// No file could be derived for it.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// Compose or the engine would not make it.
    #[error(transparent)]
    Translate(#[from] TranslateError),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// There is no copy of its data.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The copy could not be given to the new user.
    #[error("the copy of its data cannot be given to its new user: {0}")]
    Owner(String),
}

/// How a service is tried.
pub(crate) struct Subject<'a> {
    pub(crate) service: &'a str,
    /// The container that runs.
    pub(crate) old: &'a Inspect,
    /// What it gave before.
    pub(crate) baseline: &'a Baseline,
    /// Ids of the running containers.
    pub(crate) peers: &'a BTreeMap<String, String>,
}

impl Session<'_> {
    /// The image of a service whose Dockerfile a candidate changes, built now; what was built before comes from the cache.
    pub(crate) fn built_image(
        &self,
        candidate: &Candidate,
        service: &str,
        observer: Observer<'_>,
    ) -> Result<Option<String>, TranslateError> {
        let Some(change) = candidate.changed_dockerfile(service, self.root) else { return Ok(None) };
        tell(observer, service, "building", change.path.clone());
        build(self.cli, self.engine, &self.directory, &self.run, &candidate.config, service, &change.new)
            .map(Some)
    }

    /// Tries a service as a candidate has it. Everything that was made for the trial is gone afterwards.
    pub(crate) fn try_candidate(
        &self,
        candidate: &Candidate,
        subject: &Subject<'_>,
        observer: Observer<'_>,
    ) -> Result<Verdict, TrialError> {
        let image = match self.built_image(candidate, subject.service, observer) {
            Ok(built) => built.unwrap_or_else(|| subject.old.image_id().to_owned()),
            // A Dockerfile that does not build is the fault of its change.
            Err(TranslateError::Compose(error)) => return Ok(Verdict::breaks(error.to_string())),
            Err(error) => return Err(error.into()),
        };
        self.try_config(&candidate.config, &image, subject)
    }

    /// Tries a service as it is: the trial that every failed one is compared with.
    pub(crate) fn try_unchanged(&self, now: &Value, subject: &Subject<'_>) -> Result<Verdict, TrialError> {
        self.try_config(now, subject.old.image_id(), subject)
    }

    fn try_config(&self, config: &Value, image: &str, subject: &Subject<'_>) -> Result<Verdict, TrialError> {
        let tried = self.start_and_judge(config, image, subject);
        sweep_one(self.engine, &self.scratch)?;
        tried
    }

    fn start_and_judge(
        &self,
        config: &Value,
        image: &str,
        subject: &Subject<'_>,
    ) -> Result<Verdict, TrialError> {
        let parts = copies(self.engine, &self.scratch, subject.old)?;
        self.make_new_volumes(config, subject, &parts)?;
        let file = clone(
            self.source(config, subject.service, image, subject.peers),
            &self.all_copies(config, subject, parts),
        )?;
        let key = clone_key(subject.service);
        let made = create(self.cli, self.engine, &self.directory, &self.scratch, &file, &key)?;
        self.give_copies(&made)?;
        if let Err(error) = self.engine.start(made.id()) {
            if error.is_unreachable() {
                return Err(error.into());
            }
            return Ok(Verdict::breaks(format!("it cannot be started: {error}")));
        }
        Ok(super::judge::clone(self, subject.baseline, made.id(), subject.old))
    }

    /// Named volumes that the candidate adds do not exist yet: the clone gets scratch ones.
    fn make_new_volumes(
        &self,
        config: &Value,
        subject: &Subject<'_>,
        parts: &CloneParts,
    ) -> Result<(), EngineError> {
        for name in new_volumes(config, subject, parts) {
            self.engine
                .create_volume(&self.scratch_volume(&name), &[(crate::names::SCRATCH, &self.scratch)])?;
        }
        Ok(())
    }

    fn all_copies(&self, config: &Value, subject: &Subject<'_>, mut parts: CloneParts) -> CloneParts {
        for name in new_volumes(config, subject, &parts) {
            let scratch = self.scratch_volume(&name);
            parts.volumes.insert(name, scratch);
        }
        parts
    }

    fn scratch_volume(&self, name: &str) -> String {
        format!("temper-{}-new-{name}", self.scratch)
    }

    /// The copies get the owner that the data would get.
    fn give_copies(&self, made: &Inspect) -> Result<(), TrialError> {
        let Some(writer) = writer(self.engine, made)? else { return Ok(()) };
        // No directory of the host is mounted writable in a clone, so nothing outside can be among these.
        let (ours, _) = handovers(made, &writer, Path::new("/nonexistent"))
            .map_err(|error| TrialError::Owner(error.to_string()))?;
        for found in ours {
            Action::ChangeOwner { path: found.path, entries: found.entries }
                .perform(self.engine, &self.run)
                .map_err(|error| TrialError::Owner(error.to_string()))?;
        }
        Ok(())
    }
}

/// Names of the volumes that a service gets and the running container does not have.
fn new_volumes(config: &Value, subject: &Subject<'_>, parts: &CloneParts) -> Vec<String> {
    let mut new: Vec<String> = Vec::new();
    let mounts = config["services"][subject.service]["volumes"].as_array();
    for mount in mounts.into_iter().flatten().filter(|mount| mount["type"] == "volume") {
        let Some(key) = mount["source"].as_str() else { continue };
        let name = config["volumes"][key]["name"].as_str().unwrap_or(key);
        if !parts.volumes.contains_key(name) && !new.iter().any(|known| known == name) {
            new.push(name.to_owned());
        }
    }
    new
}
