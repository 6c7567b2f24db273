use std::fs::File;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, setns, unshare};

/// Namespaces in the order in which they are entered: the user namespace first, because it decides over the rights in the
/// others, and the mounts last, because after it every path is that of the container.
const KINDS: [(&str, CloneFlags); 7] = [
    ("user", CloneFlags::CLONE_NEWUSER),
    ("net", CloneFlags::CLONE_NEWNET),
    ("ipc", CloneFlags::CLONE_NEWIPC),
    ("uts", CloneFlags::CLONE_NEWUTS),
    ("cgroup", CloneFlags::CLONE_NEWCGROUP),
    ("pid", CloneFlags::CLONE_NEWPID),
    ("mnt", CloneFlags::CLONE_NEWNS),
];

/// Where the private scratch file system is mounted: every engine mounts `/sys` in every container.
pub(super) const SCRATCH: &str = "/sys";

/// Enters the namespaces of a container, with a mount table of its own: what is mounted from now on, nobody else sees.
///
/// # Errors
/// Why it could not be entered, for people.
pub(super) fn enter(id: &str, pid: u32) -> Result<(), String> {
    let mut namespaces = Vec::new();
    for (kind, flag) in KINDS {
        let path = format!("/proc/{pid}/ns/{kind}");
        let theirs = std::fs::read_link(&path).map_err(|error| format!("{path}: {error}"))?;
        let own = std::fs::read_link(format!("/proc/self/ns/{kind}")).map_err(|error| error.to_string())?;
        if theirs == own {
            continue;
        }
        let file = File::open(&path).map_err(|error| format!("{path}: {error}"))?;
        namespaces.push((kind, flag, file));
    }
    if !namespaces.iter().any(|(kind, ..)| *kind == "mnt") {
        return Err(format!("process {pid} has the mounts of the host: it is in no container"));
    }
    // The files keep the namespaces. Now that they are open, the number must still be that of the container.
    let groups = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap_or_default();
    if id.is_empty() || !groups.contains(id) {
        return Err(format!("process {pid} is no longer one of the container"));
    }
    for (kind, flag, file) in &namespaces {
        setns(file, *flag).map_err(|error| format!("entering the {kind} namespace: {error}"))?;
    }
    unshare(CloneFlags::CLONE_NEWNS).map_err(|error| format!("making a private mount table: {error}"))?;
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)
        .map_err(|error| format!("making the mounts private: {error}"))
}

/// Mounts a small file system that only this process sees. It obeys set-user-id bits and device files, so that what is
/// tried there fails for lack of rights and for no other reason.
///
/// # Errors
/// Why it could not be mounted.
pub(super) fn mount_scratch() -> Result<(), String> {
    mount(Some("tmpfs"), SCRATCH, Some("tmpfs"), MsFlags::empty(), Some("mode=1777,size=1m"))
        .map_err(|error| format!("mounting a scratch file system: {error}"))
}
