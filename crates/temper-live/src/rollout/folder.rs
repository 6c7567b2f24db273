use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::RolloutError;

/// A folder for the files of a run, below the folder of the journal. Only its owner can look into it: derived files hold
/// the environment of services. It goes when it is dropped; what a killed run leaves is removed by the next one.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(root: &Path, name: &str) -> Result<Self, RolloutError> {
        let parent = root.join(".temper").join("run");
        let path = parent.join(name);
        let failed = |reason| RolloutError::Folder { path: path.display().to_string(), reason };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&parent).map_err(failed)?;
        // One rollout at a time holds the lock, so whatever is here was left by one that was killed.
        let left = fs::read_dir(&parent).map_err(failed)?.flatten();
        for old in left {
            let _ = fs::remove_dir_all(old.path());
        }
        fs::DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
