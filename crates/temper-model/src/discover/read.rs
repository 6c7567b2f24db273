use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use temper_text::{Loc, SourceMap};
use temper_yaml::YamlError;

use super::group::MARKER;
use super::names::{BASES, is_compose, is_yaml};
use super::outline::Outline;
use super::standalone::Outlines;
use crate::yaml_files::{YamlFile, YamlFiles};
use crate::{FileTree, Problem, TreeError};

/// The Compose files of a tree, read.
#[derive(Debug, Default)]
pub(super) struct ComposeFiles {
    /// What each file holds, also of files that only others include.
    pub(super) outlines: Outlines,
    /// Files that begin with [`MARKER`].
    pub(super) marked: BTreeSet<String>,
    /// Files that were meant to be Compose files and cannot be read as such.
    pub(super) problems: Vec<Problem>,
}

enum Reading {
    Stack { file: Arc<YamlFile>, outline: Outline },
    Broken { file: Arc<YamlFile>, error: YamlError },
    Unreadable(TreeError),
    Other(&'static str),
}

/// Reads the YAML files among `paths`. Whatever its name, a file counts when it reads as Compose; what does not is told
/// only when its name says that it should.
pub(super) fn read_compose_files(
    files: &YamlFiles<'_>,
    paths: &[String],
    sources: &mut SourceMap,
) -> ComposeFiles {
    let yaml: Vec<&String> = paths.iter().filter(|path| is_yaml(path)).collect();
    let readings: Vec<Reading> = yaml.par_iter().map(|path| read(files.tree, path)).collect();
    let mut found = ComposeFiles::default();
    for (path, reading) in yaml.into_iter().zip(readings) {
        // A project is loaded from these; what is for other programs need not be kept.
        if let Reading::Stack { file, .. } | Reading::Broken { file, .. } = &reading {
            files.keep(Arc::clone(file));
        }
        found.add(path, reading, sources);
    }
    found
}

fn read(tree: &dyn FileTree, path: &str) -> Reading {
    let text = match tree.read(path) {
        Ok(text) => text,
        Err(error) => return Reading::Unreadable(error),
    };
    // A file without the word has no such key, so it need not be parsed to know that it is not for Compose.
    if !is_compose(path) && !text.contains("services") {
        return Reading::Other("it has no `services` at the top");
    }
    let file = Arc::new(YamlFile::new(path, text));
    let outline = match &file.yaml {
        Ok(yaml) => Outline::read(path, yaml),
        Err(error) => {
            let error = error.clone();
            return Reading::Broken { file, error };
        }
    };
    match outline {
        Ok(outline) => Reading::Stack { file, outline },
        Err(reason) => Reading::Other(reason),
    }
}

impl ComposeFiles {
    fn add(&mut self, path: &str, reading: Reading, sources: &mut SourceMap) {
        let meant = is_compose(path);
        let mut problem = |at, message, warning| {
            self.problems.push(Problem { file: path.to_owned(), at, message, warning });
        };
        match reading {
            Reading::Stack { file, outline } => {
                if file.source.text().starts_with(MARKER) {
                    self.marked.insert(path.to_owned());
                }
                if meant || outline.is_plain() {
                    sources.add(file.source.clone());
                }
                self.outlines.insert(path.to_owned(), outline);
            }
            Reading::Broken { file, error } if meant => {
                let file = sources.add(file.source.clone());
                problem(Some(Loc { file, span: error.span }), error.message, false);
            }
            Reading::Unreadable(error) if meant => problem(None, reason_of(path, &error), false),
            Reading::Other(reason) if meant => {
                problem(None, format!("named like a Compose file, but {reason}; it was left out"), true);
            }
            Reading::Broken { .. } | Reading::Unreadable(_) | Reading::Other(_) => {}
        }
    }
}

/// The reason without the path, which a problem has of its own.
pub(super) fn reason_of(path: &str, error: &TreeError) -> String {
    let shown = error.to_string();
    shown.strip_prefix(path).and_then(|rest| rest.strip_prefix(": ")).map(ToOwned::to_owned).unwrap_or(shown)
}

/// Directories with the name of a file that `docker compose` would pick.
pub(super) fn directories_as_files(directories: &[String]) -> Vec<Problem> {
    let base = directories.iter().filter(|path| BASES.contains(&crate::path::file_name(path)));
    let message = "a directory with the name of a Compose file: expected a file; rename the directory";
    base.map(|path| Problem { file: path.clone(), at: None, message: message.to_owned(), warning: false })
        .collect()
}

/// `COMPOSE_FILE` of every `.env` among `paths`, by directory, as the files it names.
pub(super) fn compose_file_variables(tree: &dyn FileTree, paths: &[String]) -> BTreeMap<String, Vec<String>> {
    let env = paths.iter().filter(|path| crate::path::file_name(path) == ".env");
    env.filter_map(|path| {
        let directory = crate::path::parent(path);
        let files = compose_file(&tree.read(path).ok()?)?;
        Some((directory.to_owned(), files.iter().map(|file| crate::path::join(directory, file)).collect()))
    })
    .collect()
}

/// The files that `COMPOSE_FILE` names, split at `COMPOSE_PATH_SEPARATOR` or `:`. None when it is not set, or hangs on
/// another variable.
fn compose_file(env: &str) -> Option<Vec<String>> {
    let value = |name: &str| env.lines().rev().find_map(|line| assigned(line, name));
    let files = value("COMPOSE_FILE").filter(|files| !files.contains('$'))?;
    let separator = value("COMPOSE_PATH_SEPARATOR").filter(|separator| !separator.is_empty()).unwrap_or(":");
    let files = files.split(separator).filter(|file| !file.is_empty() && !file.starts_with('/'));
    let files: Vec<String> = files.map(ToOwned::to_owned).collect();
    (!files.is_empty()).then_some(files)
}

fn assigned<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
    let value = line.strip_prefix(name)?.trim_start().strip_prefix('=')?.trim();
    for quote in ['"', '\''] {
        if let Some(quoted) = value.strip_prefix(quote) {
            return quoted.split(quote).next();
        }
    }
    // Without quotes a comment begins at a blank before `#`.
    Some(value.split(" #").next().unwrap_or(value).trim_end())
}

#[cfg(test)]
mod tests {
    use super::compose_file;

    #[test]
    fn compose_file_is_split_at_its_separator() {
        assert_eq!(compose_file("A=1\nCOMPOSE_FILE=a.yml:b.yml # both\n").unwrap(), ["a.yml", "b.yml"]);
        let text = "COMPOSE_PATH_SEPARATOR=,\nexport COMPOSE_FILE=\"a.yml,b.yml\"\n";
        assert_eq!(compose_file(text).unwrap(), ["a.yml", "b.yml"]);
    }

    #[test]
    fn compose_file_that_is_absent_or_unknown_decides_nothing() {
        assert_eq!(compose_file("# COMPOSE_FILE=a.yml\nCOMPOSE_FILES=b.yml\n"), None);
        assert_eq!(compose_file("COMPOSE_FILE=${BASE}.yml\n"), None);
        assert_eq!(compose_file("COMPOSE_FILE=\n"), None);
    }
}
