use std::fmt;
use std::path::Path;

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// Why a task did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong; the usage is printed after the message.
    Usage(String),
    /// A step failed; the message says what to do where that is known.
    Step(String),
}

impl Failure {
    pub(crate) fn step(message: impl Into<String>) -> Self {
        Self::Step(message.into())
    }

    /// `doing` names what was tried with `path`, as in `"write"`.
    pub(crate) fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::Step(format!("cannot {doing} {}: {error}", path.display()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Step(message) => f.write_str(message),
        }
    }
}
