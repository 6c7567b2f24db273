use serde::{Deserialize, Serialize};

/// Attempts made with the identity of one or more processes of a container: user, groups, capability sets, no new
/// privileges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Effective user, as the container numbers it.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
    /// The processes that have this identity, as the container numbers them.
    #[serde(default)]
    pub processes: Vec<u32>,
    /// What was tried, and what happened.
    pub attempts: Vec<Attempt>,
}

impl Tried {
    /// What happened when a file was to be written at a path.
    #[must_use]
    pub fn write(&self, path: &str) -> Option<&PathAttempt> {
        self.attempts.iter().find_map(|attempt| match attempt {
            Attempt::Write(tried) if tried.path == path => Some(tried),
            _ => None,
        })
    }

    /// What happened when a file was to be run in a directory.
    #[must_use]
    pub fn execute(&self, path: &str) -> Option<&PathAttempt> {
        self.attempts.iter().find_map(|attempt| match attempt {
            Attempt::Execute(tried) if tried.path == path => Some(tried),
            _ => None,
        })
    }
}

/// Something that was really tried with the identity of the service, and what the kernel answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Attempt {
    /// A new file was created in a directory, written, and removed again.
    Write(PathAttempt),
    /// A new file in a directory was made executable and run.
    Execute(PathAttempt),
    /// A program with the set-user-id bit of root was run; done means that it ran with user 0.
    SetUserId {
        /// What happened.
        outcome: Outcome,
    },
    /// `setuid(0)` was called.
    BecomeRoot {
        /// What happened.
        outcome: Outcome,
    },
    /// A raw socket was opened (`CAP_NET_RAW`).
    RawSocket {
        /// What happened.
        outcome: Outcome,
    },
    /// A file system was mounted (`CAP_SYS_ADMIN`).
    Mount {
        /// What happened.
        outcome: Outcome,
    },
    /// A device node was made (`CAP_MKNOD`).
    DeviceNode {
        /// What happened.
        outcome: Outcome,
    },
    /// A user namespace was made: Docker's default seccomp profile refuses it.
    UserNamespace {
        /// What happened.
        outcome: Outcome,
    },
    /// `personality(ADDR_NO_RANDOMIZE)` was called: it needs no privilege, and Docker's default seccomp profile refuses
    /// it whatever capabilities are held (moby, `profiles/seccomp/default_linux.go`).
    Personality {
        /// What happened.
        outcome: Outcome,
    },
}

/// An attempt at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathAttempt {
    /// The path that was asked for, as the container sees it.
    pub path: String,
    /// The path that was tried, when another: the nearest directory above that exists.
    #[serde(default)]
    pub at: Option<String>,
    /// What happened.
    pub outcome: Outcome,
}

/// What happened at an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", content = "reason", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done, and undone.
    Done,
    /// The kernel refused: the name of its error, such as `EROFS`, `EACCES`, `EPERM`.
    Refused(String),
    /// It could not be tried: why, for people.
    NotTried(String),
}
