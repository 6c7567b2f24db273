use std::fmt;

use serde::{Deserialize, Serialize};

/// A sign that the kernel, or what stands before it, refused something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sign {
    /// `EROFS`.
    ReadOnlyFileSystem,
    /// `EACCES`.
    PermissionDenied,
    /// `EPERM`.
    OperationNotPermitted,
    /// Killed by `SIGSYS`: a system call filter forbids the call.
    BadSystemCall,
    /// Killed for memory, or an allocation failed.
    OutOfMemory,
    /// `ENOSPC`, on a tmpfs its size.
    NoSpace,
    /// `SIGBUS`: memory shared through a file system that is full, mostly `/dev/shm`.
    BusError,
    /// A program or library lies on a file system that is mounted `noexec`.
    NotExecutable,
    /// No further process or thread may be started.
    TooManyProcesses,
}

impl Sign {
    /// Every sign.
    pub const ALL: [Self; 9] = [
        Self::ReadOnlyFileSystem,
        Self::PermissionDenied,
        Self::OperationNotPermitted,
        Self::BadSystemCall,
        Self::OutOfMemory,
        Self::NoSpace,
        Self::BusError,
        Self::NotExecutable,
        Self::TooManyProcesses,
    ];

    /// The sign that a log line gives. The texts are those of `strerror` in the C libraries, of Go (lower case), of
    /// Python (`[Errno 30]`), Node.js (`EROFS:`) and Java.
    #[must_use]
    pub fn of_line(line: &str) -> Option<Self> {
        let lower = line.to_ascii_lowercase();
        let has = |text: &str| lower.contains(text);
        let word = |name: &str| {
            line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == name)
        };
        if has("read-only file system") || word("EROFS") || has("[errno 30]") {
            return Some(Self::ReadOnlyFileSystem);
        }
        if has("bad system call") || word("SIGSYS") {
            return Some(Self::BadSystemCall);
        }
        let start = has("fork") || has("thread") || has("clone");
        if has("can't start new thread")
            || has("unable to create native thread")
            || (start && has("resource temporarily unavailable"))
        {
            return Some(Self::TooManyProcesses);
        }
        if has("failed to map segment from shared object") {
            return Some(Self::NotExecutable);
        }
        if has("no space left on device") || word("ENOSPC") {
            return Some(Self::NoSpace);
        }
        if has("operation not permitted") || word("EPERM") || has("[errno 1]") {
            return Some(Self::OperationNotPermitted);
        }
        if denied(&lower) || word("EACCES") || word("AccessDeniedException") || has("[errno 13]") {
            return Some(Self::PermissionDenied);
        }
        if has("bus error") || word("SIGBUS") {
            return Some(Self::BusError);
        }
        let memory = ["out of memory", "cannot allocate memory", "outofmemoryerror", "oom-kill"];
        if memory.iter().any(|text| has(text)) || word("MemoryError") {
            return Some(Self::OutOfMemory);
        }
        None
    }

    /// The sign that the end of a process gives.
    #[must_use]
    pub fn of_exit(exit_code: i64, oom_killed: bool) -> Option<Self> {
        match exit_code {
            _ if oom_killed => Some(Self::OutOfMemory),
            // A shell reports the signal as 128 + its number; so does the engine.
            159 => Some(Self::BadSystemCall),
            135 => Some(Self::BusError),
            126 => Some(Self::PermissionDenied),
            _ => None,
        }
    }

    /// The controls that can cause it, the likeliest first: what a bisection tries to leave out first.
    #[must_use]
    pub fn suspects(self) -> &'static [&'static str] {
        match self {
            Self::ReadOnlyFileSystem => &["read-only-rootfs", "writable-paths"],
            Self::PermissionDenied => &[
                "non-root-user",
                "volume-ownership",
                "drop-capabilities",
                "tmpfs-options",
                "apparmor-profile",
            ],
            Self::OperationNotPermitted => {
                &["drop-capabilities", "no-new-privileges", "seccomp-profile", "non-root-user"]
            }
            Self::BadSystemCall => &["seccomp-profile"],
            Self::OutOfMemory => &["resource-limits", "tmpfs-budget"],
            Self::NoSpace => &["writable-paths", "tmpfs-options", "shared-memory"],
            Self::BusError => &["shared-memory", "tmpfs-options"],
            Self::NotExecutable => &["tmpfs-options", "writable-paths"],
            Self::TooManyProcesses => &["resource-limits"],
        }
    }
}

/// `strerror` says nothing after the words; PostgreSQL's `permission denied for table x` is about its own rights.
fn denied(lower: &str) -> bool {
    let mut at = lower.match_indices("permission denied");
    at.any(|(at, text)| !lower[at + text.len()..].starts_with(" for "))
}

impl fmt::Display for Sign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ReadOnlyFileSystem => "read-only file system (EROFS)",
            Self::PermissionDenied => "permission denied (EACCES)",
            Self::OperationNotPermitted => "operation not permitted (EPERM)",
            Self::BadSystemCall => "forbidden system call (SIGSYS)",
            Self::OutOfMemory => "out of memory",
            Self::NoSpace => "no space left (ENOSPC)",
            Self::BusError => "bus error (SIGBUS)",
            Self::NotExecutable => "not executable there (noexec)",
            Self::TooManyProcesses => "no further process or thread (EAGAIN)",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Sign;

    #[test]
    fn every_suspect_is_a_control() {
        let known: Vec<&str> =
            temper_controls::controls::ALL.iter().map(|control| control.meta().id).collect();
        for sign in Sign::ALL {
            assert!(!sign.suspects().is_empty());
            for suspect in sign.suspects() {
                assert!(known.contains(suspect), "{sign}: {suspect}");
            }
        }
    }

    #[test]
    fn the_end_of_a_process_tells_who_ended_it() {
        assert_eq!(Sign::of_exit(137, true), Some(Sign::OutOfMemory));
        assert_eq!(Sign::of_exit(137, false), None);
        assert_eq!(Sign::of_exit(159, false), Some(Sign::BadSystemCall));
        assert_eq!(Sign::of_exit(1, false), None);
    }
}
