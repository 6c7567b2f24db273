//! The whole of a project: loaded, checked, brought into long form, typed.

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use serde_json::Value as Json;
use temper_text::{FileId, Loc, SourceMap};

use super::canonical::{canonical, derived, edit, map_mut, member, node};
use super::loaded::{Loaded, Mode};
use super::normalize::{Machine, add_implied, is_true};
use super::report::Report;
use super::typed::{EnvironmentFiles, Place, service};
use super::{Project, Resource, Selection, Service, Variable};
use super::{consistency, features, json, load, paths, schema, selection};
use crate::yaml_files::YamlFiles;
use crate::{Data, FileTree, Problem, Value};

#[cfg(test)]
mod tests;

/// Reads a Compose project. It always comes back: what cannot be read, or what Docker Compose would refuse, is among
/// its problems, and the rest is there.
pub fn load_project(
    tree: &dyn FileTree,
    sources: &mut SourceMap,
    selection: &Selection,
    mode: Mode,
) -> Project {
    load_from(&YamlFiles::new(tree), sources, selection, mode)
}

/// [`load_project`] with files that other projects may have read already.
pub(crate) fn load_from(
    files: &YamlFiles<'_>,
    sources: &mut SourceMap,
    selection: &Selection,
    mode: Mode,
) -> Project {
    let loaded = load::load(files, sources, selection, mode);
    read(files.tree, sources, selection, mode, loaded).project
}

/// The canonical form of a project: what `docker compose config --format json` prints.
///
/// # Errors
/// When Docker Compose would refuse the project: every reason, with its place.
pub fn config(
    tree: &dyn FileTree,
    sources: &mut SourceMap,
    selection: &Selection,
) -> Result<Json, Vec<Problem>> {
    let loaded = load::load(&YamlFiles::new(tree), sources, selection, Mode::Strict);
    let read = read(tree, sources, selection, Mode::Strict, loaded);
    let refused: Vec<Problem> =
        read.project.problems.iter().filter(|problem| !problem.warning).cloned().collect();
    if refused.is_empty() { Ok(config_json(tree.root(), read)) } else { Err(refused) }
}

/// A project, and what printing it needs besides.
struct Read {
    project: Project,
    variables: IndexMap<String, String>,
    /// Labels that label files give, by service.
    labels: IndexMap<String, IndexMap<String, Variable>>,
    bases: HashMap<FileId, String>,
}

fn read(tree: &dyn FileTree, sources: &mut SourceMap, given: &Selection, mode: Mode, loaded: Loaded) -> Read {
    let Loaded { name, files, directory, bases, mut root, mut definitions, environment, uses, mut problems } =
        loaded;
    let mut report = Report::new(mode == Mode::Lenient);
    match root.data {
        Data::Null if problems.is_empty() => {
            report.refuse(root.at, "the file is empty; expected a mapping with services".to_owned());
        }
        // A project that could not be loaded has no shape to check.
        Data::Null => {}
        _ => schema::check(&root, &mut report),
    }
    let features = features::features(&root, &uses);
    canonical(&mut root, &mut report);
    add_implied(&mut root, &name);
    let profiles = selection::profiles(&given.profiles, &environment);
    let enabled = selection::enabled(&root, &profiles);
    consistency::check(&root, &enabled, &mut report);

    let directory_of = |file: FileId| bases.get(&file).unwrap_or(&directory).clone();
    let place = Place { root: tree.root(), directory_of: &directory_of };
    let mut silent = Report::new(true);
    let mut services: IndexMap<String, Service> = IndexMap::new();
    let mut labels: IndexMap<String, IndexMap<String, Variable>> = IndexMap::new();
    let mut read_files = HashMap::new();
    for (name, member) in root.get("services").and_then(Value::as_map).into_iter().flatten() {
        // Compose never looks at the env files of a service that is not enabled.
        let report = if enabled.contains(name) { &mut report } else { &mut silent };
        let mut files = EnvironmentFiles { tree, sources, variables: &environment, report, read: read_files };
        labels.insert(name.clone(), files.labels(&member.value, &place));
        let definitions = definitions.shift_remove(name).unwrap_or_default();
        services.insert(name.clone(), service(name, member, definitions, &place, &mut files));
        read_files = files.read;
    }
    // A place that loading has refused already is not refused again for what follows from that.
    let refused: HashSet<Loc> =
        problems.iter().filter(|problem| !problem.warning).filter_map(|problem| problem.at).collect();
    let is_new = |problem: &Problem| problem.at.is_none_or(|at| !refused.contains(&at));
    problems.extend(report.into_problems(sources).into_iter().filter(is_new));
    let project = Project {
        name,
        files,
        directory,
        services,
        networks: resources(&root, "networks"),
        volumes: resources(&root, "volumes"),
        secrets: resources(&root, "secrets"),
        configs: resources(&root, "configs"),
        enabled,
        features,
        problems,
        merged: root,
    };
    Read { project, variables: environment, labels, bases }
}

fn resources(root: &Value, section: &str) -> IndexMap<String, Resource> {
    let resource = |(name, member): (&String, &crate::Member)| {
        let resource = Resource {
            name: name.clone(),
            at: member.key,
            external: member.value.get("external").is_some_and(is_true),
            value: member.value.clone(),
        };
        (name.clone(), resource)
    };
    root.get(section).and_then(Value::as_map).into_iter().flatten().map(resource).collect()
}

fn config_json(root_directory: &str, read: Read) -> Json {
    let Read { project, variables, labels, bases } = read;
    let mut root = project.merged;
    selection::keep_enabled(&mut root, &project.enabled);
    set_environments(&mut root, &project.services);
    set_labels(&mut root, &labels);
    let directory_of = |file: FileId| {
        let relative = bases.get(&file).unwrap_or(&project.directory);
        paths::absolute(root_directory, relative, None)
    };
    Machine { variables: &variables, directory_of: &directory_of }.complete(&mut root);
    json::print(&root, &project.name)
}

/// Puts the effective environment of each service in place of what the file says.
fn set_environments(root: &mut Value, services: &IndexMap<String, Service>) {
    edit(root, "services", |tree| {
        for (name, entry) in map_mut(tree).into_iter().flatten() {
            let Some(service) = services.get(name) else { continue };
            let map = variables_map(&entry.value, &service.environment);
            if let Some(fields) = map_mut(&mut entry.value) {
                fields.insert("environment".to_owned(), member(map));
            }
        }
    });
}

/// Adds the labels of label files to those that the file has.
fn set_labels(root: &mut Value, labels: &IndexMap<String, IndexMap<String, Variable>>) {
    edit(root, "services", |tree| {
        for (name, entry) in map_mut(tree).into_iter().flatten() {
            let Some(labels) = labels.get(name).filter(|labels| !labels.is_empty()) else { continue };
            let mut map = variables_map(&entry.value, labels);
            let written = entry.value.get("labels").and_then(Value::as_map).cloned();
            if let Some(map) = map_mut(&mut map) {
                map.extend(written.into_iter().flatten());
            }
            if let Some(fields) = map_mut(&mut entry.value) {
                fields.insert("labels".to_owned(), member(map));
            }
        }
    });
}

fn variables_map(service: &Value, variables: &IndexMap<String, Variable>) -> Value {
    let anchor = node(service, Data::Null);
    let entries = variables.iter().map(|(name, variable)| {
        let value = match &variable.value {
            Some(value) => derived(&anchor, value.clone()),
            None => anchor.clone(),
        };
        (name.clone(), member(value))
    });
    node(service, Data::Map(entries.collect()))
}
