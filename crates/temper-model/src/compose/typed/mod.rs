//! The canonical tree to the types that everything else reads.

mod environment;
mod mounts;
mod read;
mod resources;
mod service;

pub(super) use environment::EnvironmentFiles;
pub(super) use read::Place;
pub(super) use service::service;
