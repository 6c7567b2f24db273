use std::collections::HashMap;
use std::io::ErrorKind;

use super::host::Host;

/// Which process is in which PID namespace, read once for all containers.
#[derive(Debug, Default)]
pub struct ProcessTable {
    by_namespace: HashMap<String, Vec<u32>>,
    all: Vec<u32>,
    /// Processes of other PID namespaces than that of this process, which hide from this user in which they are.
    hidden: Vec<u32>,
}

impl ProcessTable {
    /// Reads `/proc`.
    ///
    /// # Errors
    /// When `/proc` itself cannot be listed.
    pub fn read(host: &dyn Host) -> Result<Self, String> {
        let names = host.names("/proc").map_err(|error| format!("/proc: {error}"))?;
        let mut table =
            Self { all: names.iter().filter_map(|name| name.parse().ok()).collect(), ..Self::default() };
        table.all.sort_unstable();
        for pid in &table.all {
            match host.link(&format!("/proc/{pid}/ns/pid")) {
                Ok(namespace) => table.by_namespace.entry(namespace).or_default().push(*pid),
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                    // A process with rights that this one lacks, such as the first of the host, hides its namespaces.
                    if !is_of_own_namespace(host, *pid) {
                        table.hidden.push(*pid);
                    }
                }
                // It has ended since.
                Err(_) => {}
            }
        }
        Ok(table)
    }

    /// The processes in the PID namespace of one.
    ///
    /// # Errors
    /// Why that is not known.
    pub(super) fn with(&self, host: &dyn Host, pid: u32) -> Result<&[u32], String> {
        let link = format!("/proc/{pid}/ns/pid");
        let namespace = host.link(&link).map_err(|error| format!("{link}: {error}"))?;
        if let Some(hidden) = self.hidden.first() {
            return Err(format!("process {hidden} of the host hides its namespaces from this user"));
        }
        Ok(self.by_namespace.get(&namespace).map_or(&[], Vec::as_slice))
    }

    /// The processes in the control groups of a container, for one that shares its PID namespace with others.
    pub(super) fn in_cgroup_of(&self, host: &dyn Host, id: &str) -> Vec<u32> {
        let inside = |pid: &&u32| {
            host.text(&format!("/proc/{pid}/cgroup")).is_ok_and(|groups| super::names_container(&groups, id))
        };
        self.all.iter().filter(inside).copied().collect()
    }
}

/// True when a process is in the PID namespace of this one: then it has one number only. Everybody may read that.
fn is_of_own_namespace(host: &dyn Host, pid: u32) -> bool {
    let text = host.text(&format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = text.lines().find_map(|line| line.strip_prefix("NSpid:"));
    numbers.is_some_and(|numbers| numbers.split_whitespace().count() == 1)
}
