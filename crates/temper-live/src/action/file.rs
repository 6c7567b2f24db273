use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::{ActionError, Undone};

pub(super) fn write(path: &Path, old: Option<&str>, new: &str, mode: u32) -> Result<(), ActionError> {
    let now = read(path)?;
    if now.as_deref() == Some(new) {
        return tidy(path);
    }
    if now.as_deref() != old {
        return Err(ActionError::Changed {
            what: path.display().to_string(),
            found: if now.is_some() { "its text is another" } else { "it is gone" }.to_owned(),
        });
    }
    replace(path, new, mode).map_err(|error| ActionError::file(path, error))
}

pub(super) fn restore(path: &Path, old: Option<&str>, new: &str) -> Result<Undone, ActionError> {
    tidy(path)?;
    let now = read(path)?;
    if now.as_deref() == old {
        return Ok(Undone::nothing());
    }
    if now.as_deref() != Some(new) {
        let found = if now.is_some() { "it was edited since it was written" } else { "it was removed since" };
        return Ok(Undone::left(format!("{} is left as it is: {found}", path.display())));
    }
    let restored = match old {
        Some(old) => replace(path, old, 0o644),
        None => fs::remove_file(path).and_then(|()| sync_directory(path)),
    };
    restored.map_err(|error| ActionError::file(path, error))?;
    Ok(Undone::changed())
}

pub(super) fn remove(path: &Path, text: &str) -> Result<(), ActionError> {
    match read(path)? {
        None => Ok(()),
        Some(now) if now == text => fs::remove_file(path)
            .and_then(|()| sync_directory(path))
            .map_err(|error| ActionError::file(path, error)),
        Some(_) => Err(ActionError::Changed {
            what: path.display().to_string(),
            found: "its text is another".to_owned(),
        }),
    }
}

pub(super) fn bring_back(path: &Path, text: &str, mode: u32) -> Result<Undone, ActionError> {
    match read(path)? {
        None => {
            replace(path, text, mode).map_err(|error| ActionError::file(path, error))?;
            Ok(Undone::changed())
        }
        Some(now) if now == text => Ok(Undone::nothing()),
        Some(_) => Ok(Undone::left(format!("{} is left as it is: its text is another", path.display()))),
    }
}

/// The text; `None` when there is no file.
fn read(path: &Path) -> Result<Option<String>, ActionError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ActionError::file(path, error)),
    }
}

/// Writes beside the file and renames: after a crash the old text is there or the new, never half of one. Owner and
/// mode of a file that is replaced stay; a link stays a link and what it points to is replaced.
fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let beside = beside(&path);
    remove_if_there(&beside)?;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    let mode = match fs::metadata(&path) {
        Ok(before) => {
            keep_owner(&file, &before)?;
            before.mode() & 0o7777
        }
        Err(_) => mode,
    };
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()?;
    fs::rename(&beside, &path)?;
    sync_directory(&path)
}

fn keep_owner(file: &fs::File, before: &fs::Metadata) -> io::Result<()> {
    let now = file.metadata()?;
    if (now.uid(), now.gid()) == (before.uid(), before.gid()) {
        return Ok(());
    }
    std::os::unix::fs::fchown(file, Some(before.uid()), Some(before.gid()))
}

/// What an interrupted attempt left beside the file.
fn tidy(path: &Path) -> Result<(), ActionError> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    remove_if_there(&beside(&path)).map_err(|error| ActionError::file(&path, error))
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    path.with_file_name(format!(".{name}.temper-new"))
}

/// Makes a rename durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::{beside, restore, write};

    #[test]
    fn writing_twice_and_restoring_twice_is_as_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("compose.yml");
        fs::write(&path, "old").expect("writes");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("sets the mode");
        for _ in 0..2 {
            write(&path, Some("old"), "new", 0o644).expect("writes");
            assert_eq!(fs::read_to_string(&path).expect("reads"), "new");
        }
        assert_eq!(fs::metadata(&path).expect("is there").mode() & 0o777, 0o640);
        assert!(restore(&path, Some("old"), "new").expect("restores").changed);
        assert!(!restore(&path, Some("old"), "new").expect("restores").changed);
        assert_eq!(fs::read_to_string(&path).expect("reads"), "old");
    }

    #[test]
    fn an_edit_made_meanwhile_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("compose.yml");
        fs::write(&path, "edited").expect("writes");
        write(&path, Some("old"), "new", 0o644).expect_err("neither the old text nor the new");
        let undone = restore(&path, Some("old"), "new").expect("looks");
        assert_eq!(undone.left.len(), 1);
        assert_eq!(fs::read_to_string(&path).expect("reads"), "edited");
    }

    #[test]
    fn a_new_file_is_removed_again_with_what_was_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("override.yml");
        write(&path, None, "new", 0o604).expect("writes");
        assert_eq!(fs::metadata(&path).expect("is there").mode() & 0o777, 0o604);
        fs::write(beside(&path), "half").expect("writes");
        assert!(restore(&path, None, "new").expect("restores").changed);
        assert_eq!(fs::read_dir(folder.path()).expect("reads").count(), 0);
    }
}
