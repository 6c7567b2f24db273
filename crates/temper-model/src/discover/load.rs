use std::collections::BTreeSet;

use indexmap::IndexMap;
use rayon::prelude::*;
use temper_text::{FileId, Loc, SourceFile, SourceMap};

use super::contexts::contexts;
use super::group::{Group, Input, Named, Overlay, group};
use super::names::{is_dockerfile, is_wanted};
use super::outline::Outline;
use super::parallel::load_projects;
use super::read::{
    ComposeFiles, compose_file_variables, directories_as_files, read_compose_files, reason_of,
};
use super::walk::{Walk, WalkRequest};
use crate::compose::{Project, Selection};
use crate::manifest::{self, Package};
use crate::start_script::{self, StartScripts};
use crate::yaml_files::YamlFiles;
use crate::{
    BuildContext, Dockerfile, FileTree, OverlayFile, Problem, ProjectGroup, Settings, SettingsError, Stack,
    TreeError, path,
};

/// The settings of a stack, at its root.
const SETTINGS: &str = "temper.toml";

/// What of a tree is wanted, as on the command line.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions<'a> {
    /// Compose files in order of merging (`-f`), relative to the root. Empty: discovery.
    pub files: Vec<String>,
    /// Profiles to enable (`--profile`); `*` enables all.
    pub profiles: Vec<String>,
    /// Env files (`--env-file`), relative to the root. Empty: `.env` beside the base.
    pub env_files: Vec<String>,
    /// Project name (`--project-name`).
    pub project_name: Option<String>,
    /// Identifiers of the controls that waivers may name.
    pub known_controls: &'a [&'a str],
}

impl Stack {
    /// Reads the stack of a tree: with `files`, the one project that they make up; else every project that is found.
    ///
    /// What cannot be read becomes a [`Problem`]; the rest of the tree is still here.
    ///
    /// # Errors
    /// When `temper.toml` is there and has a mistake: to go on without it would drop waivers and sizes unseen.
    pub fn load(tree: &dyn FileTree, options: &LoadOptions<'_>) -> Result<Self, SettingsError> {
        let settings = settings(tree, options.known_controls)?;
        let loader = Loader { tree, options, settings: &settings };
        let parts = if options.files.is_empty() { loader.discover() } else { loader.selected() };
        Ok(parts.into_stack(settings))
    }
}

fn settings(tree: &dyn FileTree, known_controls: &[&str]) -> Result<Settings, SettingsError> {
    match tree.read(SETTINGS) {
        Ok(text) => Settings::parse(SETTINGS, &text, known_controls),
        Err(TreeError::NotFound(_)) => Ok(Settings::default()),
        Err(error) => Err(SettingsError::unreadable(SETTINGS, reason_of(SETTINGS, &error))),
    }
}

/// A stack while it is put together.
#[derive(Default)]
struct Parts {
    sources: SourceMap,
    projects: Vec<ProjectGroup>,
    dockerfiles: IndexMap<String, Dockerfile>,
    packages: IndexMap<(String, String), Vec<Package>>,
    start_scripts: IndexMap<(String, String), StartScripts>,
    build_contexts: IndexMap<(String, String), BuildContext>,
    problems: Vec<Problem>,
    skipped: Vec<String>,
}

impl Parts {
    fn into_stack(self, settings: Settings) -> Stack {
        let Self {
            sources,
            projects,
            dockerfiles,
            packages,
            start_scripts,
            build_contexts,
            problems,
            skipped,
        } = self;
        Stack {
            sources,
            projects,
            dockerfiles,
            packages,
            start_scripts,
            build_contexts,
            settings,
            problems,
            skipped,
        }
    }

    fn problem(&mut self, file: &str, at: Option<Loc>, message: String, warning: bool) {
        self.problems.push(Problem { file: file.to_owned(), at, message, warning });
    }
}

struct Loader<'a> {
    tree: &'a dyn FileTree,
    options: &'a LoadOptions<'a>,
    settings: &'a Settings,
}

