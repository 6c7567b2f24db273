use std::fs::{File, OpenOptions, Permissions};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, OpenHow, ResolveFlag, openat2};
use nix::unistd::{Gid, Uid, fchownat};
use serde::{Deserialize, Serialize};

use super::{ActionError, Undone};

/// Owner, group and mode of one file before and after. The mode is that of `stat`, without the type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnerEntry {
    /// Relative to the directory of the action; empty for that directory itself.
    pub path: PathBuf,
    /// User, group and mode before.
    pub old: (u32, u32, u32),
    /// User, group and mode afterwards.
    pub new: (u32, u32, u32),
}

/// Which way a change of owners goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From before to afterwards.
    Forth,
    /// The way back, deepest entries first.
    Back,
}

/// Most reports of files that were left; the rest is counted.
const REPORTS: usize = 5;

/// Changes what is still as it was recorded. A file that is neither as before nor as meant belongs to somebody else by
/// now: it is left and reported.
pub(super) fn change(
    path: &Path,
    entries: &[OwnerEntry],
    direction: Direction,
) -> Result<Undone, ActionError> {
    let root = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_DIRECTORY.bits() | OFlag::O_NOFOLLOW.bits())
        .open(path)
        .map_err(|error| ActionError::file(path, error))?;
    let mut changed = false;
    let mut left = Vec::new();
    let ordered: Box<dyn Iterator<Item = &OwnerEntry>> = match direction {
        Direction::Forth => Box::new(entries.iter()),
        Direction::Back => Box::new(entries.iter().rev()),
    };
    for entry in ordered {
        let (from, to) = match direction {
            Direction::Forth => (entry.old, entry.new),
            Direction::Back => (entry.new, entry.old),
        };
        match set(&root, &entry.path, from, to)
            .map_err(|error| ActionError::file(&path.join(&entry.path), error))?
        {
            Found::Already => {}
            Found::Set => changed = true,
            Found::Gone => left.push(format!("{} is gone", path.join(&entry.path).display())),
            Found::Other => {
                left.push(format!("{} has another owner or mode by now", path.join(&entry.path).display()));
            }
        }
    }
    if left.len() > REPORTS {
        let more = left.len() - REPORTS;
        left.truncate(REPORTS);
        left.push(format!("and {more} more files in {}", path.display()));
    }
    Ok(Undone { changed, container: None, left })
}

enum Found {
    Already,
    Set,
    Gone,
    Other,
}

/// `from` may also be met by half: the owner changed and the mode not yet, or cleared by the change of owner.
fn set(root: &File, path: &Path, from: (u32, u32, u32), to: (u32, u32, u32)) -> std::io::Result<Found> {
    let file = match open(root, path) {
        Ok(file) => file,
        Err(Errno::ENOENT | Errno::ENOTDIR) => return Ok(Found::Gone),
        Err(error) => return Err(error.into()),
    };
    // The descriptor stands for the file itself, whatever its path becomes meanwhile.
    let through = format!("/proc/self/fd/{}", file.as_raw_fd());
    let file = File::from(file);
    let stat = file.metadata()?;
    let now = (stat.uid(), stat.gid(), stat.mode() & 0o7777);
    if now == to {
        return Ok(Found::Already);
    }
    // A change of owner clears these bits: then the owner is `to` already and the mode is still to be set.
    let half = (now.0, now.1) == (to.0, to.1) && [from.2, to.2, from.2 & 0o1777].contains(&now.2);
    if now != from && !half {
        return Ok(Found::Other);
    }
    fchownat(&file, "", Some(Uid::from_raw(to.0)), Some(Gid::from_raw(to.1)), AtFlags::AT_EMPTY_PATH)?;
    if !stat.file_type().is_symlink() {
        std::fs::set_permissions(through, Permissions::from_mode(to.2))?;
    }
    Ok(Found::Set)
}

/// Opens without following links and without leaving the directory: what is in a volume is not to be trusted.
fn open(root: &File, path: &Path) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let how = OpenHow::new().flags(OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC).resolve(
        ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS | ResolveFlag::RESOLVE_NO_SYMLINKS,
    );
    openat2(root, path, how)
}

#[cfg(test)]
mod tests;
