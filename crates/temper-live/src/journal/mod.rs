//! The durable record of what temper changes, in `.temper/` of the stack. See docs/design/journal.md.

mod chain;
mod clock;
mod database;
mod error;
mod lock;
mod run;
mod store;

pub(crate) use chain::{link, sha256};
pub(crate) use clock::now;
pub use clock::utc;
pub use database::Journal;
pub use error::JournalError;
pub use lock::{Lock, Owner};
pub use run::{Left, Run, UndoReport};
pub use store::{RunRecord, RunState, StepRecord, StepState};

#[cfg(test)]
mod tests;
