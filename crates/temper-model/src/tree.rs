use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::discover::{Walk, WalkRequest, walk_disk, walk_paths};

/// Where the files of a stack come from. Paths are relative to the root of the stack, with `/` between parts;
/// they may begin with `../` when a Compose file points outside.
pub trait FileTree: Sync {
    /// The text of a file.
    ///
    /// # Errors
    /// When there is no such file, it cannot be read, is not a regular file, is too large or is not UTF-8.
    fn read(&self, path: &str) -> Result<String, TreeError>;

    /// True when a regular file (or a link to one) is there.
    fn is_file(&self, path: &str) -> bool;

    /// True when a directory is there.
    fn is_dir(&self, path: &str) -> bool;

    /// Finds files by name below the root, without those that `.gitignore` or the request leaves out and without
    /// directories that tools fill.
    fn walk(&self, request: &WalkRequest<'_>) -> Walk;

    /// The absolute directory that paths are relative to, with `/` between parts. Compose prints absolute paths.
    fn root(&self) -> &str;
}

/// Why a file could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// There is nothing at that path.
    #[error("{0}: no such file")]
    NotFound(String),
    /// It is a directory or a device.
    #[error("{0}: expected a file, found something else (a directory?)")]
    NotAFile(String),
    /// It is larger than [`MAX_FILE_BYTES`].
    #[error("{path}: {bytes} bytes, more than the {limit} that are read")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// Its bytes are not UTF-8.
    #[error("{path}:{line}: byte {offset} is not UTF-8; save the file as UTF-8")]
    NotUtf8 {
        /// The file.
        path: String,
        /// Line of the first bad byte, from 1.
        line: usize,
        /// Offset of the first bad byte.
        offset: usize,
    },
    /// The system refused.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
}

/// No file of a stack that a person writes is larger; a larger one is refused before it is read into memory.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024;

/// Files on disk below a root.
#[derive(Debug, Clone)]
pub struct DiskTree {
    root: PathBuf,
    shown: String,
}

impl DiskTree {
    /// The files below `root`, which should be absolute.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        let shown = root.to_string_lossy().replace('\\', "/");
        Self { root, shown }
    }

    fn full(&self, path: &str) -> PathBuf {
        self.root.join(Path::new(path))
    }
}

impl FileTree for DiskTree {
    fn read(&self, path: &str) -> Result<String, TreeError> {
        let full = self.full(path);
        let unreadable = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => TreeError::NotFound(path.to_owned()),
            _ => TreeError::Unreadable { path: path.to_owned(), reason: error.to_string() },
        };
        let metadata = std::fs::metadata(&full).map_err(unreadable)?;
        if !metadata.is_file() {
            return Err(TreeError::NotAFile(path.to_owned()));
        }
        if metadata.len() > MAX_FILE_BYTES {
            return Err(TreeError::TooLarge {
                path: path.to_owned(),
                bytes: metadata.len(),
                limit: MAX_FILE_BYTES,
            });
        }
        let bytes = std::fs::read(&full).map_err(unreadable)?;
        String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))
    }

    fn is_file(&self, path: &str) -> bool {
        self.full(path).is_file()
    }

    fn is_dir(&self, path: &str) -> bool {
        self.full(path).is_dir()
    }

    fn walk(&self, request: &WalkRequest<'_>) -> Walk {
        walk_disk(&self.root, request)
    }

    fn root(&self) -> &str {
        &self.shown
    }
}

fn not_utf8(path: &str, error: &std::string::FromUtf8Error) -> TreeError {
    let offset = error.utf8_error().valid_up_to();
    let line = 1 + error.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count();
    TreeError::NotUtf8 { path: path.to_owned(), line, offset }
}

/// Files in memory, for tests and fuzzing.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    files: BTreeMap<String, String>,
}

impl MemoryTree {
    /// A tree of these `(path, text)` pairs.
    pub fn new<P: Into<String>, T: Into<String>>(files: impl IntoIterator<Item = (P, T)>) -> Self {
        Self { files: files.into_iter().map(|(path, text)| (path.into(), text.into())).collect() }
    }
}

impl FileTree for MemoryTree {
    fn read(&self, path: &str) -> Result<String, TreeError> {
        self.files.get(path).cloned().ok_or_else(|| TreeError::NotFound(path.to_owned()))
    }

    fn is_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn is_dir(&self, path: &str) -> bool {
        let inside = format!("{}/", path.trim_end_matches('/'));
        path.is_empty() || path == "." || self.files.keys().any(|file| file.starts_with(&inside))
    }

    fn walk(&self, request: &WalkRequest<'_>) -> Walk {
        walk_paths(self.files.keys().map(String::as_str), request, |path| self.is_file(path))
    }

    fn root(&self) -> &str {
        "/stack"
    }
}

/// A tree in which some files have another text: what a change would leave behind, before it is written, or what was there
/// before one that was.
pub struct OverlaidTree<'a> {
    base: &'a dyn FileTree,
    files: BTreeMap<String, String>,
    gone: BTreeSet<String>,
}

impl<'a> OverlaidTree<'a> {
    /// `base` with the texts of `files` in place of its own.
    #[must_use]
    pub fn new(base: &'a dyn FileTree, files: BTreeMap<String, String>) -> Self {
        Self { base, files, gone: BTreeSet::new() }
    }

    /// The same without some files, whatever `base` has. A directory in which nothing else is stays.
    #[must_use]
    pub fn without(mut self, gone: BTreeSet<String>) -> Self {
        self.gone = gone;
        self
    }
}

impl FileTree for OverlaidTree<'_> {
    fn read(&self, path: &str) -> Result<String, TreeError> {
        match self.files.get(path) {
            Some(text) => Ok(text.clone()),
            None if self.gone.contains(path) => Err(TreeError::NotFound(path.to_owned())),
            None => self.base.read(path),
        }
    }

    fn is_file(&self, path: &str) -> bool {
        self.files.contains_key(path) || (!self.gone.contains(path) && self.base.is_file(path))
    }

    fn is_dir(&self, path: &str) -> bool {
        let inside = format!("{}/", path.trim_end_matches('/'));
        self.base.is_dir(path) || self.files.keys().any(|file| file.starts_with(&inside))
    }

    fn walk(&self, request: &WalkRequest<'_>) -> Walk {
        let own = walk_paths(self.files.keys().map(String::as_str), request, |path| self.is_file(path));
        let mut walk = self.base.walk(request);
        walk.files.retain(|path| !self.gone.contains(path));
        walk.merge(own);
        walk
    }

    fn root(&self) -> &str {
        self.base.root()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{FileTree, MemoryTree, OverlaidTree, TreeError};
    use crate::discover::WalkRequest;

    #[test]
    fn file_that_is_gone_is_neither_read_nor_found_and_one_with_another_text_is() {
        let base = MemoryTree::new([("compose.yml", "new"), ("overlay.yml", "made")]);
        let before = BTreeMap::from([("compose.yml".to_owned(), "old".to_owned())]);
        let tree = OverlaidTree::new(&base, before).without(BTreeSet::from(["overlay.yml".to_owned()]));
        assert_eq!(tree.read("compose.yml").unwrap(), "old");
        assert!(matches!(tree.read("overlay.yml"), Err(TreeError::NotFound(_))));
        assert!(!tree.is_file("overlay.yml"));
        let all = WalkRequest { wanted: &|_| true, exclude: &[] };
        assert_eq!(tree.walk(&all).files, ["compose.yml"]);
    }
}
