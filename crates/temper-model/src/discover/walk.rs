use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};

use super::passed_over::is_passed_over;
use crate::Problem;

/// What to look for in a tree.
pub struct WalkRequest<'a> {
    /// True for the name of a file that is wanted.
    pub wanted: &'a (dyn Fn(&str) -> bool + Sync),
    /// Globs, as in `.gitignore`, of paths to leave out.
    pub exclude: &'a [String],
}

/// What was found, with paths relative to the root, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Walk {
    /// Files whose name is wanted.
    pub files: Vec<String>,
    /// Directories whose name is wanted of a file.
    pub directories: Vec<String>,
    /// Directories that were passed over: virtual environments, vendored trees.
    pub skipped: Vec<String>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

impl Walk {
    /// Adds what another walk found.
    pub(crate) fn merge(&mut self, other: Self) {
        self.files.extend(other.files);
        self.directories.extend(other.directories);
        self.skipped.extend(other.skipped);
        self.problems.extend(other.problems);
        *self = std::mem::take(self).sorted();
    }

    fn sorted(mut self) -> Self {
        for paths in [&mut self.files, &mut self.directories, &mut self.skipped] {
            paths.sort_unstable();
            paths.dedup();
        }
        self.problems.sort_by(|a, b| (&a.file, &a.message).cmp(&(&b.file, &b.message)));
        self
    }
}

/// Walks the directory `root`. `.gitignore` is honoured whether or not the root is in a repository; links to
/// directories are not followed, so that no loop of links can hold it.
pub(crate) fn walk_disk(root: &Path, request: &WalkRequest<'_>) -> Walk {
    let found = Mutex::new(Walk::default());
    let visitor = Visitor { root, request, exclude: excludes(request.exclude), found: &found };
    WalkBuilder::new(root)
        // `.github` and `.devcontainer` are part of a stack.
        .hidden(false)
        // Whether a file belongs to the repository must not hang on the settings of one person.
        .git_global(false)
        .git_exclude(false)
        .ignore(false)
        .require_git(false)
        // Above the root only the same repository has a say, never somebody's home directory.
        .parents(root.ancestors().any(|directory| directory.join(".git").exists()))
        .threads(std::thread::available_parallelism().map_or(1, |threads| threads.get().min(8)))
        .build_parallel()
        .run(|| Box::new(|entry| visitor.visit(entry)));
    found.into_inner().unwrap_or_else(PoisonError::into_inner).sorted()
}

/// Walks a tree that is only a list of paths.
pub(crate) fn walk_paths<'a>(
    paths: impl Iterator<Item = &'a str>,
    request: &WalkRequest<'_>,
    is_file: impl Fn(&str) -> bool,
) -> Walk {
    let exclude = excludes(request.exclude);
    let mut walk = Walk::default();
    for path in paths {
        let over = directories(path).find(|directory| is_passed_over(directory, &is_file));
        match over {
            Some(directory) if !is_git(directory) && !walk.skipped.iter().any(|known| known == directory) => {
                walk.skipped.push(directory.to_owned());
            }
            None if is_wanted(path, request) && !is_excluded(path, &exclude) => {
                walk.files.push(path.to_owned())
            }
            _ => {}
        }
    }
    walk.sorted()
}

/// The directories that hold a path, from the outermost.
fn directories(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(end, _)| path.get(..end))
}

fn is_wanted(path: &str, request: &WalkRequest<'_>) -> bool {
    (request.wanted)(crate::path::file_name(path))
}

fn is_excluded(path: &str, exclude: &Gitignore) -> bool {
    exclude.matched_path_or_any_parents(path, false).is_ignore()
}

fn is_git(directory: &str) -> bool {
    crate::path::file_name(directory) == ".git"
}

/// The settings were checked when they were read; a glob that still cannot be used excludes nothing.
fn excludes(globs: &[String]) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for glob in globs {
        let _ = builder.add_line(None, glob);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

struct Visitor<'a> {
    root: &'a Path,
    request: &'a WalkRequest<'a>,
    exclude: Gitignore,
    found: &'a Mutex<Walk>,
}

