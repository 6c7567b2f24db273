use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::owner::{self, OwnerEntry};
use super::{ActionError, container, file, image, network, volume};
use crate::engine::{Engine, EngineError, Inspect};
use crate::recreate::Recipe;

/// One change of the engine or of a file, with all that is needed to take it and to take it back.
/// Texts of files and environment variables are in it: it is handled as a secret, only [`Action::describe`] is shown.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Writes a file.
    WriteFile {
        /// Absolute path.
        path: PathBuf,
        /// Its text before; `None`: there was no file.
        old: Option<String>,
        /// Its text afterwards.
        new: String,
        /// The mode of a file that was not there; one that was keeps its own.
        mode: u32,
    },
    /// Removes a file.
    RemoveFile {
        /// Absolute path.
        path: PathBuf,
        /// Its text.
        text: String,
        /// Its mode.
        mode: u32,
    },
    /// Gives an image a name that keeps it from being pruned.
    KeepImage {
        /// The image: `sha256:…`.
        image: String,
        /// The name: `temper/keep:…`.
        name: String,
    },
    /// Points a name to another image.
    TagImage {
        /// The name, with its tag.
        reference: String,
        /// The image it pointed to; `None`: there was no such name.
        old: Option<String>,
        /// The image it points to afterwards.
        new: String,
    },
    /// Takes a name from an image; the image goes with its last name, which cannot be taken back.
    RemoveImage {
        /// The name, with its tag.
        reference: String,
        /// The image it points to.
        image: String,
    },
    /// Makes a container, marked with the run, and does not start it.
    CreateContainer {
        /// What makes it.
        recipe: Recipe,
    },
    /// Starts a container.
    StartContainer {
        /// The container.
        container: Target,
    },
    /// Stops a container.
    StopContainer {
        /// The container.
        container: Target,
        /// Seconds until it is killed; `None`: its own grace period.
        seconds: Option<i32>,
    },
    /// Gives a container another name.
    RenameContainer {
        /// The container, with the name it had.
        container: Target,
        /// The name afterwards.
        to: String,
    },
    /// Removes a container. Its volumes stay.
    RemoveContainer {
        /// The container.
        container: Target,
        /// What it was: it is made again from this.
        inspect: Inspect,
    },
    /// Makes a container again that is gone, as it was and without a mark, and does not start it.
    RestoreContainer {
        /// The container that is gone.
        container: Target,
        /// What it was.
        inspect: Inspect,
        /// Containers that it shares something with and that have other ids by now.
        #[serde(default, skip_serializing_if = "Moved::is_empty")]
        moved: Moved,
    },
    /// Makes a network that is gone.
    CreateNetwork {
        /// Its name.
        name: String,
        /// The body of the request that creates it (`POST /networks/create`).
        body: Value,
    },
    /// Makes a volume, marked with the run.
    CreateVolume {
        /// Its name.
        name: String,
        /// Its labels, besides that of the run.
        labels: BTreeMap<String, String>,
    },
    /// Changes owner and mode of files.
    ChangeOwner {
        /// The directory that all entries are in; never left, also not through links.
        path: PathBuf,
        /// What changes.
        entries: Vec<OwnerEntry>,
    },
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Action({})", self.describe())
    }
}

/// A container that an action is about, as it was when the action was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// True when it ran.
    pub ran: bool,
}

impl Target {
    /// The container as it is now.
    #[must_use]
    pub fn of(inspect: &Inspect) -> Self {
        Self { id: inspect.id().to_owned(), name: inspect.name().to_owned(), ran: container::runs(inspect) }
    }
}

/// Containers that were removed and made again: the old id to the new one.
pub type Moved = HashMap<String, String>;

/// What came of an action that was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The id of the container that was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What was left as it is, with the reason, for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

/// What came of an action that was taken back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// False when nothing had to be done.
    pub changed: bool,
    /// The id of the container that stands for a removed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// What was left as it is, with the reason, for people: the state before is not back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

impl Undone {
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn changed() -> Self {
        Self { changed: true, ..Self::default() }
    }

    pub(super) fn left(reason: String) -> Self {
        Self { left: vec![reason], ..Self::default() }
    }
}

impl Action {
    /// Starts a container.
    ///
    /// # Errors
    /// When there is none.
    pub fn start(engine: &Engine, container: &str) -> Result<Self, EngineError> {
        Ok(Self::StartContainer { container: Target::of(&engine.inspect(container)?) })
    }

    /// Stops a container within `seconds`, or within its own grace period.
    ///
    /// # Errors
    /// When there is none.
    pub fn stop(engine: &Engine, container: &str, seconds: Option<i32>) -> Result<Self, EngineError> {
        Ok(Self::StopContainer { container: Target::of(&engine.inspect(container)?), seconds })
    }

    /// Gives a container another name.
    ///
    /// # Errors
    /// When there is none.
    pub fn rename(engine: &Engine, container: &str, to: &str) -> Result<Self, EngineError> {
        Ok(Self::RenameContainer { container: Target::of(&engine.inspect(container)?), to: to.to_owned() })
    }

