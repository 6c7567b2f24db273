use temper_model::SettingsError;

/// The world's fault, told to the user: what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The arguments cannot be carried out.
    #[error("{0}")]
    Usage(String),
    /// `temper.toml` is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The change could not be planned.
    #[error(transparent)]
    Plan(#[from] temper_plan::PlanError),
    /// The container engine is not there, or refused something.
    #[error(transparent)]
    Engine(#[from] temper_live::engine::EngineError),
    /// A file cannot be written.
    #[error("failed to write {path}: {reason}")]
    Write {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The engine, Compose or another program outside is needed and not there.
    #[error("{0}")]
    Needed(String),
    /// The reader of our output has gone away (`temper scan | head`): nobody is left to tell.
    #[error("the output was closed")]
    Closed,
}

impl Error {
    /// How a command ends that met this error.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Engine(_) | Self::Needed(_) => Exit::Unavailable,
            _ => Exit::BadInput,
        }
    }
}

/// How a command ended. The numbers are a contract (DESIGN.md, command line).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Proven clean, or done.
    Clean,
    /// Findings at or above `--fail-on`.
    Findings,
    /// Bad input: something could not be read, or a fix cannot be written.
    BadInput,
    /// Something outside, such as the container engine, is needed and not there.
    Unavailable,
    /// The stack is as it was before.
    RolledBack,
}

impl Exit {
    /// The exit status.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::BadInput => 2,
            Self::Unavailable => 3,
            Self::RolledBack => 4,
        }
    }
}
