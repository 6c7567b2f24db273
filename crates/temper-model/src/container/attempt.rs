use serde::{Deserialize, Serialize};

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
    /// The kernel keyring was asked for: Docker's default seccomp profile refuses it, whatever capabilities are held.
    Keyring {
        /// What happened.
        outcome: Outcome,
    },
}

/// An attempt at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathAttempt {
    /// The directory, as the container sees it.
    pub path: String,
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
