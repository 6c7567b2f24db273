//! Copies of data for clones.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

/// How a copy ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Copied {
    /// Files, directories and links.
    pub entries: u64,
    /// Bytes of files.
    pub bytes: u64,
}

/// Why data was not copied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    /// It is larger than a trial may copy.
    #[error("{path} holds more than {} MiB", limit / 1024 / 1024)]
    TooLarge {
        /// The directory.
        path: PathBuf,
        /// The limit, bytes.
        limit: u64,
    },
    /// The system refused.
    #[error("{path}: {reason}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
}

/// Copies what is in a directory into another, with owners, modes and links. The directory itself takes the owner and mode
/// of the source as well. Sockets and pipes are left out: the program makes them anew.
///
/// A file that goes away meanwhile is left out: the source is in use.
///
/// # Errors
/// When more than `limit` bytes would be copied, or the system refuses.
pub(crate) fn copy(from: &Path, to: &Path, limit: u64) -> Result<Copied, CopyError> {
    let mut copy = Copy { limit, done: Copied { entries: 0, bytes: 0 } };
    copy.directory(from, to)?;
    Ok(copy.done)
}

struct Copy {
    limit: u64,
    done: Copied,
}

impl Copy {
    fn directory(&mut self, from: &Path, to: &Path) -> Result<(), CopyError> {
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |reason| CopyError::Io { path, reason }
        };
        for entry in fs::read_dir(from).map_err(at(from))? {
            let entry = entry.map_err(at(from))?;
            let target = to.join(entry.file_name());
            match self.entry(&entry.path(), &target) {
                Err(CopyError::Io { reason, .. }) if reason.kind() == io::ErrorKind::NotFound => {}
                other => other?,
            }
        }
        same_owner_and_mode(from, to).map_err(at(to))
    }

    fn entry(&mut self, from: &Path, to: &Path) -> Result<(), CopyError> {
        let at = |reason| CopyError::Io { path: from.to_path_buf(), reason };
        let metadata = fs::symlink_metadata(from).map_err(at)?;
        let kind = metadata.file_type();
        self.done.entries += 1;
        if kind.is_dir() {
            match fs::create_dir(to) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(at(error)),
                _ => return self.directory(from, to),
            }
        }
        if kind.is_symlink() {
            symlink(fs::read_link(from).map_err(at)?, to).map_err(at)?;
            return lchown(to, Some(metadata.uid()), Some(metadata.gid())).map_err(at);
        }
        if kind.is_socket() || kind.is_fifo() || kind.is_block_device() || kind.is_char_device() {
            return Ok(());
        }
        if self.done.bytes + metadata.len() > self.limit {
            return Err(CopyError::TooLarge { path: from.to_path_buf(), limit: self.limit });
        }
        self.done.bytes += fs::copy(from, to).map_err(at)?;
        same_owner_and_mode(from, to).map_err(at)
    }
}

fn same_owner_and_mode(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(from)?;
    lchown(to, Some(metadata.uid()), Some(metadata.gid()))?;
    // A change of owner clears the set-id bits, so the mode comes after it.
    fs::set_permissions(to, fs::Permissions::from_mode(metadata.mode() & 0o7777))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::{CopyError, copy};

    #[test]
    fn modes_links_and_nesting_are_kept() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(from.path().join("d")).unwrap();
        fs::write(from.path().join("d/f"), "data").unwrap();
        fs::set_permissions(from.path().join("d/f"), fs::Permissions::from_mode(0o640)).unwrap();
        symlink("f", from.path().join("d/l")).unwrap();
        let done = copy(from.path(), to.path(), 1000).unwrap();
        assert_eq!((done.entries, done.bytes), (3, 4));
        assert_eq!(fs::read_to_string(to.path().join("d/l")).unwrap(), "data");
        assert_eq!(fs::metadata(to.path().join("d/f")).unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn more_than_the_limit_is_refused() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::write(from.path().join("f"), "0123456789").unwrap();
        assert!(matches!(copy(from.path(), to.path(), 5), Err(CopyError::TooLarge { .. })));
    }
}
