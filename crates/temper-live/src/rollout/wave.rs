//! Containers changed in place, with the old ones kept until the wave is judged.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::build::reference;
use super::derive::{DeriveError, translation};
use super::ownership::{handovers, writer};
use super::session::{Observer, Session};
use super::swap::{Place, kept_name, recipe, waiting_name};
use super::translate::{TranslateError, create};
use crate::action::{Action, OwnerEntry};
use crate::engine::{EngineError, Inspect};
use crate::journal::{JournalError, Run};

/// A container that was put in the place of another.
#[derive(Debug, Clone)]
pub(crate) struct Swapped {
    /// The service.
    pub(crate) service: String,
    /// The id of the new one.
    pub(crate) new: String,
}

/// Why a container could not be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SwapError {
    /// No file could be derived for it.
    #[error(transparent)]
    Derive(#[from] DeriveError),
    /// Compose or the engine would not make it.
    #[error(transparent)]
    Translate(#[from] TranslateError),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A step could not be recorded or taken.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The data cannot be looked at.
    #[error("{path}: {reason}")]
    Data {
        /// The directory.
        path: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// A directory of the host would have to change its owner.
    #[error(
        "{what} would have to change its owner ({files} entries), and it lies outside the stack: change it by hand, or allow it with --yes"
    )]
    Outside {
        /// The directory.
        what: String,
        /// Files and directories in it.
        files: usize,
    },
    /// The engine made no container.
    #[error("the engine made container {0} and does not know its id")]
    NoId(String),
}

/// What a service becomes.
#[derive(Debug, Clone)]
pub(crate) struct Become<'a> {
    pub(crate) service: &'a str,
    /// The merged project of the files as they are now on disk.
    pub(crate) config: &'a Value,
    /// The image, by id.
    pub(crate) image: &'a str,
    /// The hash that Compose would write.
    pub(crate) hash: &'a str,
    /// The files, as Compose writes them into the label.
    pub(crate) config_files: &'a str,
    /// Ids of the running containers.
    pub(crate) peers: &'a BTreeMap<String, String>,
    /// True when directories of the host outside the stack may change their owner.
    pub(crate) outside: bool,
}

