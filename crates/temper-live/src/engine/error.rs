use bollard::errors::Error;

/// What the engine refused, or why it cannot be asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum EngineError {
    /// Nobody answers at the address.
    #[error(
        "no container engine answers at {address}: {reason}; start Docker (`systemctl start docker`), or set DOCKER_HOST"
    )]
    Unreachable {
        /// The address.
        address: String,
        /// What the system said.
        reason: String,
    },
    /// The socket is there and this user may not use it.
    #[error(
        "{address}: permission denied; run temper as root or as a member of the group that owns the socket (often `docker`)"
    )]
    Forbidden {
        /// The address.
        address: String,
    },
    /// An address of a kind that is not supported.
    #[error("{address}: {reason}; expected unix:///path/to/docker.sock or tcp://host:port in DOCKER_HOST")]
    Address {
        /// The address.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no such container, image, network or volume.
    #[error("{what}: {message}")]
    NotFound {
        /// What was asked for.
        what: String,
        /// What the engine said.
        message: String,
    },
    /// It is in use, or the name is taken.
    #[error("{what}: {message}")]
    Conflict {
        /// What was asked for.
        what: String,
        /// What the engine said.
        message: String,
    },
    /// Anything else that the engine refused.
    #[error("{what}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// What the engine said.
        message: String,
    },
}

impl EngineError {
    /// True when the engine says that the thing does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// True when the engine itself is not there: exit status 3.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Forbidden { .. } | Self::Address { .. })
    }

    /// `what` is what was being done, such as "container shop-api-1".
    pub(super) fn of(error: Error, address: &str, what: &str) -> Self {
        let what = what.to_owned();
        match error {
            Error::DockerResponseServerError { status_code, message } => match status_code {
                404 => Self::NotFound { what, message },
                409 => Self::Conflict { what, message },
                _ => Self::Refused { what, message },
            },
            other => match io_kind(&other) {
                Some(std::io::ErrorKind::PermissionDenied) => Self::Forbidden { address: address.to_owned() },
                Some(_) => Self::Unreachable { address: address.to_owned(), reason: root_cause(&other) },
                None => Self::Refused { what, message: root_cause(&other) },
            },
        }
    }
}

/// The error of the connection below, when there is one: then the engine is not there.
fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<std::io::ErrorKind> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return Some(io.kind());
        }
        next = error.source();
    }
    None
}

fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
