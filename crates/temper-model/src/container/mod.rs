//! What was observed of a running container: facts of the engine, of the kernel, and the results of attempts.
//!
//! Nothing here is read from a file of the stack. The data is gathered by the live side and judged by the `container`
//! hooks of the controls, which do no I/O; it also crosses the boundary to a helper process, hence serde.

mod attempt;
mod capability;
mod kernel;
mod settings;

pub use capability::CAPABILITIES;
use serde::{Deserialize, Serialize};

pub use attempt::{Attempt, Outcome, PathAttempt, Tried};
pub use kernel::{Capabilities, Limits, MountEntry, Process};
pub use settings::{
    ContainerMount, ContainerSettings, Device, Health, Identity, PublishedPort, State, hash_of,
};

/// Something that was observed, or why it could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed<T> {
    /// It was observed.
    Known(T),
    /// It was not: what is missing, for people, such as "temper runs as user 1000: reading /proc/812/root needs root".
    Unknown(String),
}

impl<T> Observed<T> {
    /// The value, when it was observed.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    /// The value, or what is missing.
    ///
    /// # Errors
    /// What is missing, when it was not observed.
    pub fn get(&self) -> Result<&T, &str> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Unknown(missing) => Err(missing),
        }
    }
}

/// One container, as the engine and the kernel show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Container {
    /// What it is and what it belongs to.
    pub identity: Identity,
    /// Whether and since when it runs.
    pub state: State,
    /// What the engine was told to run (`docker inspect`).
    pub settings: ContainerSettings,
    /// Every process in its PID namespace, read from `/proc` of the host. The first is its process 1.
    pub processes: Observed<Vec<Process>>,
    /// The mount table that its first process sees (`/proc/PID/mountinfo`).
    pub mounts: Observed<Vec<MountEntry>>,
    /// What its control group allows.
    pub limits: Observed<Limits>,
    /// What happened when things were tried as its user, inside its namespaces.
    pub attempts: Observed<Vec<Tried>>,
    /// Namespaces that its first process shares with the engine's process that started it, by their names in `/proc/PID/ns`: `net`,
    /// `pid`, `ipc`, `uts`, `user`, `cgroup`, `mnt`.
    pub host_namespaces: Observed<Vec<String>>,
    /// What happened when things were tried in a sibling: a second container with the same host configuration, image and
    /// user. Only there the system call filter, the security module's label and the device group are those of the service.
    pub sibling: Observed<Vec<Attempt>>,
}

impl Container {
    /// The mount that holds a path: the deepest, and of several on one directory the last, which hides the others.
    #[must_use]
    pub fn mount_of<'m>(mounts: &'m [MountEntry], path: &str) -> Option<&'m MountEntry> {
        let holds = |mount: &&MountEntry| {
            mount.target == "/"
                || path
                    .strip_prefix(mount.target.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        // `max_by_key` gives the last of equals.
        mounts.iter().filter(holds).max_by_key(|mount| mount.target.len())
    }
}
