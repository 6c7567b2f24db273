use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::failure::{Failure, Result};

/// The hash of what an image is built from.
pub(super) struct Inputs(Sha256);

impl Inputs {
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.add(text.as_bytes());
        self
    }

    /// Every file below `folder`: its path, whether it can be executed, and its bytes.
    ///
    /// # Errors
    /// When a folder or a file cannot be read.
    pub(super) fn files(mut self, folder: &Path) -> Result<Self> {
        for path in files_below(folder)? {
            let unreadable = |error| Failure::io("read", &path, &error);
            let mode = fs::metadata(&path).map_err(unreadable)?.permissions().mode();
            let bytes = fs::read(&path).map_err(unreadable)?;
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().into_owned();
            self.add(name.as_bytes());
            self.add(if mode & 0o111 == 0 { b"file" } else { b"program" });
            self.add(&bytes);
        }
        Ok(self)
    }

    /// In hexadecimal.
    pub(super) fn digest(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// With its length, so that no two lists of parts hash alike.
    fn add(&mut self, part: &[u8]) {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
    }
}

/// In the order of their paths.
fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let unreadable = |error| Failure::io("list", &folder, &error);
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::Inputs;

    fn digest(folder: &Path) -> String {
        Inputs::new().files(folder).unwrap().digest()
    }

    #[test]
    fn digest_follows_names_contents_and_the_executable_bit() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("a/run.sh");
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(&script, "true").unwrap();
        let first = digest(folder.path());
        assert_eq!(first, digest(folder.path()));
        fs::write(&script, "false").unwrap();
        let second = digest(folder.path());
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let third = digest(folder.path());
        fs::rename(&script, folder.path().join("a/go.sh")).unwrap();
        let fourth = digest(folder.path());
        let mut all = vec![first, second, third, fourth];
        all.dedup();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Inputs::new().text("ab").text("c").digest(), Inputs::new().text("a").text("bc").digest());
    }
}
