/// Why the Compose command line cannot be used, or what it refused.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ComposeError {
    /// There is none.
    #[error(
        "Docker Compose v2 is not there: neither `docker compose` nor `docker-compose` runs; install the package docker-compose-plugin (or docker-compose-v2), or name the program in TEMPER_COMPOSE"
    )]
    Missing,
    /// It is the old one, written in Python, which cannot read the files that temper writes.
    #[error(
        "`{program}` is Docker Compose {version}; version 2 is needed: install the package docker-compose-plugin (or docker-compose-v2)"
    )]
    Old {
        /// The program.
        program: String,
        /// Its version.
        version: String,
    },
    /// It could not be started.
    #[error("`{program}` cannot be started: {reason}")]
    Start {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// It ended with an error.
    #[error("`{command}` failed: {message}")]
    Failed {
        /// The command, shortened.
        command: String,
        /// The end of what it wrote.
        message: String,
    },
}
