use temper_model::container::{Container, MountEntry};

/// Directories of a root file system that programs and attackers write to; those that are not there are tried at the
/// nearest directory above.
const OF_ROOT: [&str; 12] =
    ["/", "/bin", "/etc", "/home", "/opt", "/root", "/run", "/srv", "/tmp", "/usr", "/usr/local", "/var"];

/// Where things are tried in a container.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    /// Paths at which to write.
    pub(super) write: Vec<String>,
    /// Directories in which to run a new file.
    pub(super) execute: Vec<String>,
}

/// Directories of the root file system, everything that is mounted to be written, and what the service needs.
pub(super) fn places(mounts: &[MountEntry], needs: &[String]) -> Places {
    let writable: Vec<&MountEntry> =
        mounts.iter().filter(|mount| is_of_service(mount) && !mount.read_only()).collect();
    let mut write: Vec<String> = OF_ROOT.iter().map(|path| (*path).to_owned()).collect();
    write.extend(writable.iter().map(|mount| mount.target.clone()));
    // What the kernel shows under these is no place for files.
    write.extend(needs.iter().filter(|path| !is_of_kernel(path)).cloned());
    write.sort();
    write.dedup();
    let mut execute: Vec<String> = writable
        .iter()
        .filter(|mount| mount.file_system == "tmpfs" && is_seen(mounts, mount))
        .map(|mount| mount.target.clone())
        .collect();
    execute.sort();
    execute.dedup();
    Places { write, execute }
}

/// A mount that the engine made for the service, and not one of those that every container has.
fn is_of_service(mount: &MountEntry) -> bool {
    mount.target != "/" && !is_of_kernel(&mount.target)
}

/// `/proc`, `/sys` and `/dev` with what the engine mounts in them. Shared memory is for the service.
fn is_of_kernel(path: &str) -> bool {
    let below = |directory: &str| {
        path.strip_prefix(directory).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    !below("/dev/shm") && ["/proc", "/sys", "/dev"].into_iter().any(below)
}

/// False when another mount on the same directory hides it.
fn is_seen(mounts: &[MountEntry], mount: &MountEntry) -> bool {
    Container::mount_of(mounts, &mount.target).is_some_and(|top| std::ptr::eq(top, mount))
}

#[cfg(test)]
mod tests {
    use temper_model::container::MountEntry;

    use super::places;

    fn mount(target: &str, file_system: &str, option: &str) -> MountEntry {
        MountEntry {
            target: target.to_owned(),
            file_system: file_system.to_owned(),
            source: file_system.to_owned(),
            root: "/".to_owned(),
            options: vec![option.to_owned()],
            super_options: Vec::new(),
        }
    }

    #[test]
    fn tmpfs_and_volumes_are_tried_and_what_belongs_to_the_kernel_is_not() {
        let mounts = [
            mount("/", "overlay", "ro"),
            mount("/dev", "tmpfs", "rw"),
            mount("/dev/shm", "tmpfs", "rw"),
            mount("/proc/kcore", "tmpfs", "rw"),
            mount("/cache", "tmpfs", "rw"),
            mount("/data", "ext4", "rw"),
            mount("/conf", "ext4", "ro"),
        ];
        let places = places(&mounts, &["/home/app/.cache".to_owned(), "/proc/self".to_owned()]);
        assert_eq!(places.execute, ["/cache", "/dev/shm"]);
        for path in ["/", "/etc", "/data", "/cache", "/dev/shm", "/home/app/.cache"] {
            assert!(places.write.iter().any(|found| found == path), "{path}");
        }
        for path in ["/conf", "/dev", "/proc/kcore", "/proc/self"] {
            assert!(!places.write.iter().any(|found| found == path), "{path}");
        }
    }
}
