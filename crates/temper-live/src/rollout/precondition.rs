//! What must hold before anything is changed (R20, R129): checked, not assumed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use temper_model::Stack;
use temper_plan::Plan;

use crate::compose_cli::{Cli, ComposeError, Files};
use crate::engine::{Engine, EngineError, Inspect};
use crate::names;
use crate::probe::without_service;

/// What does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// True when the rollout must not begin; false for what a person should know.
    pub stops: bool,
    /// What is the case and what to do.
    pub message: String,
}

impl Unmet {
    fn stop(message: String) -> Self {
        Self { stops: true, message }
    }

    fn note(message: String) -> Self {
        Self { stops: false, message }
    }
}

/// The stack as it is and as it would be.
pub(crate) struct Situation<'a> {
    pub(crate) stack: &'a Stack,
    pub(crate) project: usize,
    pub(crate) plan: &'a Plan,
    /// The merged project as temper reads it now.
    pub(crate) now: &'a Value,
    /// The same after the plan.
    pub(crate) then: &'a Value,
    /// The files of the project as they are.
    pub(crate) files: &'a Files,
    /// Its containers, by service.
    pub(crate) running: &'a BTreeMap<String, Vec<Inspect>>,
}

/// Why the preconditions cannot even be checked.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// Compose refused the files.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The engine cannot be asked.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Everything that does not hold.
pub(crate) fn check(engine: &Engine, cli: &Cli, situation: &Situation<'_>) -> Result<Vec<Unmet>, CheckError> {
    let mut unmet = Vec::new();
    let version = engine.version()?;
    if version.os != "linux" {
        unmet
            .push(Unmet::stop(format!("the engine runs {} containers; only Linux is supported", version.os)));
    }
    unmet.extend(same_reading(&cli.config(situation.files)?, situation.now));
    unmet.extend(compose_version(cli, situation));
    unmet.extend(memory(situation.plan, engine.memory()?, available_memory()));
    unmet.extend(images(engine, situation)?);
    if let Some(group) = situation.stack.projects.get(situation.project) {
        let services: Vec<&str> = group.project.services.keys().map(String::as_str).collect();
        let lost = without_service(&situation.stack.settings.probes, &services);
        unmet.extend(lost.into_iter().map(Unmet::stop));
    }
    unmet.extend(other_files(situation));
    if situation.running.is_empty() {
        unmet.push(Unmet::stop(
            "nothing of the project runs: start it first with `docker compose up -d --wait`, so that there is something to compare with"
                .to_owned(),
        ));
    }
    Ok(unmet)
}

/// temper must read the files as Compose does, or it would roll out something else than it shows.
fn same_reading(compose: &Value, ours: &Value) -> Option<Unmet> {
    let services = |config: &Value| config["services"].as_object().cloned().unwrap_or_default();
    let (theirs, ours) = (services(compose), services(ours));
    let differs =
        theirs.iter().find(|(name, service)| ours.get(*name) != Some(*service)).map(|(name, _)| name);
    let extra = ours.keys().find(|name| !theirs.contains_key(*name));
    differs.or(extra).map(|name| {
        Unmet::stop(format!(
            "service {name}: Docker Compose reads the files differently than temper; compare `temper config` with `docker compose config --format json`, and please report the difference"
        ))
    })
}

/// Containers that were made from other files would be changed by more than the hardening: Compose writes into a label which
/// files it was given, so this is told before anything is planned away.
fn other_files(situation: &Situation<'_>) -> Option<Unmet> {
    let hardened =
        situation.stack.projects.get(situation.project).map(|group| group.hardened_path.clone())?;
    let hardened = situation.files.directory.join(hardened);
    let without = |files: Vec<PathBuf>| -> Vec<PathBuf> {
        let all = files.into_iter().map(|file| fs::canonicalize(&file).unwrap_or(file));
        all.filter(|file| *file != hardened && fs::canonicalize(&hardened).ok().as_ref() != Some(file))
            .collect()
    };
    let ours = without(situation.files.files.clone());
    situation.running.values().flatten().find_map(|container| {
        let label = container.label(names::CONFIG_FILES).filter(|label| !label.is_empty())?;
        let theirs: Vec<PathBuf> = label.split(',').map(PathBuf::from).collect();
        if without(theirs.clone()) == ours {
            return None;
        }
        let shown = |files: &[PathBuf]| {
            let names = files.iter().map(|file| file.strip_prefix(&situation.files.directory).unwrap_or(file));
            names.map(|file| format!("-f {}", file.display())).collect::<Vec<_>>().join(" ")
        };
        Some(Unmet::stop(format!(
            "container {} was made from other files ({}) than those that temper reads ({}): name the same files with -f, or start the stack from these first",
            container.name(),
            shown(&without(theirs)),
            shown(&ours)
        )))
    })
}