impl Loader<'_> {
    fn selected(&self) -> Parts {
        let files: Vec<String> = self.options.files.iter().map(|file| path::normal(file)).collect();
        let reason = format!("named on the command line: {}", files.join(", "));
        let directory = files.first().map_or("", |file| path::parent(file)).to_owned();
        let mut parts = Parts::default();
        let yaml = YamlFiles::new(self.tree);
        let read = read_compose_files(&yaml, &files, &mut parts.sources);
        let named = Named { directory, files, reason, ..Named::default() };
        // Broken files are told by the loading itself, which is asked for exactly these.
        let no_marks = BTreeSet::new();
        let input = Input {
            outlines: &read.outlines,
            named: vec![named],
            marked: &no_marks,
            output: &self.settings.output,
        };
        let (groups, _) = group(input);
        self.load_groups(groups, &yaml, &read, &mut parts);
        self.dockerfiles(Vec::new(), &mut parts);
        self.packages(&mut parts);
        self.build_contexts(&mut parts);
        parts
    }

    fn discover(&self) -> Parts {
        let request = WalkRequest { wanted: &is_wanted, exclude: &self.settings.exclude };
        let Walk { files, directories, skipped, problems } = self.tree.walk(&request);
        let mut parts = Parts { skipped, problems, ..Parts::default() };
        parts.problems.extend(directories_as_files(&directories));
        let yaml = YamlFiles::new(self.tree);
        let mut read = read_compose_files(&yaml, &files, &mut parts.sources);
        parts.problems.append(&mut read.problems);
        let named = self.named(&files);
        let input =
            Input { outlines: &read.outlines, named, marked: &read.marked, output: &self.settings.output };
        let (groups, mut problems) = group(input);
        place(&mut problems, &read, &parts.sources);
        parts.problems.append(&mut problems);
        self.load_groups(groups, &yaml, &read, &mut parts);
        self.dockerfiles(files.into_iter().filter(|file| is_dockerfile(file)).collect(), &mut parts);
        self.packages(&mut parts);
        self.build_contexts(&mut parts);
        parts
    }

    /// Projects of `temper.toml`, then those of a committed `COMPOSE_FILE` in directories that it does not speak of.
    fn named(&self, files: &[String]) -> Vec<Named> {
        let mut named: Vec<Named> = self
            .settings
            .projects
            .iter()
            .map(|project| Named {
                directory: project.directory.clone(),
                files: project.files.clone(),
                profiles: project.profiles.clone(),
                env_files: project.env_files.clone(),
                name: project.name.clone(),
                reason: format!("{SETTINGS} names {}", project.files.join(", ")),
            })
            .collect();
        for (directory, files) in compose_file_variables(self.tree, files) {
            if named.iter().all(|project| project.directory != directory) {
                let reason =
                    format!("COMPOSE_FILE in {} names {}", path::join(&directory, ".env"), files.join(", "));
                named.push(Named { directory, files, reason, ..Named::default() });
            }
        }
        named
    }

    fn load_groups(&self, groups: Vec<Group>, yaml: &YamlFiles<'_>, read: &ComposeFiles, parts: &mut Parts) {
        let mut selections = Vec::new();
        for group in &groups {
            selections.push(self.selection(group, None));
            selections
                .extend(group.overlays.iter().map(|overlay| self.selection(group, Some(&overlay.file))));
        }
        let mut projects = load_projects(yaml, &mut parts.sources, &selections).into_iter();
        for group in groups {
            let Some(project) = projects.next() else { break };
            let merged: Vec<Project> = projects.by_ref().take(group.overlays.len()).collect();
            let overlays = group.overlays.iter().zip(merged);
            let overlays =
                overlays.filter_map(|(found, merged)| overlay(found, &project, merged, read, &parts.sources));
            parts.projects.push(ProjectGroup {
                overlays: overlays.collect(),
                reason: group.project.reason,
                hardened_path: group.hardened_path,
                project,
            });
        }
    }

    /// The files of a project in the order in which Compose merges them: temper's overlay is written to be the last.
    fn selection(&self, group: &Group, overlay: Option<&String>) -> Selection {
        let mut files = group.project.files.clone();
        files.extend(overlay.cloned());
        files.extend(group.hardened.then(|| group.hardened_path.clone()));
        let either = |ours: &[String], theirs: &[String]| {
            if ours.is_empty() { theirs.to_vec() } else { ours.to_vec() }
        };
        Selection {
            files,
            profiles: either(&self.options.profiles, &group.project.profiles),
            env_files: either(&self.options.env_files, &group.project.env_files),
            project_name: self.options.project_name.clone().or_else(|| group.project.name.clone()),
            ..Selection::default()
        }
    }

    /// Reads the manifests and start scripts that the Dockerfiles of services bring into their builds.
    fn packages(&self, parts: &mut Parts) {
        let Parts { projects, dockerfiles, packages, start_scripts, sources, .. } = parts;
        for service in projects.iter().flat_map(|group| group.project.services.values()) {
            let Some(build) = &service.build else { continue };
            let (Some(context), Some(path)) = (&build.context, &build.dockerfile) else { continue };
            let Some(dockerfile) = dockerfiles.get(&path.value) else { continue };
            let key = (context.clone(), path.value.clone());
            if !packages.contains_key(&key) {
                let target = build.target.as_ref().and_then(crate::Setting::known).map(String::as_str);
                let found = start_script::start_scripts(self.tree, context, &dockerfile.tree, target);
                start_scripts.insert(key.clone(), found);
                let found = manifest::packages(
                    self.tree,
                    sources,
                    context,
                    &manifest::context_sources(&dockerfile.tree),
                );
                packages.insert(key, found);
            }
        }
        for (path, dockerfile) in dockerfiles.iter() {
            if start_scripts.keys().any(|(_, built)| built == path) {
                continue;
            }
            let contexts = [path::parent(path), ""];
            let found = contexts.into_iter().find_map(|context| {
                let found = start_script::start_scripts(self.tree, context, &dockerfile.tree, None);
                (found != StartScripts::default()).then(|| (context.to_owned(), found))
            });
            start_scripts.extend(found.map(|(context, found)| ((context, path.clone()), found)));
        }
    }

    /// Looks at the directories that images are built from.
    fn build_contexts(&self, parts: &mut Parts) {
        parts.build_contexts = contexts(self.tree, &mut parts.sources, &parts.projects, &parts.dockerfiles);
    }

    /// Reads the Dockerfiles that were found and those that services are built from.
    fn dockerfiles(&self, found: Vec<String>, parts: &mut Parts) {
        let mut wanted: IndexMap<String, Option<Loc>> = found.into_iter().map(|path| (path, None)).collect();
        for group in &parts.projects {
            for (path, at) in built_from(group) {
                wanted.entry(path).or_insert(Some(at));
            }
        }
        wanted.sort_unstable_keys();
        let wanted: Vec<(String, Option<Loc>)> = wanted.into_iter().collect();
        let parse = |(path, at): (String, Option<Loc>)| {
            let parsed = self.tree.read(&path).map(|text| (temper_dockerfile::parse(&text), text));
            (path, at, parsed)
        };
        let read: Vec<_> = wanted.into_par_iter().map(parse).collect();
        for (path, at, parsed) in read {
            match parsed {
                Ok((tree, text)) => {
                    let file = parts.sources.add(SourceFile::new(path.as_str(), text));
                    parts.dockerfiles.insert(path.clone(), Dockerfile { file, path, tree });
                }
                Err(error) => not_built(&path, at, &error, parts),
            }
        }
    }
}