impl Session<'_> {
    /// Puts a new container in the place of a running one: makes it, stops and renames the old one, hands over its data,
    /// and starts the new one under the real name. Each step is recorded before it is taken.
    pub(crate) fn swap(
        &self,
        run: &mut Run<'_>,
        observer: Observer<'_>,
        old: &Inspect,
        new: &Become<'_>,
    ) -> Result<Swapped, SwapError> {
        let source = self.source(new.config, new.service, new.image, new.peers);
        let file = translation(source)?;
        self.make_volumes(run, observer, new.config, &file)?;
        let owners = owners(old);
        let made = create(self.cli, self.engine, &self.directory, &self.scratch, &file, new.service)?;
        let place = Place {
            name: old.name().to_owned(),
            hash: new.hash.to_owned(),
            config_files: new.config_files.to_owned(),
        };
        let mut recipe = recipe(old, &made, &place);
        self.engine.remove(made.id(), true, true)?;
        // Compose names the image; the id is only told where the name points elsewhere by now.
        let reference = reference(new.config, new.service);
        if self.engine.image(&reference)?.is_some_and(|found| found.id == new.image) {
            recipe = recipe.image(&reference);
        }
        // An empty volume takes over the owner of the image's directory when a container is made with it.
        for (path, before, after) in changed_owners(&owners, old) {
            let entry = OwnerEntry { path: PathBuf::new(), old: before, new: after };
            run.take(Action::ChangeOwner { path, entries: vec![entry] }, observer)?;
        }
        recipe.name = waiting_name(old.name(), &self.run);
        let waiting = recipe.name.clone();
        let outcome = run.take(Action::CreateContainer { recipe }, observer)?;
        let id = outcome.container.ok_or(SwapError::NoId(waiting))?;
        run.take(Action::stop(self.engine, old.id(), None)?, observer)?;
        self.hand_over(run, observer, &id, new.outside)?;
        run.take(Action::rename(self.engine, old.id(), &kept_name(old.name(), &self.run))?, observer)?;
        run.take(Action::rename(self.engine, &id, old.name())?, observer)?;
        run.take(Action::start(self.engine, &id)?, observer)?;
        Ok(Swapped { service: new.service.to_owned(), new: id })
    }

    /// Named volumes that the plan has added. Compose would make them with these labels.
    fn make_volumes(
        &self,
        run: &mut Run<'_>,
        observer: Observer<'_>,
        config: &Value,
        file: &Value,
    ) -> Result<(), SwapError> {
        for (key, volume) in file["volumes"].as_object().into_iter().flatten() {
            let name = volume["name"].as_str().unwrap_or(key);
            if config["volumes"][key]["external"] == true || self.engine.volume(name)?.is_some() {
                continue;
            }
            let project = config["name"].as_str().unwrap_or_default();
            let labels = BTreeMap::from([
                (crate::names::PROJECT.to_owned(), project.to_owned()),
                ("com.docker.compose.volume".to_owned(), key.clone()),
            ]);
            run.take(Action::CreateVolume { name: name.to_owned(), labels }, observer)?;
        }
        Ok(())
    }

    /// Gives the data to the user of the new container, while neither of the two runs.
    fn hand_over(
        &self,
        run: &mut Run<'_>,
        observer: Observer<'_>,
        container: &str,
        outside: bool,
    ) -> Result<(), SwapError> {
        let container = self.engine.inspect(container)?;
        let Some(writer) = writer(self.engine, &container)? else { return Ok(()) };
        let unreadable = |reason| SwapError::Data { path: container.name().to_owned(), reason };
        let (mut ours, elsewhere) = handovers(&container, &writer, self.root).map_err(unreadable)?;
        if outside {
            ours.extend(elsewhere);
        } else if let Some(first) = elsewhere.first() {
            return Err(SwapError::Outside { what: first.what.clone(), files: first.entries.len() });
        }
        for found in ours {
            run.take(Action::ChangeOwner { path: found.path, entries: found.entries }, observer)?;
        }
        Ok(())
    }

    /// Removes the containers that this run has kept for the way back, also those of waves before it was interrupted.
    pub(crate) fn discard(
        &self,
        run: &mut Run<'_>,
        observer: Observer<'_>,
        project: &str,
    ) -> Result<(), SwapError> {
        let kept = kept_name("", &self.run);
        for found in self.engine.project(project)? {
            if found.name.ends_with(&kept) {
                run.take(Action::remove(self.engine, &found.id)?, observer)?;
            }
        }
        Ok(())
    }
}

/// Owner, group and mode of the roots of the volumes of a container, as far as they can be seen from here.
fn owners(container: &Inspect) -> BTreeMap<PathBuf, (u32, u32, u32)> {
    let mounts = container.at("/Mounts").and_then(Value::as_array);
    let volumes = mounts.into_iter().flatten().filter(|mount| mount["Type"] == "volume");
    let paths = volumes.filter_map(|mount| mount["Source"].as_str().map(PathBuf::from));
    paths
        .filter_map(|path| {
            let metadata = fs::symlink_metadata(&path).ok()?;
            Some((path, (metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)))
        })
        .collect()
}

/// A path with its owner, group and mode before and now.
type Changed = (PathBuf, (u32, u32, u32), (u32, u32, u32));

fn changed_owners(before: &BTreeMap<PathBuf, (u32, u32, u32)>, container: &Inspect) -> Vec<Changed> {
    let now = owners(container);
    let changed = before.iter().filter_map(|(path, old)| Some((path.clone(), *old, *now.get(path)?)));
    changed.filter(|(_, old, new)| old != new).collect()
}

/// The files as Compose writes them into the label: absolute, separated by commas.
pub(crate) fn config_files(root: &Path, files: &[String]) -> String {
    let all: Vec<String> = files.iter().map(|file| root.join(file).display().to_string()).collect();
    all.join(",")
}
