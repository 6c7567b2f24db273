use std::collections::BTreeMap;

use temper_model::{FileTree, MARKER, Stack};

/// Where the overlay of a project is written.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// The path; `None` when both names are taken by files of somebody else.
    pub(crate) path: Option<String>,
    /// The overlay that is there and that temper wrote.
    pub(crate) old: Option<String>,
    /// What a person should know.
    pub(crate) note: Option<String>,
}

/// The overlay of every project, in the order of the projects.
pub(crate) fn targets(stack: &Stack, tree: &dyn FileTree) -> Vec<Target> {
    stack.projects.iter().map(|group| target(&group.hardened_path, tree)).collect()
}

fn target(wanted: &str, tree: &dyn FileTree) -> Target {
    let other = other_name(wanted);
    if let Some(old) = usable(wanted, tree) {
        return Target { path: Some(wanted.to_owned()), old, note: None };
    }
    match usable(&other, tree) {
        Some(old) => {
            let note = format!(
                "{wanted} is there and was not written by temper (its first line does not begin with `{MARKER}`); the \
                 overlay is {other} instead"
            );
            Target { path: Some(other), old, note: Some(note) }
        }
        None => {
            let note = format!(
                "{wanted} and {other} are there and were not written by temper: rename one, or set another name with \
                 `compose.output` in temper.toml"
            );
            Target { path: None, old: None, note: Some(note) }
        }
    }
}

/// `Some` when temper may write the file; in it the text that is there.
fn usable(path: &str, tree: &dyn FileTree) -> Option<Option<String>> {
    if !tree.is_file(path) {
        return (!tree.is_dir(path)).then_some(None);
    }
    let text = tree.read(path).ok()?;
    text.starts_with(MARKER).then_some(Some(text))
}

fn other_name(wanted: &str) -> String {
    let (directory, name) =
        wanted.rsplit_once('/').map_or(("", wanted), |(directory, name)| (directory, name));
    let name = if name.contains("hardened") {
        name.replace("hardened", "temper")
    } else {
        "docker-compose.temper.yml".to_owned()
    };
    if directory.is_empty() { name } else { format!("{directory}/{name}") }
}

/// The texts that make the overlays which the stack was read with say nothing. Empty when it was read without.
pub(crate) fn blank(stack: &Stack, targets: &[Target]) -> BTreeMap<String, String> {
    let read_with = |index: usize, path: &str| {
        stack.projects.get(index).is_some_and(|group| {
            group.project.files.iter().any(|file| stack.sources.file(*file).path() == path)
        })
    };
    targets
        .iter()
        .enumerate()
        .filter_map(|(index, target)| {
            let path = target.path.as_ref().filter(|path| target.old.is_some() && read_with(index, path))?;
            Some((path.clone(), format!("{MARKER}.\nservices: {{}}\n")))
        })
        .collect()
}
