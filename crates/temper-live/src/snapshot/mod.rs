//! What a rollout can return to: containers, images, files, volumes and networks as they were, and how to get there.

mod capture;
mod check;
mod endpoint;
mod error;
mod restore;
mod state;
mod store;
mod written;

pub use capture::{Scope, capture};
pub use check::{Check, check, wait_until_well};
pub use endpoint::{EndpointCheck, endpoints};
pub use error::SnapshotError;
pub use restore::{Restored, Restoring, restore};
pub use state::{EndpointState, FileState, ImageState, State, VolumeState};
pub use store::{Snapshot, SnapshotHead};
