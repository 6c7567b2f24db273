//! What a project starts from: its files, its directory, its variables, its name.

use indexmap::IndexMap;
use temper_text::{Loc, SourceFile};

use super::Selection;
use super::document::Fault;
use super::dotenv;
use super::interpolate::substitute;
use super::load::Loader;
use super::loaded::Mode;
use crate::{FileTree, Value, path};

/// Names of a Compose file when none is given, in order of preference, then those of the file that overrides it.
/// Source: the specification, "The Compose file"; Compose takes any pair of the two.
const NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What a project starts from.
#[derive(Debug)]
pub(super) struct Start {
    /// Compose files relative to the root of the stack.
    pub(super) files: Vec<String>,
    /// The project directory relative to the root of the stack.
    pub(super) directory: String,
    /// The project name.
    pub(super) name: String,
    /// The variables: those of the shell, then those of the env files.
    pub(super) environment: IndexMap<String, String>,
}

/// Finds out what a project starts from.
pub(super) fn start(loader: &mut Loader<'_>, selection: &Selection) -> Start {
    let mut environment = selection.environment.clone();
    let explicit = selection.project_directory.as_deref().map(path::normal);
    let mut directory = match &explicit {
        Some(explicit) => explicit.clone(),
        None if selection.files.is_empty() => nearest_directory(loader, &environment),
        None => directory_of(&selection.files),
    };
    env_files(loader, selection, &directory, &mut environment);
    let files = match selection.files.as_slice() {
        [] => unnamed_files(loader, &environment, &directory),
        files => files.iter().map(|file| path::normal(file)).collect(),
    };
    if explicit.is_none() && directory_of(&files) != directory {
        // Files named by COMPOSE_FILE may lie elsewhere; the `.env` beside them counts after the first one.
        directory = directory_of(&files);
        env_files(loader, selection, &directory, &mut environment);
    }
    loader.set_project(&directory);
    let name = name(loader, selection, &files, &directory, &environment);
    environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    Start { files, directory, name, environment }
}

fn directory_of(files: &[String]) -> String {
    files.first().map(|file| path::parent(&path::normal(file)).to_owned()).unwrap_or_default()
}

/// The root of the stack, or the nearest directory above it that has a Compose file. Compose looks upwards when no file
/// is named; a scan does not leave its root.
fn nearest_directory(loader: &Loader<'_>, environment: &IndexMap<String, String>) -> String {
    let named = environment.get("COMPOSE_FILE").is_some_and(|list| !list.is_empty());
    if named || loader.mode == Mode::Lenient {
        return String::new();
    }
    let above = loader.tree.root().split('/').filter(|part| !part.is_empty()).count();
    let has_file =
        |directory: &String| NAMES.iter().any(|name| loader.tree.is_file(&path::join(directory, name)));
    (0..=above).map(|up| vec![".."; up].join("/")).find(has_file).unwrap_or_default()
}

/// Files of `COMPOSE_FILE`, or the one with a usual name and its override.
fn unnamed_files(
    loader: &mut Loader<'_>,
    environment: &IndexMap<String, String>,
    directory: &str,
) -> Vec<String> {
    if let Some(list) = environment.get("COMPOSE_FILE").filter(|list| !list.is_empty()) {
        let separator = environment.get("COMPOSE_PATH_SEPARATOR").map_or(":", String::as_str);
        let separator = if separator.is_empty() { ":" } else { separator };
        return list.split(separator).map(|file| loader.locate("", file)).collect();
    }
    let found = |names: &[&str]| {
        names.iter().map(|name| path::join(directory, name)).find(|path| loader.tree.is_file(path))
    };
    let files: Vec<String> = match found(&NAMES) {
        Some(file) => std::iter::once(file).chain(found(&OVERRIDES)).collect(),
        None => Vec::new(),
    };
    if files.is_empty() {
        let message = format!(
            "no Compose file here or above; expected one of {}, or name one with -f",
            NAMES.join(", ")
        );
        loader.unreadable(directory, None, message);
    }
    files
}

