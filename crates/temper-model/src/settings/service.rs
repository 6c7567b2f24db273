use std::collections::BTreeMap;

use super::Class;

/// What `temper.toml` says about one service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceSettings {
    /// Its class, in place of the one that is recognised.
    pub class: Option<Class>,
    /// User and group to run as.
    pub user: Option<(u32, u32)>,
    /// Paths in the container that it must be able to write.
    pub writable: Vec<String>,
    /// Size in bytes of the tmpfs on a path.
    pub tmpfs: BTreeMap<String, u64>,
    /// Capabilities that it needs, without `CAP_`, in capitals.
    pub capabilities: Vec<String>,
    /// `/dev/shm`, bytes.
    pub shm: Option<u64>,
    /// Memory limit, bytes.
    pub memory: Option<u64>,
    /// CPU limit as Compose takes it: `"0.5"`.
    pub cpus: Option<String>,
    /// Limit of processes and threads.
    pub pids: Option<u64>,
}

/// Every capability of Linux 6.12 (`include/uapi/linux/capability.h`), without `CAP_`.
pub(super) const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];
