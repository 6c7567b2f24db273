use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::action::ActionError;

/// Why the journal cannot be used, or why a step could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The directory or a file in it cannot be used.
    #[error("{path}: {reason}")]
    Path {
        /// The path.
        path: String,
        /// What is wrong and what to do.
        reason: String,
    },
    /// Nothing can be written there.
    #[error(
        "{path} cannot be written: {reason}; nothing was changed. temper records each step before it takes it, so make the directory writable for this user"
    )]
    ReadOnly {
        /// The database.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The file system is full.
    #[error(
        "{path} cannot grow: the disk is full; the step was not taken. Free some space, then run `temper rollback` or `temper deploy --resume`"
    )]
    Full {
        /// The database.
        path: String,
    },
    /// It is not what was written.
    #[error(
        "{path} is damaged or was edited: {what}. It is not used any more. Restore it from a backup; or move it away (`mv {path} {path}.damaged`) and put the stack right by hand: containers that temper made carry the label io.temper.run, replaced ones have names that end in .temper-old"
    )]
    Damaged {
        /// The database.
        path: String,
        /// What does not fit.
        what: String,
    },
    /// A later version of temper wrote it.
    #[error(
        "{path} was written by a later version of temper (schema {found}, this one knows {known}); use that version, or a later one"
    )]
    Newer {
        /// The database.
        path: String,
        /// Its schema.
        found: i64,
        /// What this version knows.
        known: i64,
    },
    /// It does not belong to this user alone.
    #[error(
        "{path} is not used: {reason}. What is in it is done to the engine, so it must have been written by this user only; if it came with a repository, remove it, and if you copied it yourself, run `chmod 600 {path}` as its owner"
    )]
    Untrusted {
        /// The path.
        path: String,
        /// Whose it is, or who may read it.
        reason: String,
    },
    /// Somebody else rolls out.
    #[error("another temper is at work on this stack: {owner}; wait until it has ended")]
    Locked {
        /// Who and since when.
        owner: String,
    },
    /// A run was not finished.
    #[error(
        "run {run} was begun at {begun} and not finished; `temper deploy --resume` finishes it, `temper rollback` takes it back"
    )]
    Open {
        /// The run.
        run: String,
        /// When.
        begun: String,
    },
    /// A step failed.
    #[error("step {number} ({detail}) failed: {source}")]
    Step {
        /// Its number.
        number: u32,
        /// What it does.
        detail: String,
        /// Why.
        source: ActionError,
    },
    /// Anything else that SQLite said.
    #[error("{path}: {message}")]
    Database {
        /// The database.
        path: String,
        /// What it said.
        message: String,
    },
}

impl JournalError {
    pub(super) fn path(path: &Path, reason: impl std::fmt::Display) -> Self {
        Self::Path { path: path.display().to_string(), reason: reason.to_string() }
    }

    /// What the world did to a file of the journal.
    pub(super) fn io(path: &Path, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let shown = path.display().to_string();
        match error.kind() {
            ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
                Self::ReadOnly { path: shown, reason: error.to_string() }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path: shown },
            _ => Self::path(path, error),
        }
    }

    /// The engine is not there: exit status 3.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Step { source: ActionError::Engine(error), .. } if error.is_unreachable())
    }
}

/// Where the database is, to say so in errors.
#[derive(Debug, Clone)]
pub(super) struct Place(pub(super) PathBuf);

impl Place {
    pub(super) fn error(&self, error: &rusqlite::Error) -> JournalError {
        let path = self.0.display().to_string();
        let message = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => JournalError::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                JournalError::ReadOnly { path, reason: message }
            }
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                JournalError::Damaged { path, what: message }
            }
            _ => JournalError::Database { path, message },
        }
    }

    pub(super) fn damaged(&self, what: impl Into<String>) -> JournalError {
        JournalError::Damaged { path: self.0.display().to_string(), what: what.into() }
    }
}
