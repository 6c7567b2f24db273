use std::io::ErrorKind;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use temper_model::container::{Limits, MountEntry, Observed, Process};

use super::host::Host;
use super::ids::IdMaps;
use super::table::ProcessTable;
use super::{limits, mounts, status};

/// Which container is looked at, and how to find its processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its id.
    pub id: String,
    /// Its first process, as the host numbers it.
    pub pid: u32,
    /// True when its PID namespace is that of the host or of another container: its control group tells them apart.
    pub shares_pids: bool,
}

/// What the kernel says of a container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelFacts {
    /// See [`temper_model::container::Container::processes`].
    pub processes: Observed<Vec<Process>>,
    /// See [`temper_model::container::Container::mounts`].
    pub mounts: Observed<Vec<MountEntry>>,
    /// See [`temper_model::container::Container::limits`].
    pub limits: Observed<Limits>,
    /// See [`temper_model::container::Container::host_namespaces`].
    pub host_namespaces: Observed<Vec<String>>,
}

impl KernelFacts {
    /// Nothing is known, for one reason.
    #[must_use]
    pub fn unknown(missing: &str) -> Self {
        Self {
            processes: Observed::Unknown(missing.to_owned()),
            mounts: Observed::Unknown(missing.to_owned()),
            limits: Observed::Unknown(missing.to_owned()),
            host_namespaces: Observed::Unknown(missing.to_owned()),
        }
    }
}

/// True when the control groups of a process are those of the container: their paths have its id in them, whatever
/// manager the engine uses (`/docker/ID`, `/system.slice/docker-ID.scope`, `/../ID` from inside another group).
pub(super) fn names_container(groups: &str, id: &str) -> bool {
    !id.is_empty() && groups.contains(id)
}

/// Looks at one container.
#[must_use]
pub fn kernel_facts(host: &dyn Host, table: &ProcessTable, target: &Target) -> KernelFacts {
    let path = format!("/proc/{}/cgroup", target.pid);
    let groups = match host.text(&path) {
        Ok(groups) if names_container(&groups, &target.id) => groups,
        Ok(_) => {
            return KernelFacts::unknown(&format!(
                "process {} of this machine is not that of the container: the engine runs elsewhere",
                target.pid
            ));
        }
        Err(error) => return KernelFacts::unknown(&format!("{path}: {error}")),
    };
    let mountinfo = format!("/proc/{}/mountinfo", target.pid);
    KernelFacts {
        processes: observed(processes(host, table, target)),
        mounts: observed(
            host.text(&mountinfo)
                .map_err(|error| format!("{mountinfo}: {error}"))
                .and_then(|text| mounts::mounts(&text)),
        ),
        limits: observed(limits::limits(host, &groups)),
        host_namespaces: observed(host_namespaces(host, target.pid)),
    }
}

fn observed<T>(result: Result<T, String>) -> Observed<T> {
    match result {
        Ok(value) => Observed::Known(value),
        Err(missing) => Observed::Unknown(missing),
    }
}

fn processes(host: &dyn Host, table: &ProcessTable, target: &Target) -> Result<Vec<Process>, String> {
    let pids = if target.shares_pids {
        table.in_cgroup_of(host, &target.id)
    } else {
        table.with(host, target.pid)?.to_vec()
    };
    let ids = IdMaps::read(host, target.pid)?;
    let mut found = Vec::new();
    for pid in pids {
        found.extend(started(host, pid)?.map(|process| ids.inside(process)));
    }
    found.sort_by_key(|process| (process.pid != target.pid, process.pid));
    match found.first() {
        Some(first) if first.pid == target.pid => Ok(found),
        _ => Err(format!("process {} has ended while it was looked at", target.pid)),
    }
}

/// A process once it is the container's own. For a moment, the start of a health check or of `docker exec` is still the
/// runtime's, without the filter and with all rights. It is waited for and never passed over: any program may call itself so.
fn started(host: &dyn Host, pid: u32) -> Result<Option<Process>, String> {
    const TURNS: u32 = 100;
    const TURN: Duration = Duration::from_millis(20);
    let mut process = process(host, pid)?;
    for _ in 0..TURNS {
        if !process.as_ref().is_some_and(|process| process.name.starts_with("runc:[")) {
            break;
        }
        std::thread::sleep(TURN);
        process = self::process(host, pid)?;
    }
    Ok(process)
}

/// One process; `None` when it has ended since the table was read.
fn process(host: &dyn Host, pid: u32) -> Result<Option<Process>, String> {
    let path = format!("/proc/{pid}/status");
    match host.text(&path) {
        Ok(text) => status::process(&text, label(host, pid)).map_err(|why| format!("{path}: {why}")),
        // ESRCH has no kind of its own.
        Err(error) if error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(3) => Ok(None),
        Err(error) => Err(format!("{path}: {error}")),
    }
}

/// The label of the security module; `None` where the kernel has none. AppArmor has a file of its own since 5.1, which
/// stays right when several modules are on.
fn label(host: &dyn Host, pid: u32) -> Option<String> {
    let own = host.text(&format!("/proc/{pid}/attr/apparmor/current"));
    let text = own.or_else(|_| host.text(&format!("/proc/{pid}/attr/current"))).ok()?;
    let label = text.trim_end_matches(['\0', '\n']);
    (!label.is_empty()).then(|| label.to_owned())
}

/// The process that started the first one of a container belongs to the engine and is in the namespaces of its host.
/// Process 1 would do too, but may have rights that this process lacks, and then hides its namespaces.
fn host_namespaces(host: &dyn Host, pid: u32) -> Result<Vec<String>, String> {
    const KINDS: [&str; 7] = ["mnt", "net", "pid", "ipc", "uts", "user", "cgroup"];
    let path = format!("/proc/{pid}/status");
    let text = host.text(&path).map_err(|error| format!("{path}: {error}"))?;
    let parent = text.lines().find_map(|line| line.strip_prefix("PPid:")).map(str::trim);
    let parent =
        parent.filter(|parent| *parent != "0").ok_or("the engine's process that started it is not seen")?;
    let mut shared = Vec::new();
    for kind in KINDS {
        let link = |pid: &str| {
            let path = format!("/proc/{pid}/ns/{kind}");
            host.link(&path).map_err(|error| format!("{path}: {error}"))
        };
        if link(&pid.to_string())? == link(parent)? {
            shared.push(kind.to_owned());
        }
    }
    Ok(shared)
}