impl Visitor<'_> {
    fn visit(&self, entry: Result<DirEntry, ignore::Error>) -> WalkState {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                self.walk_error(&error);
                return WalkState::Continue;
            }
        };
        if entry.depth() == 0 {
            return WalkState::Continue;
        }
        let path = self.shown(entry.path());
        let directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        if self.exclude.matched(&path, directory).is_ignore() {
            return WalkState::Skip;
        }
        if directory { self.directory(path) } else { self.file(path, &entry) }
    }

    fn directory(&self, path: String) -> WalkState {
        if is_passed_over(&path, |file| self.root.join(file).is_file()) {
            if !is_git(&path) {
                self.add(|walk| walk.skipped.push(path));
            }
            return WalkState::Skip;
        }
        if is_wanted(&path, self.request) {
            self.add(|walk| walk.directories.push(path));
        }
        WalkState::Continue
    }

    fn file(&self, path: String, entry: &DirEntry) -> WalkState {
        if !is_wanted(&path, self.request) {
            return WalkState::Continue;
        }
        if entry.path().to_str().is_none() {
            self.problem(path, "expected a name in UTF-8; rename the file".to_owned());
            return WalkState::Continue;
        }
        if entry.path_is_symlink() {
            match std::fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_file() => {}
                Ok(_) => return WalkState::Continue,
                Err(error) => {
                    self.problem(path, format!("a link that leads to no file: {error}"));
                    return WalkState::Continue;
                }
            }
        }
        self.add(|walk| walk.files.push(path));
        WalkState::Continue
    }

    fn walk_error(&self, error: &ignore::Error) {
        let path = path_of(error).map_or_else(String::new, |path| self.shown(path));
        let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        self.problem(path, format!("cannot be read, so nothing in it is known: {reason}"));
    }

    fn problem(&self, file: String, message: String) {
        self.add(|walk| walk.problems.push(Problem { file, at: None, message, warning: false }));
    }

    fn add(&self, change: impl FnOnce(&mut Walk)) {
        change(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The path relative to the root, with `/` between parts.
    fn shown(&self, path: &Path) -> String {
        let below = path.strip_prefix(self.root).unwrap_or(path);
        let shown = below.to_string_lossy();
        if std::path::MAIN_SEPARATOR == '/' { shown.into_owned() } else { shown.replace('\\', "/") }
    }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
        ignore::Error::Loop { child, .. } => Some(child),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{Walk, WalkRequest, walk_disk};

    fn yaml(name: &str) -> bool {
        name.ends_with(".yml")
    }

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let full = root.path().join(path);
            fs::create_dir_all(full.parent().unwrap()).unwrap();
            fs::write(full, text).unwrap();
        }
        root
    }

    fn walk(root: &Path, exclude: &[&str]) -> Walk {
        let exclude: Vec<String> = exclude.iter().map(|glob| (*glob).to_owned()).collect();
        walk_disk(root, &WalkRequest { wanted: &yaml, exclude: &exclude })
    }

    #[test]
    fn hidden_files_are_seen_and_ignored_ones_are_not() {
        let root = tree(&[
            (".gitignore", "out/\n"),
            (".ci/a.yml", ""),
            ("out/b.yml", ""),
            ("c.yml", ""),
            ("d.txt", ""),
        ]);
        assert_eq!(walk(root.path(), &[]).files, [".ci/a.yml", "c.yml"]);
    }

    #[test]
    fn trees_that_tools_made_are_passed_over_and_named() {
        let root = tree(&[
            (".git/a.yml", ""),
            ("env/pyvenv.cfg", ""),
            ("env/a.yml", ""),
            ("chart/Chart.yaml", ""),
            ("chart/templates/a.yml", ""),
            ("go/vendor/modules.txt", ""),
            ("go/vendor/a.yml", ""),
            ("own/vendor/a.yml", ""),
            ("target/CACHEDIR.TAG", ""),
            ("target/a.yml", ""),
            ("ui/node_modules/x/a.yml", ""),
        ]);
        let found = walk(root.path(), &[]);
        assert_eq!(found.files, ["own/vendor/a.yml"]);
        assert_eq!(found.skipped, ["chart/templates", "env", "go/vendor", "target", "ui/node_modules"]);
    }

    #[test]
    fn excluded_paths_are_left_out() {
        let root = tree(&[("docs/a/b.yml", ""), ("src/docs.yml", ""), ("a.yml", "")]);
        assert_eq!(walk(root.path(), &["docs/**"]).files, ["a.yml", "src/docs.yml"]);
        assert_eq!(walk(root.path(), &["/a.yml", "docs"]).files, ["src/docs.yml"]);
    }

    #[cfg(unix)]
    #[test]
    fn loops_of_links_end_and_broken_links_are_told() {
        use std::os::unix::fs::symlink;
        let root = tree(&[("a/b.yml", "")]);
        symlink("..", root.path().join("a/up")).unwrap();
        symlink("self.yml", root.path().join("self.yml")).unwrap();
        symlink("nowhere", root.path().join("gone.yml")).unwrap();
        symlink("a/b.yml", root.path().join("link.yml")).unwrap();
        let found = walk(root.path(), &[]);
        assert_eq!(found.files, ["a/b.yml", "link.yml"]);
        let files: Vec<&str> = found.problems.iter().map(|problem| problem.file.as_str()).collect();
        assert_eq!(files, ["gone.yml", "self.yml"]);
    }

    #[test]
    fn a_directory_with_the_name_of_a_file_is_told_apart() {
        let root = tree(&[("compose.yml/a.txt", "")]);
        let found = walk(root.path(), &[]);
        assert_eq!((found.files.len(), found.directories), (0, vec!["compose.yml".to_owned()]));
    }

    #[test]
    fn a_missing_root_is_a_problem() {
        let root = tree(&[]);
        assert_eq!(walk(&root.path().join("none"), &[]).problems.len(), 1);
    }
}
