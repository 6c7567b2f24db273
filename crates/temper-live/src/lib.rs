//! Everything that touches running containers: the engine, the kernel, the Compose command line, the journal.
//!
//! This is the only crate that talks to the outside, and it knows nothing of terminals: progress is told as [`Event`]s.
//! [`engine::Engine`] hides that the engine's client is asynchronous, so everything above it is plain sequential code.

pub mod action;
pub mod compose_cli;
pub mod engine;
mod event;
pub mod journal;
pub mod names;
pub mod observe;
pub mod probe;
pub mod prove;
pub mod recreate;
pub mod rollback;
pub mod rollout;
pub mod snapshot;
mod verify;

pub use event::Event;
pub use verify::{Drift, Verified, Verifier};
