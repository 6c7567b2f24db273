use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{Failure, Result};
use crate::generators::GENERATORS;
use crate::shell::say;
use crate::workspace::Workspace;

/// What to do with a generated file that is not as it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// One file as it should be.
pub(crate) struct File {
    /// Relative to the root of the repository, with `/` between its parts.
    pub(crate) path: String,
    pub(crate) content: String,
}

/// Makes files from the code, so that what they say is always true of it.
pub(crate) struct Generator {
    /// A folder in which every file comes from this generator: one that it no longer makes is removed.
    pub(crate) owned_folder: Option<&'static str>,
    pub(crate) files: fn(&Workspace) -> Result<Vec<File>>,
}

/// Writes every generated file, or fails when one is not as the code would write it.
pub(crate) fn run(workspace: &Workspace, mode: Mode) -> Result<()> {
    let mut changes = Vec::new();
    let mut count = 0;
    for generator in GENERATORS {
        let files = (generator.files)(workspace)?;
        count += files.len();
        changes.extend(changes_of(&workspace.root, generator.owned_folder, files)?);
    }
    say(&format!("generate: {count} files, {} out of date", changes.len()));
    match mode {
        Mode::Write => changes.iter().try_for_each(|change| change.make(&workspace.root)),
        Mode::Check => check(&changes),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Change {
    Write { path: String, content: String },
    Remove { path: PathBuf },
}

impl Change {
    fn path(&self) -> &Path {
        match self {
            Self::Write { path, .. } => Path::new(path),
            Self::Remove { path } => path,
        }
    }

    fn make(&self, root: &Path) -> Result<()> {
        let path = root.join(self.path());
        match self {
            Self::Write { content, .. } => {
                say(&format!("generate: write {}", self.path().display()));
                if let Some(folder) = path.parent() {
                    fs::create_dir_all(folder)
                        .map_err(|error| Failure::io("make the folder", folder, &error))?;
                }
                fs::write(&path, content).map_err(|error| Failure::io("write", &path, &error))
            }
            Self::Remove { .. } => {
                say(&format!("generate: remove {}", self.path().display()));
                fs::remove_file(&path).map_err(|error| Failure::io("remove", &path, &error))
            }
        }
    }
}

fn check(changes: &[Change]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let paths: Vec<String> = changes.iter().map(|change| format!("  {}", change.path().display())).collect();
    let paths = paths.join("\n");
    Err(Failure::step(format!(
        "generated files are out of date; run `cargo xtask generate` and commit\n{paths}"
    )))
}

fn changes_of(root: &Path, owned_folder: Option<&str>, files: Vec<File>) -> Result<Vec<Change>> {
    let made: BTreeSet<PathBuf> = files.iter().map(|file| PathBuf::from(&file.path)).collect();
    let mut changes = Vec::new();
    for File { path, content } in files {
        if current(&root.join(&path))?.as_deref() != Some(content.as_bytes()) {
            changes.push(Change::Write { path, content });
        }
    }
    let Some(folder) = owned_folder else { return Ok(changes) };
    let left = files_in(root, Path::new(folder))?.into_iter().filter(|path| !made.contains(path));
    changes.extend(left.map(|path| Change::Remove { path }));
    Ok(changes)
}

fn current(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io("read", path, &error)),
    }
}

/// The files directly in a folder, relative to `root` and in order; none when the folder does not exist yet.
fn files_in(root: &Path, folder: &Path) -> Result<BTreeSet<PathBuf>> {
    let whole = root.join(folder);
    let entries = match fs::read_dir(&whole) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        Err(error) => return Err(Failure::io("list", &whole, &error)),
    };
    let mut files = BTreeSet::new();
    for entry in entries {
        let path = entry.map_err(|error| Failure::io("list", &whole, &error))?.path();
        if let (true, Some(name)) = (path.is_file(), path.file_name()) {
            files.insert(folder.join(name));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::{Change, File, changes_of, check};

    fn page(path: &str, content: &str) -> File {
        File { path: path.to_owned(), content: content.to_owned() }
    }

    #[test]
    fn missing_file_is_out_of_date_until_it_is_written() {
        let root = tempfile::tempdir().unwrap();
        let changes = changes_of(root.path(), None, vec![page("docs/a.md", "A\n")]).unwrap();
        assert!(check(&changes).unwrap_err().to_string().contains("docs/a.md"));
        for change in &changes {
            change.make(root.path()).unwrap();
        }
        assert_eq!(fs::read_to_string(root.path().join("docs/a.md")).unwrap(), "A\n");
        let changes = changes_of(root.path(), None, vec![page("docs/a.md", "A\n")]).unwrap();
        assert!(check(&changes).is_ok());
    }

    #[test]
    fn changed_file_is_out_of_date() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a.md"), "edited by hand\n").unwrap();
        let changes = changes_of(root.path(), None, vec![page("a.md", "A\n")]).unwrap();
        assert_eq!(changes, [Change::Write { path: "a.md".to_owned(), content: "A\n".to_owned() }]);
    }

    #[test]
    fn file_that_is_no_longer_made_is_removed_from_an_owned_folder_only() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("docs")).unwrap();
        for name in ["docs/a.md", "docs/gone.md"] {
            fs::write(root.path().join(name), "A\n").unwrap();
        }
        let owned = changes_of(root.path(), Some("docs"), vec![page("docs/a.md", "A\n")]).unwrap();
        assert_eq!(owned, [Change::Remove { path: PathBuf::from("docs/gone.md") }]);
        owned[0].make(root.path()).unwrap();
        assert!(!root.path().join("docs/gone.md").exists());
        assert!(changes_of(root.path(), None, vec![page("docs/a.md", "A\n")]).unwrap().is_empty());
    }
}