/// The written overlay may use what an older Compose cannot read.
fn compose_version(cli: &Cli, situation: &Situation<'_>) -> Option<Unmet> {
    let project = &situation.stack.projects.get(situation.project)?.project;
    let feature = project
        .features
        .iter()
        .filter(|feature| feature.since > cli.version)
        .max_by_key(|feature| feature.since)?;
    let show = |(major, minor, patch): (u32, u32, u32)| format!("{major}.{minor}.{patch}");
    Some(Unmet::stop(format!(
        "`{}` needs Docker Compose {}; this is {}",
        feature.name,
        show(feature.since),
        show(cli.version)
    )))
}

/// tmpfs is memory of the host (R40, failure-mode 8). It is used only as far as it is filled, so more than what is free now
/// is a warning and more than there is stops the rollout.
fn memory(plan: &Plan, total: u64, available: Option<u64>) -> Option<Unmet> {
    let wanted: u64 = plan.budgets.iter().map(|budget| budget.tmpfs).max().unwrap_or(0);
    let show = temper_model::show_size;
    if total != 0 && wanted > total {
        return Some(Unmet::stop(format!(
            "the tmpfs mounts of all services may take {}, and the host has {}: set smaller sizes under [classes] in temper.toml",
            show(wanted),
            show(total)
        )));
    }
    let available = available.filter(|available| wanted > *available)?;
    Some(Unmet::note(format!(
        "the tmpfs mounts of all services may take {}, and {} are free now",
        show(wanted),
        show(available)
    )))
}

/// `MemAvailable` of `/proc/meminfo`, bytes; `None` where there is no such file.
fn available_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Images of running services must be there or be built.
fn images(engine: &Engine, situation: &Situation<'_>) -> Result<Vec<Unmet>, EngineError> {
    let mut unmet = Vec::new();
    for (name, containers) in situation.running {
        let service = |config: &Value| config["services"][name.as_str()].clone();
        let (now, then) = (service(situation.now), service(situation.then));
        if then.is_null() {
            unmet.push(Unmet::note(format!(
                "service {name} runs, and the files do not have it: it is left alone"
            )));
            continue;
        }
        let reference = then["image"].as_str().unwrap_or_default();
        let changed = now["image"] != then["image"];
        if changed && then["build"].is_null() && engine.image(reference)?.is_none() {
            unmet.push(Unmet::stop(format!("service {name}: image {reference} is not here; pull it first")));
        }
        for container in containers {
            if engine.image(container.image_id())?.is_none() {
                unmet.push(Unmet::stop(format!(
                    "container {}: its image {} is gone from the engine, so there would be no way back; build or pull it again",
                    container.name(),
                    container.image_id()
                )));
            }
        }
    }
    Ok(unmet)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use temper_plan::{Budget, Plan};

    use super::{memory, same_reading};

    fn plan(tmpfs: u64) -> Plan {
        let budget = Budget { project: 0, tmpfs, host: None, over_limit: Vec::new() };
        Plan { services: Vec::new(), files: Vec::new(), budgets: vec![budget], notes: Vec::new() }
    }

    #[test]
    fn more_tmpfs_than_memory_stops_and_more_than_is_free_is_said() {
        const GIB: u64 = 1 << 30;
        assert!(memory(&plan(9 * GIB), 8 * GIB, Some(7 * GIB)).unwrap().stops);
        assert!(!memory(&plan(8 * GIB), 8 * GIB, Some(7 * GIB)).unwrap().stops);
        assert_eq!(memory(&plan(6 * GIB), 8 * GIB, Some(7 * GIB)), None);
    }

    #[test]
    fn a_service_that_compose_reads_differently_stops_the_rollout() {
        let ours = json!({"services": {"a": {"image": "x"}}});
        assert_eq!(same_reading(&ours, &ours), None);
        let theirs = json!({"services": {"a": {"image": "y"}}});
        assert!(same_reading(&theirs, &ours).unwrap().message.contains("service a"));
        let fewer = json!({"services": {}});
        assert!(same_reading(&fewer, &ours).is_some());
    }
}
