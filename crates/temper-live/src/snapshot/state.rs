use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::Inspect;
use crate::probe::{Answer, Endpoint};

/// A stack at one moment. Environment variables and texts of files are in it: it is handled as a secret.
#[derive(Clone, Default, PartialEq)]
pub struct State {
    /// The Compose project.
    pub project: String,
    /// Compose files, Dockerfiles, settings.
    pub files: Vec<FileState>,
    /// Names of the images that the containers use.
    pub images: Vec<ImageState>,
    /// The containers, in the order in which they were started; those that never ran come last.
    pub containers: Vec<Inspect>,
    /// The volumes that they use.
    pub volumes: Vec<VolumeState>,
    /// The networks that they are in, in the form of the Engine API (`GET /networks/{id}`).
    pub networks: Vec<Value>,
    /// How endpoints answered.
    pub endpoints: Vec<EndpointState>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("project", &self.project).finish_non_exhaustive()
    }
}

/// How an endpoint answered at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointState {
    /// The container that was asked, by name.
    pub container: String,
    /// What was asked.
    pub endpoint: Endpoint,
    /// The answers; several show what varies from one to the next.
    pub answers: Vec<Answer>,
}

/// A file at one moment.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileState {
    /// Absolute path.
    pub path: PathBuf,
    /// SHA-256 of its bytes, in hexadecimal digits; `None`: there was no file.
    pub sha256: Option<String>,
    /// Its text; `None` when there was no file or it is no UTF-8.
    pub text: Option<String>,
    /// Its mode, without the type.
    pub mode: u32,
}

impl std::fmt::Debug for FileState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileState")
            .field("path", &self.path)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

/// A name of an image at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageState {
    /// The name with its tag; `None` for an image without one.
    pub reference: Option<String>,
    /// The image: `sha256:…`.
    pub id: String,
}

/// A volume at one moment; not what is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeState {
    /// Its name.
    pub name: String,
    /// Its driver: `local`.
    pub driver: String,
    /// Where it is on the host.
    pub mountpoint: PathBuf,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// User, group and mode of its root; `None` where that cannot be seen (another machine, no permission).
    pub owner: Option<(u32, u32, u32)>,
}
