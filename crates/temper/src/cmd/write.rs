//! Writes what was planned: all of it or nothing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use temper_model::{FileTree, TreeError};
use temper_plan::FileChange;
use temper_text::SourceMap;

use crate::error::Error;

/// Writes the changes, unless a file is not what was read: nothing is written over an edit made meanwhile, and a plan
/// made from a text that is gone may be wrong.
///
/// `sources` are the files that the plan was made from. When one file cannot be written, those before it get their old
/// text back.
pub(super) fn write(
    root: &Path,
    tree: &dyn FileTree,
    sources: &SourceMap,
    changes: &[FileChange],
) -> Result<(), Error> {
    let staged = changes.iter().map(|change| Staged::new(root, change)).collect::<Result<Vec<_>, _>>()?;
    unchanged_since_read(tree, sources, changes)?;
    put_in_place(staged)
}

fn unchanged_since_read(
    tree: &dyn FileTree,
    sources: &SourceMap,
    changes: &[FileChange],
) -> Result<(), Error> {
    for change in changes {
        let unchanged = match (&change.old, tree.read(&change.path)) {
            (Some(old), Ok(now)) => *old == now,
            (None, Err(TreeError::NotFound(_))) => true,
            _ => false,
        };
        if !unchanged {
            return Err(changed(&change.path));
        }
    }
    for (_, source) in sources.iter() {
        // A file that could not be read has no text here, and no plan was made from it.
        if !source.text().is_empty() && tree.read(source.path()).ok().as_deref() != Some(source.text()) {
            return Err(changed(source.path()));
        }
    }
    Ok(())
}

fn changed(path: &str) -> Error {
    Error::Usage(format!("{path} changed since it was read; nothing was written, run apply again"))
}

/// A new text that lies beside the file that it will replace. It is removed when it is not used.
struct Staged<'a> {
    change: &'a FileChange,
    path: PathBuf,
    file: tempfile::NamedTempFile,
}

impl<'a> Staged<'a> {
    fn new(root: &Path, change: &'a FileChange) -> Result<Self, Error> {
        let path = root.join(&change.path);
        // A link stays a link: what it points to is replaced.
        let path = fs::canonicalize(&path).unwrap_or(path);
        let file = beside(&path, &change.new).map_err(|error| failed(change, &error))?;
        Ok(Self { change, path, file })
    }
}

/// Renames each file into its place, so that a reader sees the old text or the new and never half of one.
fn put_in_place(staged: Vec<Staged<'_>>) -> Result<(), Error> {
    let mut done: Vec<(&FileChange, PathBuf)> = Vec::new();
    for Staged { change, path, file } in staged {
        if let Err(error) = file.persist(&path) {
            let left: Vec<&str> = done
                .iter()
                .filter(|(change, path)| put_back(change, path).is_err())
                .map(|(change, _)| change.path.as_str())
                .collect();
            let state = if left.is_empty() {
                "nothing was changed".to_owned()
            } else {
                format!("still changed, because they could not be put back either: {}", left.join(", "))
            };
            let reason = format!("{}; {state}", error.error);
            return Err(Error::Write { path: change.path.clone(), reason });
        }
        done.push((change, path));
    }
    Ok(())
}

fn put_back(change: &FileChange, path: &Path) -> io::Result<()> {
    match &change.old {
        Some(old) => beside(path, old)?.persist(path).map(drop).map_err(|error| error.error),
        None => fs::remove_file(path),
    }
}

fn beside(path: &Path, text: &str) -> io::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(text.as_bytes())?;
    keep_permissions(path, &file)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The mode of the file that is replaced; `0644` for a new one, as an editor would give it.
fn keep_permissions(path: &Path, file: &tempfile::NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let permissions = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions(),
        Err(_) => fs::Permissions::from_mode(0o644),
    };
    file.as_file().set_permissions(permissions)
}

