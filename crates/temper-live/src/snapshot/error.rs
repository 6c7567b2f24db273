use crate::engine::EngineError;
use crate::journal::JournalError;

/// Why a snapshot could not be taken or returned to.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The journal could not be read or written, or a step failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A file of the stack cannot be read.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
}

impl SnapshotError {
    /// The engine is not there: exit status 3.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_unreachable(),
            Self::Journal(error) => error.is_unreachable(),
            Self::File { .. } => false,
        }
    }
}
