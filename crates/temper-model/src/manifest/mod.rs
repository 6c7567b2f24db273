//! Files that list what an application depends on: `requirements.txt`, `pyproject.toml`, `package.json`.
//!
//! Only those are read that a Dockerfile brings into its build, so that what they list is what the image holds.

mod package_json;
mod pyproject;
mod requirements;
mod sources;

use indexmap::IndexMap;
use temper_text::{Loc, SourceFile, SourceMap};

use crate::{FileTree, path};

pub(crate) use sources::context_sources;

/// Where a package comes from; the same name means different things in different registries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Registry {
    /// PyPI.
    Pypi,
    /// npm.
    Npm,
}

/// A package that an application depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The registry.
    pub registry: Registry,
    /// The name as the registry compares names (PEP 503 for PyPI), without version and extras.
    pub name: String,
    /// Where it is listed.
    pub at: Loc,
}

/// A package as a reader found it: its registry, its name and the bytes of its line.
type Found = (Registry, String, temper_text::Span);

/// The packages that the manifests among `sources` list. `sources` are paths in a build context; a directory stands
/// for the manifests directly in it. What cannot be read lists nothing: it is evidence, not an error.
pub(crate) fn packages(
    tree: &dyn FileTree,
    files: &mut SourceMap,
    context: &str,
    sources: &[String],
) -> Vec<Package> {
    let mut read: IndexMap<String, ()> = IndexMap::new();
    let mut packages = Vec::new();
    let mut open: Vec<String> = sources.iter().rev().map(|source| path::join(context, source)).collect();
    while let Some(source) = open.pop() {
        if reader(&source).is_none() {
            let inside = NAMES.iter().map(|name| path::join(&source, name)).filter(|path| tree.is_file(path));
            open.extend(inside);
            continue;
        }
        if read.len() >= MOST_MANIFESTS || read.insert(source.clone(), ()).is_some() {
            continue;
        }
        open.extend(read_one(tree, files, &source, &mut packages));
    }
    packages
}

/// Requirement files may name each other; no application has as many.
const MOST_MANIFESTS: usize = 32;

/// Names that are looked for in a directory.
const NAMES: [&str; 3] = ["requirements.txt", "pyproject.toml", "package.json"];

/// What a manifest lists, and the further manifests that it names.
struct Listing {
    found: Vec<Found>,
    further: Vec<String>,
}

fn reader(path: &str) -> Option<fn(&str) -> Listing> {
    let name = path::file_name(path);
    match name {
        "package.json" => Some(package_json::read),
        "pyproject.toml" => Some(pyproject::read),
        _ if name.contains("requirements") && name.ends_with(".txt") => Some(requirements::read),
        _ => None,
    }
}

fn read_one(
    tree: &dyn FileTree,
    files: &mut SourceMap,
    source: &str,
    packages: &mut Vec<Package>,
) -> Vec<String> {
    let (Some(read), Ok(text)) = (reader(source), tree.read(source)) else { return Vec::new() };
    let Listing { found, further } = read(&text);
    if !found.is_empty() {
        let file = files.by_path(source).unwrap_or_else(|| files.add(SourceFile::new(source, text)));
        let package = |(registry, name, span)| Package { registry, name, at: Loc { file, span } };
        packages.extend(found.into_iter().map(package));
    }
    let directory = path::parent(source).to_owned();
    further.into_iter().map(|other| path::join(&directory, &other)).collect()
}

/// A name as PyPI compares names (PEP 503), cut off where version, extras, marker or URL begin.
#[must_use]
pub fn pypi_name(written: &str) -> String {
    let end = written.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')));
    let name = written.get(..end.unwrap_or(written.len())).unwrap_or_default();
    let mut normal = String::new();
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if normal.ends_with('-') => {}
            '-' | '_' | '.' => normal.push('-'),
            c => normal.push(c.to_ascii_lowercase()),
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use temper_text::SourceMap;

    use super::{packages, pypi_name};
    use crate::MemoryTree;

    fn names(tree: &MemoryTree, sources: &[&str]) -> Vec<String> {
        let sources: Vec<String> = sources.iter().map(|source| (*source).to_owned()).collect();
        let found = packages(tree, &mut SourceMap::new(), "api", &sources);
        found.into_iter().map(|package| package.name).collect()
    }

    #[test]
    fn names_compare_as_the_index_compares_them() {
        assert_eq!(pypi_name("Flask_Cors[async]>=2 ; python_version<'3'"), "flask-cors");
        assert_eq!(pypi_name("ruamel.yaml==0.18"), "ruamel-yaml");
        assert_eq!(pypi_name("a--b"), "a-b");
    }

    #[test]
    fn copied_directory_stands_for_the_manifests_in_it() {
        let tree =
            MemoryTree::new([("api/requirements.txt", "flask\n"), ("api/deep/requirements.txt", "celery\n")]);
        assert_eq!(names(&tree, &["."]), ["flask"]);
    }

    #[test]
    fn requirements_that_name_each_other_are_read_once() {
        let tree = MemoryTree::new([
            ("api/requirements.txt", "-r base-requirements.txt\nflask\n"),
            ("api/base-requirements.txt", "-r requirements.txt\nredis\n"),
        ]);
        assert_eq!(names(&tree, &["requirements.txt"]), ["flask", "redis"]);
    }

    #[test]
    fn manifest_that_is_not_there_or_broken_lists_nothing() {
        let tree = MemoryTree::new([("api/package.json", "{ broken"), ("api/pyproject.toml", "= no")]);
        assert!(names(&tree, &["package.json", "pyproject.toml", "requirements.txt"]).is_empty());
    }
}
