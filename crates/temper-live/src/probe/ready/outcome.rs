use std::fmt;

use serde::{Deserialize, Serialize};

use super::Evidence;

/// Whether a container came up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Readiness {
    /// It works, and went on doing so for long enough.
    Ready {
        /// What shows it.
        by: ReadyBy,
        /// From the beginning of the wait, milliseconds.
        after_ms: u64,
    },
    /// It does not.
    NotReady {
        /// Why.
        reason: NotReady,
        /// What was seen of it.
        evidence: Box<Evidence>,
        /// From the beginning of the wait, milliseconds.
        after_ms: u64,
    },
}

impl Readiness {
    /// True when it works.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready { .. })
    }
}

/// What shows that a container works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadyBy {
    /// Its own health check.
    Health,
    /// All ports that answered before.
    Ports(Vec<u16>),
    /// Its process runs; nothing else can be seen.
    Process,
    /// It was a job and ended with status 0.
    Ended,
}

/// Why a container did not come up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotReady {
    /// Its process ended.
    Exited,
    /// Its restart policy started it again: so often.
    Restarting(u64),
    /// Its health check failed as often as it may.
    Unhealthy,
    /// Its health check had no result in time: seconds waited.
    HealthUnanswered(u64),
    /// A port that answered before does not.
    PortClosed {
        /// The port.
        port: u16,
        /// What happens there, for people.
        reason: String,
    },
    /// It stopped working again before it had worked for long enough.
    Unsteady,
    /// The container does not exist.
    Gone,
    /// It is in a state in which it cannot work, in the engine's word: `paused`, `created`, `dead`.
    State(String),
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited => f.write_str("its process ended"),
            Self::Restarting(count) => write!(f, "it ends again and again (restarts: {count})"),
            Self::Unhealthy => f.write_str("its health check fails"),
            Self::HealthUnanswered(seconds) => write!(f, "its health check has no result after {seconds} s"),
            Self::PortClosed { port, reason } => write!(f, "port {port} does not answer: {reason}"),
            Self::Unsteady => f.write_str("it worked and stopped working"),
            Self::Gone => f.write_str("the container does not exist"),
            Self::State(state) => write!(f, "the container is {state}"),
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready { by: ReadyBy::Health, .. } => f.write_str("healthy"),
            Self::Ready { by: ReadyBy::Ports(_), .. } => f.write_str("its ports answer"),
            Self::Ready { by: ReadyBy::Process, .. } => f.write_str("its process runs"),
            Self::Ready { by: ReadyBy::Ended, .. } => f.write_str("it ended with status 0"),
            Self::NotReady { reason, evidence, .. } => {
                write!(f, "{reason}")?;
                match evidence.exit() {
                    Some(exit) => write!(f, " ({exit})"),
                    None => Ok(()),
                }
            }
        }
    }
}
