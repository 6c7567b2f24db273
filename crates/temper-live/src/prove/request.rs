use serde::{Deserialize, Serialize};
use temper_model::container::{Attempt, Capabilities, Process};

/// What one attempt process is to do; written to its standard input as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The id of the container.
    pub container: String,
    /// A process of it, as the host numbers it.
    pub pid: u32,
    /// Who to be.
    pub identity: Identity,
    /// Part of the name of every file that it makes, so that what a killed one left behind can be found.
    pub token: String,
    /// Paths at which to write.
    pub write: Vec<String>,
    /// Directories in which to run a new file.
    pub execute: Vec<String>,
    /// True to do nothing but remove what an earlier one with this token left behind in the paths.
    pub sweep: bool,
}

/// What makes a process allowed or not allowed to do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Real, effective, saved and file system user, as the container numbers them.
    pub uids: [u32; 4],
    /// Real, effective, saved and file system group.
    pub gids: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Capability sets.
    pub capabilities: Capabilities,
    /// No new privileges.
    pub no_new_privileges: bool,
}

impl From<&Process> for Identity {
    fn from(process: &Process) -> Self {
        Self {
            uids: process.uids,
            gids: process.gids,
            groups: process.groups.clone(),
            capabilities: process.capabilities,
            no_new_privileges: process.no_new_privileges,
        }
    }
}

/// What came of a [`Request`]; written to standard output as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// The attempts were made.
    Tried {
        /// What happened.
        attempts: Vec<Attempt>,
        /// Files that were made and could not be removed again.
        left: Vec<String>,
    },
    /// They could not be made: why, for people.
    Failed(String),
}
