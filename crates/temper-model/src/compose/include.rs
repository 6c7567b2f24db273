//! `include`: other projects whose services and resources are taken in, each read in its own directory and variables.

use std::rc::Rc;

use indexmap::IndexMap;
use temper_text::Loc;

use super::Definition;
use super::document::{Fault, MAX_DEPTH};
use super::extends::mark;
use super::include_conflict::is_same;
use super::load::{Loader, Scope};
use super::load_start::{default_env_file, read_env_files};
use crate::{Data, Member, Origin, Value, path};

/// The parts of a project that an `include` brings in. `name` and extensions stay behind.
const SECTIONS: [&str; 5] = ["services", "volumes", "networks", "secrets", "configs"];

/// Takes in what `include` of `root` names, and removes the key.
pub(super) fn resolve(
    loader: &mut Loader<'_>,
    file: &str,
    root: &mut Value,
    definitions: &mut IndexMap<String, Vec<Definition>>,
    scope: &Scope,
) {
    let Data::Map(map) = &mut root.data else { return };
    let Some(member) = map.shift_remove("include") else { return };
    loader.used("include", member.key);
    let entries = match member.value.data {
        Data::Seq(entries) => entries,
        Data::Null => return,
        _ => {
            loader.refuse(Fault {
                at: member.value.at,
                message: "include: expected a list of files".to_owned(),
            });
            return;
        }
    };
    let mut chain = scope.chain.clone();
    chain.push(file.to_owned());
    for entry in &entries {
        let Some(include) = read(loader, entry, scope) else { continue };
        if is_cycle(loader, &include, &chain) {
            continue;
        }
        take_in(loader, root, definitions, &include, &chain, scope);
    }
}

/// One entry, its paths relative to the root of the stack.
struct Include {
    at: Loc,
    files: Vec<String>,
    directory: Option<String>,
    env_files: Option<Vec<String>>,
}

fn read(loader: &mut Loader<'_>, entry: &Value, scope: &Scope) -> Option<Include> {
    let at = entry.at;
    let (paths, directory, env_files) = match &entry.data {
        Data::Map(_) => (entry.get("path"), entry.get("project_directory"), entry.get("env_file")),
        _ => (Some(entry), None, None),
    };
    let all = || [paths, directory, env_files].into_iter().flatten();
    let unknown =
        all().flat_map(texts).find(|text| !text.missing().is_empty()).map(|text| text.missing().join(", "));
    if let Some(names) = unknown {
        loader
            .warn(Fault { at, message: format!("cannot know what is included: {names} has no value here") });
        return None;
    }
    let located = |value: &Value| -> Vec<String> {
        texts(value).filter_map(Value::as_str).map(|text| loader.locate(&scope.directory, text)).collect()
    };
    let files = paths.map(located).unwrap_or_default();
    if files.is_empty() {
        let message = "include: expected a path, or a mapping with `path`".to_owned();
        loader.refuse(Fault { at, message });
        return None;
    }
    let directory = directory.and_then(|value| located(value).into_iter().next());
    let env_files = env_files.map(|value| {
        // The way to read no env file at all.
        let none = texts(value).filter_map(Value::as_str).all(|text| text == "/dev/null");
        if none { Vec::new() } else { located(value) }
    });
    Some(Include { at, files, directory, env_files })
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &Value> {
    let items = value.as_seq().unwrap_or(std::slice::from_ref(value));
    items.iter().filter(|item| item.as_str().is_some())
}

fn is_cycle(loader: &mut Loader<'_>, include: &Include, chain: &[String]) -> bool {
    let Some(first) = include.files.first() else { return false };
    let message = if chain.contains(first) {
        format!("circular `include`: {} includes {first}", chain.join(" includes "))
    } else if chain.len() >= MAX_DEPTH {
        format!("expected files included at most {MAX_DEPTH} deep")
    } else {
        return false;
    };
    loader.refuse(Fault { at: include.at, message });
    true
}

fn take_in(
    loader: &mut Loader<'_>,
    root: &mut Value,
    definitions: &mut IndexMap<String, Vec<Definition>>,
    include: &Include,
    chain: &[String],
    scope: &Scope,
) {
    let first = include.files.first().map(String::as_str).unwrap_or_default();
    let directory = include.directory.clone().unwrap_or_else(|| path::parent(first).to_owned());
    let env_files = include
        .env_files
        .clone()
        .unwrap_or_else(|| default_env_file(loader.tree, &directory).into_iter().collect());
    let more = read_env_files(loader, &env_files, &scope.environment, Some(include.at));
    let mut environment = IndexMap::clone(&scope.environment);
    for (name, value) in more {
        environment.entry(name).or_insert(value);
    }
    // Read ahead so that a file that is missing is reported where it is named.
    for file in &include.files {
        loader.parse(file, &directory, Some(include.at));
    }
    let inner = Scope { directory, environment: Rc::new(environment), chain: chain.to_vec() };
    let model = loader.model(&include.files, &inner);
    let Some(mut imported) = model.root else { return };
    resolve_environment(&mut imported, &inner.environment);
    loader.empty_lists(&mut imported);
    mark(&mut imported, Origin::Include(include.at));
    for section in SECTIONS {
        import(loader, root, &mut imported, section);
    }
    for (name, places) in model.definitions {
        definitions.entry(name).or_insert(places);
    }
}

fn import(loader: &mut Loader<'_>, root: &mut Value, imported: &mut Value, section: &str) {
    let Data::Map(from) = &mut imported.data else { return };
    let Some(Member { key, value }) = from.shift_remove(section) else { return };
    let Value { data: Data::Map(entries), at, origin } = value else { return };
    let Data::Map(map) = &mut root.data else { return };
    let empty = || Member { key, value: Value { data: Data::Map(IndexMap::new()), at, origin } };
    let target = map.entry(section.to_owned()).or_insert_with(empty);
    if matches!(target.value.data, Data::Null) {
        *target = empty();
    }
    let Data::Map(target) = &mut target.value.data else { return };
    for (name, member) in entries {
        match target.get(&name) {
            None => {
                target.insert(name, member);
            }
            Some(own) if is_same(loader, (section, &name), &own.value, &member.value) => {}
            Some(_) => {
                let message = format!(
                    "{section}.{name} is defined here and by a file that includes this one; \
                     only one may define it"
                );
                loader.refuse(Fault { at: member.key, message });
            }
        }
    }
}

/// Gives names without a value in `environment` their value from the variables of the include, which the including
/// project does not have.
fn resolve_environment(root: &mut Value, variables: &IndexMap<String, String>) {
    let Data::Map(map) = &mut root.data else { return };
    let Some(Data::Map(services)) = map.get_mut("services").map(|member| &mut member.value.data) else {
        return;
    };
    for service in services.values_mut() {
        let Data::Map(fields) = &mut service.value.data else { continue };
        let Some(environment) = fields.get_mut("environment") else { continue };
        match &mut environment.value.data {
            Data::Map(entries) => {
                for (name, member) in entries {
                    if let (Data::Null, Some(value)) = (&member.value.data, variables.get(name)) {
                        member.value.data = Data::Str(value.as_str().into());
                    }
                }
            }
            Data::Seq(items) => {
                for item in items {
                    let Data::Str(text) = &mut item.data else { continue };
                    if let Some(value) = variables.get(&text.value).filter(|_| !text.value.contains('=')) {
                        text.value = format!("{}={value}", text.value);
                    }
                }
            }
            _ => {}
        }
    }
}
