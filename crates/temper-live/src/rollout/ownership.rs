//! Who owns the data, and who will write it (R38).

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::action::OwnerEntry;
use crate::engine::{Engine, EngineError, Inspect};

/// A user as numbers, with the groups it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Writer {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
}

/// A directory whose files the new user cannot write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Handover {
    /// The volume, or the directory of the host.
    pub(crate) what: String,
    /// Where it lies on this machine.
    pub(crate) path: PathBuf,
    /// What changes.
    pub(crate) entries: Vec<OwnerEntry>,
}

/// The user that a container runs as, when it is given in numbers; `None` for root, which needs no owner, and for names,
/// which only the image can tell.
pub(crate) fn writer(engine: &Engine, container: &Inspect) -> Result<Option<Writer>, EngineError> {
    let own = container.text("/Config/User").to_owned();
    let user = if own.is_empty() {
        let image = engine.image(container.image_id())?;
        image.map(|image| image.config["User"].as_str().unwrap_or_default().to_owned()).unwrap_or_default()
    } else {
        own
    };
    let groups =
        container.texts("/HostConfig/GroupAdd").into_iter().filter_map(|group| group.parse().ok()).collect();
    Ok(numbers(&user).map(|(uid, gid)| Writer { uid, gid, groups }))
}

/// `65532:65532`, `999`; `None` for root and for names. Without a group the engine takes the one of the image's user
/// database, else 0: the group is then no reason to change anything.
fn numbers(user: &str) -> Option<(u32, u32)> {
    let (uid, gid) = user.split_once(':').unwrap_or((user, "0"));
    let uid = uid.parse().ok().filter(|uid| *uid != 0)?;
    Some((uid, gid.parse().ok()?))
}

/// What has to change owner below a directory so that `writer` can write every file and directory in it, as `chown` by hand
/// would do it (group and mode stay, so that others who read keep reading).
///
/// # Errors
/// When the directory cannot be read.
pub(crate) fn handover(path: &Path, writer: &Writer) -> io::Result<Vec<OwnerEntry>> {
    let mut entries = Vec::new();
    let root = fs::symlink_metadata(path)?;
    // A directory that the user can write at its top is taken as its own: what lies deeper may belong to others on purpose.
    if can_write(&root, writer) {
        return Ok(entries);
    }
    collect(path, Path::new(""), &root, writer, &mut entries)?;
    Ok(entries)
}

fn collect(
    full: &Path,
    relative: &Path,
    metadata: &fs::Metadata,
    writer: &Writer,
    entries: &mut Vec<OwnerEntry>,
) -> io::Result<()> {
    if metadata.file_type().is_symlink() {
        return Ok(());
    }
    if !can_write(metadata, writer) {
        let mode = metadata.mode() & 0o7777;
        entries.push(OwnerEntry {
            path: relative.to_path_buf(),
            old: (metadata.uid(), metadata.gid(), mode),
            new: (writer.uid, if writer.gid == 0 { metadata.gid() } else { writer.gid }, mode),
        });
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(full)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            collect(&entry.path(), &relative.join(entry.file_name()), &metadata, writer, entries)?;
        }
    }
    Ok(())
}

/// Unix permissions for a user without capabilities (`man 7 path_resolution`).
fn can_write(metadata: &fs::Metadata, writer: &Writer) -> bool {
    let needed = if metadata.is_dir() { 0o3 } else { 0o2 };
    let mode = metadata.mode();
    let has = |shift: u32| (mode >> shift) & needed == needed;
    if metadata.uid() == writer.uid {
        return has(6);
    }
    if metadata.gid() == writer.gid || writer.groups.contains(&metadata.gid()) {
        return has(3);
    }
    has(0)
}

/// The directories that a container mounts writable and its user cannot write: named volumes, and directories of the host
/// below `inside`. Directories of the host elsewhere are named in the second list and never touched without being asked.
///
/// # Errors
/// When a directory cannot be read from here.
pub(crate) fn handovers(
    container: &Inspect,
    writer: &Writer,
    inside: &Path,
) -> io::Result<(Vec<Handover>, Vec<Handover>)> {
    let (mut ours, mut outside) = (Vec::new(), Vec::new());
    let mounts = container.at("/Mounts").and_then(Value::as_array);
    for mount in mounts.into_iter().flatten().filter(|mount| mount["RW"] == true) {
        let source = Path::new(mount["Source"].as_str().unwrap_or_default());
        let volume = mount["Type"] == "volume";
        if !(volume || mount["Type"] == "bind") || !source.is_dir() {
            continue;
        }
        let entries = handover(source, writer)?;
        if entries.is_empty() {
            continue;
        }
        let what = match mount["Name"].as_str() {
            Some(name) if volume => format!("volume {name}"),
            _ => source.display().to_string(),
        };
        let found = Handover { what, path: source.to_path_buf(), entries };
        if volume || source.starts_with(inside) { ours.push(found) } else { outside.push(found) }
    }
    Ok((ours, outside))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::{Writer, handover, numbers};

    #[test]
    fn a_user_in_numbers_is_read_and_root_needs_no_owner() {
        assert_eq!(numbers("65532:65532"), Some((65532, 65532)));
        assert_eq!(numbers("999"), Some((999, 0)));
        assert_eq!(numbers("0:0"), None);
        assert_eq!(numbers("postgres"), None);
        assert_eq!(numbers(""), None);
    }

    #[test]
    fn what_a_stranger_cannot_write_changes_owner_and_keeps_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(directory.path().join("private"), "x").unwrap();
        fs::set_permissions(directory.path().join("private"), fs::Permissions::from_mode(0o640)).unwrap();
        let (uid, gid) = (fs::metadata(directory.path()).unwrap().uid(), 4_000_000);
        let stranger = Writer { uid: uid + 4_000_000, gid, groups: Vec::new() };
        let entries = handover(directory.path(), &stranger).unwrap();
        let paths: Vec<_> = entries.iter().map(|entry| entry.path.display().to_string()).collect();
        assert_eq!(paths, ["", "private"]);
        assert_eq!((entries[1].new.0, entries[1].new.2), (stranger.uid, 0o640));
    }

    #[test]
    fn a_directory_that_anybody_can_write_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let stranger = Writer { uid: 4_000_000, gid: 4_000_000, groups: Vec::new() };
        assert!(handover(directory.path(), &stranger).unwrap().is_empty());
    }
}