/// The Dockerfiles that the services of a project and of its overlays are built from.
fn built_from(group: &ProjectGroup) -> impl Iterator<Item = (String, Loc)> {
    let merged = group.overlays.iter().filter_map(|overlay| overlay.merged.as_ref());
    let services = merged.chain([&group.project]).flat_map(|project| project.services.values());
    let dockerfiles = services.filter_map(|service| service.build.as_ref()?.dockerfile.as_ref());
    dockerfiles.map(|dockerfile| (dockerfile.value.clone(), dockerfile.at))
}

fn not_built(path: &str, at: Option<Loc>, error: &TreeError, parts: &mut Parts) {
    let reason = reason_of(path, error);
    match at {
        None => parts.problem(path, None, reason, false),
        Some(at) => {
            let file = parts.sources.file(at.file).path().to_owned();
            let message = format!("the service is built from {path}, which cannot be read: {reason}");
            // On a fresh clone a submodule or a generated context may be absent.
            parts.problem(&file, Some(at), message, true);
        }
    }
}

/// Compares an overlay with the project that it lies on.
fn overlay(
    found: &Overlay,
    base: &Project,
    merged: Project,
    read: &ComposeFiles,
    sources: &SourceMap,
) -> Option<OverlayFile> {
    let outline = read.outlines.get(&found.file)?;
    let id = file_id(&found.file, &merged, sources)?;
    let reason = found.reason.clone();
    let mut overlay =
        OverlayFile { file: id, merged: None, changes: vec![], adds: vec![], ghosts: vec![], reason };
    for (name, service) in &outline.services {
        if base.services.contains_key(name) {
            overlay.changes.push(name.clone());
        } else if service.complete {
            overlay.adds.push(name.clone());
        } else {
            overlay.ghosts.push((name.clone(), Loc { file: id, span: service.key }));
        }
    }
    overlay.merged = Some(merged);
    Some(overlay)
}

/// The name of a file as the merged project knows it, so that places in both agree.
fn file_id(path: &str, project: &Project, sources: &SourceMap) -> Option<FileId> {
    let known = project.files.iter().find(|id| sources.file(**id).path() == path);
    known.copied().or_else(|| sources.by_path(path))
}

/// Points problems about files without a base at the first service that has none.
fn place(problems: &mut [Problem], read: &ComposeFiles, sources: &SourceMap) {
    for problem in problems {
        let outline = read.outlines.get(&problem.file);
        let key = outline.and_then(first_incomplete);
        let file = sources.by_path(&problem.file);
        problem.at = file.zip(key).map(|(file, span)| Loc { file, span });
    }
}

fn first_incomplete(outline: &Outline) -> Option<temper_text::Span> {
    outline.services.values().find(|service| !service.complete).map(|service| service.key)
}
