use serde::{Deserialize, Serialize};

/// Capability sets as bit masks; bit n is capability n of `linux/capability.h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// What a program it starts may inherit.
    pub inheritable: u64,
    /// What it may make effective.
    pub permitted: u64,
    /// What counts now.
    pub effective: u64,
    /// What it can ever get back.
    pub bounding: u64,
    /// What stays across `execve` without file capabilities.
    pub ambient: u64,
}

/// One process of a container, from `/proc/PID/status` (`man 5 proc_pid_status`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Number on the host.
    pub pid: u32,
    /// Number in the container's PID namespace.
    pub inner_pid: u32,
    /// Name of the program, at most 15 bytes. Arguments may hold secrets and are not read.
    pub name: String,
    /// Real, effective, saved and file system user, as the user namespace of the container numbers them.
    pub uids: [u32; 4],
    /// Real, effective, saved and file system group.
    pub gids: [u32; 4],
    /// Supplementary groups.
    pub groups: Vec<u32>,
    /// Capability sets.
    pub capabilities: Capabilities,
    /// `NoNewPrivs`.
    pub no_new_privileges: bool,
    /// `Seccomp`: 0 none, 1 strict, 2 filter.
    pub seccomp: u8,
    /// Label of the security module (`/proc/PID/attr/current`), when there is one.
    pub label: Option<String>,
}

/// One line of `/proc/PID/mountinfo` (`man 5 proc_pid_mountinfo`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MountEntry {
    /// Where it is mounted, as the container sees it.
    pub target: String,
    /// `overlay`, `tmpfs`, `ext4`, ...
    pub file_system: String,
    /// What is mounted, as the kernel names it.
    pub source: String,
    /// The part of the file system that is mounted (`/` for all of it).
    pub root: String,
    /// Options of the mount: `ro`, `nosuid`, `noexec`, ...
    pub options: Vec<String>,
    /// Options of the file system: `size=65536k`, `mode=755`, `uid=999`, ...
    pub super_options: Vec<String>,
}

impl Process {
    /// True when any of its user ids is that of root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.uids.contains(&0)
    }
}

impl MountEntry {
    /// True when nothing can be written there: the mount or its file system is read-only.
    #[must_use]
    pub fn read_only(&self) -> bool {
        [&self.options, &self.super_options].into_iter().any(|all| all.iter().any(|option| option == "ro"))
    }

    /// The value of an option such as `size` or `mode`, looked up in both lists.
    #[must_use]
    pub fn option(&self, key: &str) -> Option<&str> {
        let mut all = self.super_options.iter().chain(&self.options);
        all.find_map(|option| option.strip_prefix(key)?.strip_prefix('='))
    }

    /// True when the flag is set on the mount: `noexec`, `nosuid`, `nodev`.
    #[must_use]
    pub fn has(&self, flag: &str) -> bool {
        self.options.iter().any(|option| option == flag)
    }
}

/// What a control group allows, whichever version of control groups the host has. `None`: no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Memory, bytes.
    pub memory: Option<u64>,
    /// CPU time, as billionths of a CPU.
    pub nano_cpus: Option<u64>,
    /// Processes and threads.
    pub pids: Option<u64>,
}
