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
