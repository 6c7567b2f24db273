use crate::engine::EngineError;

/// Why an action could not be taken, or could not be taken back.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A file or a directory could not be changed.
    #[error("{path}: {reason}")]
    File {
        /// The file.
        path: String,
        /// What the system said, and what to do.
        reason: String,
    },
    /// The state is neither what it was nor what the action makes: somebody else changed it meanwhile.
    #[error("{what} was changed by somebody else: {found}; nothing was done to it")]
    Changed {
        /// What was changed.
        what: String,
        /// How it is found.
        found: String,
    },
}

impl ActionError {
    pub(super) fn file(path: &std::path::Path, error: impl std::fmt::Display) -> Self {
        Self::File { path: path.display().to_string(), reason: error.to_string() }
    }
}