/// Adds the variables of the env files that are asked for (by `--env-file`, else `COMPOSE_ENV_FILES`), or of `.env` in
/// `directory`. What is there already wins.
fn env_files(
    loader: &mut Loader<'_>,
    selection: &Selection,
    directory: &str,
    environment: &mut IndexMap<String, String>,
) {
    // Of the shell: Compose has not read `.env` when it looks for this one.
    let listed = selection.environment.get("COMPOSE_ENV_FILES").filter(|list| !list.is_empty());
    let files = match (selection.env_files.as_slice(), listed) {
        ([], Some(list)) => list.split(',').map(|file| loader.locate("", file)).collect(),
        ([], None) => default_env_file(loader.tree, directory).into_iter().collect(),
        (files, _) => files.iter().map(|file| path::normal(file)).collect::<Vec<_>>(),
    };
    let from_files = read_env_files(loader, &files, environment, None);
    for (name, value) in from_files {
        environment.entry(name).or_insert(value);
    }
}

/// `.env` in a directory, when it is there.
pub(super) fn default_env_file(tree: &dyn FileTree, directory: &str) -> Option<String> {
    Some(path::join(directory, ".env")).filter(|file| tree.is_file(file))
}

/// The variables of env files; those of a later file win. `outer` wins inside `${…}`.
pub(super) fn read_env_files(
    loader: &mut Loader<'_>,
    files: &[String],
    outer: &IndexMap<String, String>,
    at: Option<Loc>,
) -> IndexMap<String, String> {
    let mut variables: IndexMap<String, String> = IndexMap::new();
    for path in files {
        let text = match loader.tree.read(path) {
            Ok(text) => text,
            Err(error) => {
                loader.unreadable(path, at, format!("env file {error}"));
                continue;
            }
        };
        let known = loader.sources.by_path(path).filter(|file| loader.sources.file(*file).text() == text);
        let file = known.unwrap_or_else(|| loader.sources.add(SourceFile::new(path.as_str(), text.as_str())));
        let lookup = |name: &str| outer.get(name).or_else(|| variables.get(name)).cloned();
        let parsed = dotenv::parse(file, &text, &lookup);
        match parsed {
            Ok(assignments) => {
                for assignment in assignments {
                    // A value that hangs on a variable without a value is itself not known.
                    if loader.mode == Mode::Lenient && !assignment.missing.is_empty() {
                        variables.shift_remove(&assignment.name);
                    } else if let Some(value) = assignment.value {
                        variables.insert(assignment.name, value);
                    }
                }
            }
            Err(fault) => loader.refuse(Fault { at: fault.at, message: fault.message }),
        }
    }
    variables
}

/// The project name: `--project-name`, `COMPOSE_PROJECT_NAME`, `name:` of the last file that has it, the directory.
fn name(
    loader: &mut Loader<'_>,
    selection: &Selection,
    files: &[String],
    directory: &str,
    environment: &IndexMap<String, String>,
) -> String {
    let from_environment = environment.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty());
    if let Some(given) = selection.project_name.as_ref().or(from_environment) {
        if *given != normalized(given) || given.is_empty() {
            let message = format!(
                "invalid project name {given:?}; expected lowercase letters, digits, `-` and `_`, first a letter or a digit"
            );
            loader.unreadable(files.first().map_or(directory, String::as_str), None, message);
        }
        return given.clone();
    }
    let written = written_name(loader, files, directory, environment);
    let absolute = format!("{}/{directory}", loader.tree.root());
    let last = path::normal(&absolute);
    let name = normalized(written.as_deref().unwrap_or_else(|| path::file_name(&last)));
    if name.is_empty() {
        let message = "the project has no name; set `name:` or --project-name".to_owned();
        loader.unreadable(files.first().map_or(directory, String::as_str), None, message);
    }
    name
}

fn written_name(
    loader: &mut Loader<'_>,
    files: &[String],
    directory: &str,
    environment: &IndexMap<String, String>,
) -> Option<String> {
    let required = loader.required();
    let mut name = None;
    for file in files {
        let Some(parsed) = loader.parse(file, directory, None) else { continue };
        for document in &parsed.documents {
            let Some(written) = document.root.get("name").and_then(Value::as_str) else { continue };
            let lookup = |name: &str| environment.get(name).cloned();
            let known = substitute(written, &lookup, required).ok();
            let known = known.filter(|done| done.missing.is_empty() || loader.mode == Mode::Strict);
            name = known.map(|done| done.value).filter(|value| !value.is_empty()).or(name);
        }
    }
    name
}

/// A name as Compose makes it fit: lowercase, without other characters, not beginning with `-` or `_`.
fn normalized(name: &str) -> String {
    let lower = name.to_lowercase();
    let kept =
        lower.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_'));
    kept.collect::<String>().trim_start_matches(['-', '_']).to_owned()
}