    /// Removes a container.
    ///
    /// # Errors
    /// When there is none.
    pub fn remove(engine: &Engine, container: &str) -> Result<Self, EngineError> {
        let inspect = engine.inspect(container)?;
        Ok(Self::RemoveContainer { container: Target::of(&inspect), inspect })
    }

    /// Points a name to another image.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn tag(engine: &Engine, reference: &str, image: &str) -> Result<Self, EngineError> {
        let old = engine.image(reference)?.map(|image| image.id);
        Ok(Self::TagImage { reference: reference.to_owned(), old, new: image.to_owned() })
    }

    /// Takes the action, or does what is missing when it was taken already, wholly or by half. What is made is marked
    /// with the label of the run.
    ///
    /// # Errors
    /// When it cannot be taken; what was done of it so far is taken back by [`Action::undo`].
    pub fn perform(&self, engine: &Engine, run: &str) -> Result<Outcome, ActionError> {
        let done = |()| Outcome::default();
        match self {
            Self::WriteFile { path, old, new, mode } => {
                file::write(path, old.as_deref(), new, *mode).map(done)
            }
            Self::RemoveFile { path, text, .. } => file::remove(path, text).map(done),
            Self::KeepImage { image, name } => image::name(engine, image, name).map(done),
            Self::TagImage { reference, old, new } => {
                image::point(engine, reference, old.as_deref(), new).map(done)
            }
            Self::RemoveImage { reference, image } => {
                image::unname(engine, reference, image).map(|_| Outcome::default())
            }
            Self::CreateContainer { recipe } => {
                let id = container::create_marked(engine, recipe, run)?;
                Ok(Outcome { container: Some(id), left: Vec::new() })
            }
            Self::StartContainer { container } => Ok(engine.start(&container.id).map(done)?),
            Self::StopContainer { container, seconds } => {
                Ok(engine.stop(&container.id, *seconds).map(done)?)
            }
            Self::RenameContainer { container, to } => container::rename(engine, container, to).map(done),
            Self::RemoveContainer { container, .. } => {
                container::remove(engine, &container.id, false).map(done)
            }
            Self::RestoreContainer { container, inspect, moved } => {
                let id = container::replacement(engine, container, inspect, moved)?;
                Ok(Outcome { container: Some(id), left: Vec::new() })
            }
            Self::CreateNetwork { name, body } => network::create(engine, name, body).map(done),
            Self::CreateVolume { name, labels } => volume::create(engine, name, labels, run).map(done),
            Self::ChangeOwner { path, entries } => {
                let left = owner::change(path, entries, owner::Direction::Forth)?.left;
                Ok(Outcome { container: None, left })
            }
        }
    }

    /// Ends what an interrupted attempt to take the action has left under way. The engine goes on with a request when
    /// whoever sent it is killed: a container may appear or stop later. Asking for the same once more waits for that.
    ///
    /// # Errors
    /// When the engine has gone. That the action cannot be taken is no error here.
    pub fn settle(&self, engine: &Engine, run: &str) -> Result<(), ActionError> {
        let by_the_engine = matches!(
            self,
            Self::CreateContainer { .. }
                | Self::StartContainer { .. }
                | Self::StopContainer { .. }
                | Self::RenameContainer { .. }
                | Self::RemoveContainer { .. }
                | Self::RestoreContainer { .. }
                | Self::CreateNetwork { .. }
                | Self::CreateVolume { .. }
        );
        match by_the_engine.then(|| self.perform(engine, run)) {
            Some(Err(ActionError::Engine(error))) if error.is_unreachable() => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Takes the action back, wherever it was left: wholly taken, by half, or never. `moved` knows the containers that
    /// later actions of the run had removed.
    ///
    /// # Errors
    /// When it cannot be taken back now; it can be tried again.
    pub fn undo(&self, engine: &Engine, run: &str, moved: &Moved) -> Result<Undone, ActionError> {
        match self {
            Self::WriteFile { path, old, new, .. } => file::restore(path, old.as_deref(), new),
            Self::RemoveFile { path, text, mode } => file::bring_back(path, text, *mode),
            Self::KeepImage { image, name } => image::unkeep(engine, image, name),
            Self::TagImage { reference, old, new } => {
                image::point_back(engine, reference, old.as_deref(), new)
            }
            Self::RemoveImage { reference, image } => image::name_again(engine, reference, image),
            Self::CreateContainer { recipe } => container::remove_marked(engine, recipe, run),
            Self::StartContainer { container } => container::stop_again(engine, container, moved),
            Self::StopContainer { container, .. } => container::start_again(engine, container, moved),
            Self::RenameContainer { container, to } => container::rename_back(engine, container, to, moved),
            Self::RemoveContainer { container, inspect } => {
                container::make_again(engine, container, inspect, moved)
            }
            Self::RestoreContainer { container, inspect, .. } => {
                container::remove_replacement(engine, container, inspect)
            }
            Self::CreateNetwork { name, body } => network::remove(engine, name, body),
            Self::CreateVolume { name, .. } => volume::remove(engine, name, run),
            Self::ChangeOwner { path, entries } => owner::change(path, entries, owner::Direction::Back),
        }
    }
}
