//! What is known of the directories that images are built from.

use indexmap::IndexMap;
use temper_text::{SourceFile, SourceMap};

use crate::{BuildContext, Dockerfile, FileTree, IgnoreFile, ProjectGroup, path};

/// Names at the top of a context that an image should not hold.
const SENSITIVE: [&str; 9] =
    [".env", ".env.local", ".env.production", ".git", ".netrc", ".aws", ".ssh", "id_rsa", "secrets"];

/// The contexts of all services that are built, by (context, Dockerfile). A Dockerfile that no service is built from
/// may be built from its own directory or from the root, so both are looked at.
pub(super) fn contexts(
    tree: &dyn FileTree,
    sources: &mut SourceMap,
    projects: &[ProjectGroup],
    dockerfiles: &IndexMap<String, Dockerfile>,
) -> IndexMap<(String, String), BuildContext> {
    let mut wanted: Vec<(String, String)> = projects.iter().flat_map(built).collect();
    for path in dockerfiles.keys() {
        if !wanted.iter().any(|(_, dockerfile)| dockerfile == path) {
            wanted.push((path::parent(path).to_owned(), path.clone()));
            wanted.push((String::new(), path.clone()));
        }
    }
    let mut contexts = IndexMap::new();
    for key in wanted {
        if !contexts.contains_key(&key) {
            let context = context(tree, sources, &key.0, &key.1);
            contexts.insert(key, context);
        }
    }
    contexts
}

fn built(group: &ProjectGroup) -> Vec<(String, String)> {
    let merged = group.overlays.iter().filter_map(|overlay| overlay.merged.as_ref());
    let services = merged.chain([&group.project]).flat_map(|project| project.services.values());
    let builds = services.filter_map(|service| {
        let build = service.build.as_ref()?;
        Some((build.context.clone()?, build.dockerfile.as_ref()?.value.clone()))
    });
    builds.collect()
}

fn context(tree: &dyn FileTree, sources: &mut SourceMap, context: &str, dockerfile: &str) -> BuildContext {
    let inside = |name: &str| if context.is_empty() { name.to_owned() } else { format!("{context}/{name}") };
    let candidates = [format!("{dockerfile}.dockerignore"), inside(".dockerignore")];
    let ignore = candidates.into_iter().find_map(|path| {
        let text = tree.read(&path).ok()?;
        let file = sources.add(SourceFile::new(path.as_str(), text.as_str()));
        Some(IgnoreFile::parse(file, path, &text))
    });
    let is_there = |name: &&str| tree.is_file(&inside(name)) || tree.is_dir(&inside(name));
    BuildContext {
        ignore,
        sensitive: SENSITIVE.iter().filter(|name| is_there(name)).map(|name| (*name).to_owned()).collect(),
    }
}
