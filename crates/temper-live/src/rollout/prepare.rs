//! What there is to do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;
use temper_model::Stack;
use temper_plan::Outcome;

use super::candidate::{Candidate, CandidateError, Inputs};
use super::precondition::{CheckError, Situation, Unmet, check};
use super::swap::is_temporary;
use super::translate::{TranslateError, write_private};
use crate::compose_cli::{Cli, Files};
use crate::engine::{Engine, EngineError, Inspect};
use crate::names;

/// A fix that the plan has chosen for a service, directly or through the Dockerfile that it is built from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ChosenFix {
    /// `service/api` or `dockerfile/api/Dockerfile`.
    pub(crate) resource: String,
    /// The control.
    pub(crate) control: &'static str,
}

/// The stack before a rollout, and what a candidate would change.
pub(crate) struct Prepared {
    /// The merged project as it is in the files now. It holds secrets.
    pub(crate) now: Value,
    /// Containers of the project that run, by service.
    pub(crate) running: BTreeMap<String, Vec<Inspect>>,
    /// What does not hold.
    pub(crate) unmet: Vec<Unmet>,
}

/// Why nothing can be prepared.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The stack cannot be planned.
    #[error(transparent)]
    Candidate(#[from] CandidateError),
    /// The preconditions cannot be checked.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The engine cannot be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Compose cannot be asked.
    #[error(transparent)]
    Translate(#[from] TranslateError),
}

/// The files of a project, as Compose is told them.
pub(crate) fn files(inputs: &Inputs<'_>, root: &Path, names: &[String]) -> Files {
    let below = |paths: &[String]| paths.iter().map(|path| root.join(path)).collect::<Vec<PathBuf>>();
    Files {
        directory: root.to_path_buf(),
        files: below(names),
        project_directory: None,
        project_name: inputs.load.project_name.clone(),
        profiles: vec!["*".to_owned()],
        env_files: below(&inputs.load.env_files),
    }
}

/// Running containers of a project, by service. A container that temper keeps for the way back is not among them.
pub(crate) fn running(engine: &Engine, project: &str) -> Result<BTreeMap<String, Vec<Inspect>>, EngineError> {
    let mut running: BTreeMap<String, Vec<Inspect>> = BTreeMap::new();
    for found in engine.project(project)? {
        let Some(service) = found.service().map(str::to_owned) else { continue };
        if is_temporary(&found.name) {
            continue;
        }
        if let Some(inspect) = engine.find(&found.id)?.filter(Inspect::is_running) {
            running.entry(service).or_default().push(inspect);
        }
    }
    Ok(running)
}

/// Reads the stack as it is and checks what must hold.
pub(crate) fn prepare(
    engine: &Engine,
    cli: &Cli,
    inputs: &Inputs<'_>,
    root: &Path,
    stack: &Stack,
    project: usize,
    candidate: &Candidate,
) -> Result<Prepared, PrepareError> {
    let group = stack.projects.get(project).ok_or(CandidateError::Gone)?;
    let names: Vec<String> =
        group.project.files.iter().map(|id| stack.sources.file(*id).path().to_owned()).collect();
    let now = inputs.config(inputs.tree, &names)?;
    let running = running(engine, &group.project.name)?;
    let situation = Situation {
        stack: &candidate.stack,
        project,
        plan: &candidate.plan,
        now: &now,
        then: &candidate.config,
        files: &files(inputs, root, &names),
        running: &running,
    };
    let unmet = check(engine, cli, &situation)?;
    Ok(Prepared { now, running, unmet })
}

/// The hash that Compose would write on the container of each service of a merged project.
///
/// Compose hashes a service with its env files resolved, which is what the merged project shows; asked about the files
/// themselves it would hash the names of the env files.
pub(crate) fn hashes(
    cli: &Cli,
    directory: &Path,
    config: &Value,
) -> Result<BTreeMap<String, String>, TranslateError> {
    let path = directory.join("merged.json");
    let write = |reason| TranslateError::Write { path: path.display().to_string(), reason };
    write_private(&path, &config.to_string()).map_err(write)?;
    let files = Files {
        directory: directory.to_path_buf(),
        files: vec![path.clone()],
        project_name: config["name"].as_str().map(str::to_owned),
        profiles: vec!["*".to_owned()],
        ..Files::default()
    };
    let hashes = cli.hashes(&files);
    let _ = std::fs::remove_file(&path);
    Ok(hashes?.into_iter().collect())
}

/// Running services whose container is not what the candidate says: another configuration, or an image to be built anew.
pub(crate) fn to_change(
    running: &BTreeMap<String, Vec<Inspect>>,
    candidate: &Candidate,
    hashes: &BTreeMap<String, String>,
    root: &Path,
) -> BTreeSet<String> {
    let changed = |service: &&String| {
        let Some(hash) = hashes.get(*service) else { return false };
        let containers = running.get(*service).into_iter().flatten();
        let other = |container: &Inspect| container.label(names::CONFIG_HASH) != Some(hash);
        let built = candidate.changed_dockerfile(service, root).is_some();
        built || containers.into_iter().any(other)
    };
    running.keys().filter(changed).cloned().collect()
}

/// The fixes of a plan that touch a service.
pub(crate) fn fixes_of(candidate: &Candidate, project: usize, service: &str, root: &Path) -> Vec<ChosenFix> {
    let dockerfile =
        candidate.changed_dockerfile(service, root).map(|change| format!("dockerfile/{}", change.path));
    let own = format!("service/{service}");
    let mut fixes: Vec<ChosenFix> = candidate
        .plan
        .services
        .iter()
        .filter(|planned| {
            (planned.resource == own && planned.project == Some(project))
                || dockerfile.as_ref() == Some(&planned.resource)
        })
        .flat_map(|planned| {
            let chosen = planned.steps.iter().filter(|step| step.outcome == Outcome::Chosen);
            chosen.map(|step| ChosenFix { resource: planned.resource.clone(), control: step.control.id })
        })
        .collect();
    fixes.sort();
    fixes.dedup();
    fixes
}
