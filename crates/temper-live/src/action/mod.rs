//! One change of the engine or of a file: what it does, how it is taken, how it is taken back.
//!
//! Taking and taking back look at the actual state first. So an action can be taken twice, and one that was taken by
//! half or never can be taken back: a tool that was killed anywhere needs only the record to put things right.

mod container;
mod describe;
mod error;
mod file;
mod image;
mod kind;
mod network;
mod owner;
mod volume;

pub(crate) use container::{runs, stands_for};
pub use error::ActionError;
pub use kind::{Action, Moved, Outcome, Target, Undone};
pub use owner::OwnerEntry;