fn failed(change: &FileChange, error: &io::Error) -> Error {
    Error::Write { path: change.path.clone(), reason: format!("{error}; nothing was changed") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use temper_model::DiskTree;
    use temper_plan::FileChange;
    use temper_text::{SourceFile, SourceMap};

    use super::{Staged, put_in_place, write};

    fn change(path: &str, old: Option<&str>, new: &str) -> FileChange {
        FileChange { path: path.to_owned(), old: old.map(str::to_owned), new: new.to_owned() }
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            fs::write(folder.path().join(path), text).unwrap();
        }
        folder
    }

    /// The names and texts in a folder.
    fn files(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.file_type().unwrap().is_file())
            .map(|entry| {
                let text = String::from_utf8_lossy(&fs::read(entry.path()).unwrap()).into_owned();
                (entry.file_name().into_string().unwrap(), text)
            })
            .collect();
        files.sort();
        files
    }

    fn attempt(folder: &Path, read: &[(&str, &str)], changes: &[FileChange]) -> Result<(), String> {
        let mut sources = SourceMap::new();
        for (path, text) in read {
            sources.add(SourceFile::new(*path, *text));
        }
        write(folder, &DiskTree::new(folder), &sources, changes).map_err(|error| error.to_string())
    }

    fn owned(files: &[(&str, &str)]) -> Vec<(String, String)> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn files_are_replaced_and_made() {
        let folder = folder(&[("a", "1")]);
        let changes = [change("a", Some("1"), "2"), change("b", None, "new")];
        assert_eq!(attempt(folder.path(), &[("a", "1")], &changes), Ok(()));
        assert_eq!(files(folder.path()), owned(&[("a", "2"), ("b", "new")]));
    }

    #[test]
    fn one_file_edited_meanwhile_keeps_all_from_being_written() {
        let edited = [("a", "1"), ("b", "edited meanwhile")];
        for changes in [
            [change("a", Some("1"), "2"), change("b", Some("1"), "2")],
            // It was not there when the stack was read.
            [change("a", Some("1"), "2"), change("b", None, "2")],
            // It is gone.
            [change("c", Some("1"), "2"), change("a", Some("1"), "2")],
        ] {
            let folder = folder(&edited);
            let error = attempt(folder.path(), &[("a", "1")], &changes).unwrap_err();
            let named = if changes[0].path == "c" { "c" } else { "b" };
            let expected = format!("{named} changed since it was read; nothing was written, run apply again");
            assert_eq!(error, expected);
            assert_eq!(files(folder.path()), owned(&edited));
        }
    }

    #[test]
    fn file_that_is_only_read_counts_too() {
        let folder = folder(&[("compose.yml", "edited meanwhile")]);
        let read = [("compose.yml", "1"), ("was-not-there.yml", "")];
        let error = attempt(folder.path(), &read, &[change("overlay.yml", None, "2")]).unwrap_err();
        assert_eq!(error, "compose.yml changed since it was read; nothing was written, run apply again");
        assert_eq!(files(folder.path()), owned(&[("compose.yml", "edited meanwhile")]));
    }

    #[test]
    fn file_that_cannot_be_read_is_not_taken_for_a_new_one() {
        let folder = folder(&[]);
        fs::write(folder.path().join("overlay.yml"), [0xff]).unwrap();
        let error = attempt(folder.path(), &[], &[change("overlay.yml", None, "2")]).unwrap_err();
        assert_eq!(error, "overlay.yml changed since it was read; nothing was written, run apply again");
        assert_eq!(fs::read(folder.path().join("overlay.yml")).unwrap(), [0xff]);
    }

    #[test]
    fn file_that_cannot_be_put_in_place_gives_the_others_their_text_back() {
        let folder = folder(&[("a", "1")]);
        fs::create_dir_all(folder.path().join("directory/with-something")).unwrap();
        let changes =
            [change("a", Some("1"), "2"), change("b", None, "new"), change("directory", None, "text")];
        let staged = changes.iter().map(|change| Staged::new(folder.path(), change).unwrap()).collect();
        let error = put_in_place(staged).unwrap_err().to_string();
        assert!(error.starts_with("failed to write directory: "), "{error}");
        assert!(error.ends_with("; nothing was changed"), "{error}");
        assert_eq!(files(folder.path()), owned(&[("a", "1")]));
    }

    #[test]
    fn folder_that_is_gone_keeps_all_from_being_written() {
        let folder = folder(&[("a", "1")]);
        let changes = [change("a", Some("1"), "2"), change("gone/b", Some("1"), "2")];
        let error = attempt(folder.path(), &[], &changes).unwrap_err();
        assert!(error.ends_with("; nothing was changed"), "{error}");
        assert_eq!(files(folder.path()), owned(&[("a", "1")]));
    }
}
