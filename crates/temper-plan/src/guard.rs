//! Reads a planned change as if it were written, and compares it with what was meant.

use std::collections::{BTreeMap, HashMap};

use temper_controls::Judgement;
use temper_model::{Data, Stack, Value};

use crate::PlanError;
use crate::candidate::{Candidate, Key, Standing, standings};
use crate::diff::{differing, equal};
use crate::planner::Compiled;

/// What a change is meant to touch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Intended {
    /// Paths below a service, by project and service.
    pub(crate) paths: BTreeMap<(usize, String), Vec<Vec<String>>>,
    /// Lists that only grow, by project and service.
    pub(crate) growing: BTreeMap<(usize, String), Vec<String>>,
    /// Named volumes that are new, by project.
    pub(crate) volumes: Vec<(usize, String)>,
}

/// A difference between what was meant and what would be, and the resource it is seen at.
#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) resource: Key,
    pub(crate) error: PlanError,
}

/// Checks that every changed text reads back.
pub(crate) fn check_texts(compiled: &Compiled) -> Result<(), PlanError> {
    for (path, text) in &compiled.files {
        let unreadable = |message: String| PlanError::Unreadable { path: path.clone(), message };
        let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
        if is_yaml {
            temper_yaml::parse(&text.new).map_err(|error| unreadable(error.to_string()))?;
        } else if compiled.dockerfiles.contains(path) {
            let old = text.old.as_deref().map(temper_dockerfile::parse);
            let known = old.map_or(0, |old| old.errors.len());
            let errors = temper_dockerfile::parse(&text.new).errors;
            if let Some(error) = errors.get(known..).and_then(<[_]>::first) {
                return Err(unreadable(error.to_string()));
            }
        }
    }
    Ok(())
}

/// Checks that the model differs only where it was meant to.
pub(crate) fn check_model(before: &Stack, after: &Stack, intended: &Intended) -> Result<(), Box<Violation>> {
    if before.projects.len() != after.projects.len() {
        let what = format!("{} projects into {}", before.projects.len(), after.projects.len());
        return Err(differs(None, "project".to_owned(), what));
    }
    for (index, (old, new)) in before.projects.iter().zip(&after.projects).enumerate() {
        let project = format!("project/{}", old.project.name);
        for path in differing(Some(&old.project.merged), Some(&new.project.merged)) {
            check_path(index, &path, intended).map_err(|resource| {
                differs(Some(index), resource.unwrap_or_else(|| project.clone()), path.join("."))
            })?;
        }
        // An edit moves the lines that a message names.
        let known = |message: &str| {
            old.project
                .problems
                .iter()
                .any(|problem| without_numbers(&problem.message) == without_numbers(message))
        };
        let new_problem =
            new.project.problems.iter().find(|problem| !problem.warning && !known(&problem.message));
        if let Some(problem) = new_problem {
            let what = format!("what Docker Compose says of {}: {}", problem.file, problem.message);
            return Err(differs(Some(index), project, what));
        }
    }
    check_lists(before, after, intended)
}

fn without_numbers(message: &str) -> String {
    message.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn differs(project: Option<usize>, resource: String, what: String) -> Box<Violation> {
    let error = PlanError::Differs { resource: resource.clone(), what };
    Box::new(Violation { resource: (project, resource, ""), error })
}

/// `Err` with the service when a path was not meant to change.
fn check_path(project: usize, path: &[String], intended: &Intended) -> Result<(), Option<String>> {
    match path {
        [section, service, below @ ..] if section == "services" => {
            let meant = intended.paths.get(&(project, service.clone())).map_or(&[][..], Vec::as_slice);
            let is_meant = meant.iter().any(|meant| below.starts_with(meant));
            if is_meant { Ok(()) } else { Err(Some(format!("service/{service}"))) }
        }
        [section, name, ..] if section == "volumes" => {
            if intended.volumes.contains(&(project, name.clone())) { Ok(()) } else { Err(None) }
        }
        _ => Err(None),
    }
}

/// A list that is only appended to keeps every item.
fn check_lists(before: &Stack, after: &Stack, intended: &Intended) -> Result<(), Box<Violation>> {
    for ((project, service), keys) in &intended.growing {
        let list = |stack: &Stack, key: &String| -> Vec<Value> {
            let value = stack.projects.get(*project).and_then(|group| group.project.services.get(service));
            match value.and_then(|service| service.value.get(key)).map(|value| &value.data) {
                Some(Data::Seq(items)) => items.clone(),
                _ => Vec::new(),
            }
        };
        for key in keys {
            let new = list(after, key);
            let mounted = |value: &Value| value.get("target").and_then(Value::as_str).map(str::to_owned);
            let lost = list(before, key).into_iter().find(|old| !new.iter().any(|new| equal(old, new)));
            if let Some(lost) = lost {
                let what = format!("`{key}`: it would lose an item {}", mounted(&lost).unwrap_or_default());
                return Err(differs(Some(*project), format!("service/{service}"), what));
            }
        }
    }
    Ok(())
}

/// Checks that what was chosen passes, and that nothing fails that did not before.
pub(crate) fn check_verdicts(
    candidates: &[Candidate],
    before: &HashMap<Key, (Standing, String)>,
    after: &[Judgement],
) -> Result<(), Box<Violation>> {
    let after = standings(after);
    for candidate in candidates.iter().filter(|candidate| candidate.is_chosen()) {
        let (project, resource, control) = &candidate.key;
        // A multi-part fix may be chosen in part; then the control as a whole need not pass yet.
        let in_part = candidates.iter().any(|other| other.key == candidate.key && !other.is_chosen());
        let verdict = after.get(&candidate.key);
        if !in_part && verdict.is_none_or(|(standing, _)| *standing != Standing::Pass) {
            let message = verdict.map_or("it says nothing any more", |(_, message)| message).to_owned();
            let error =
                PlanError::NotFixed { resource: resource.clone(), control: (*control).to_owned(), message };
            return Err(Box::new(Violation { resource: (*project, resource.clone(), control), error }));
        }
    }
    let mut new: Vec<_> = after
        .iter()
        .filter(|(key, (standing, _))| is_worse(before.get(*key).map(|(was, _)| *was), *standing))
        .collect();
    new.sort_by(|a, b| a.0.cmp(b.0));
    match new.first() {
        None => Ok(()),
        Some((key, (_, message))) => {
            let error = PlanError::NewFinding {
                resource: key.1.clone(),
                control: key.2.to_owned(),
                message: message.clone(),
            };
            Err(Box::new(Violation { resource: (*key).clone(), error }))
        }
    }
}

/// True when a control held, or did not apply, and does not hold any more. That it cannot be told of a resource to which
/// it did not apply is no loss: the first tmpfs of a stack begins to count against a host whose memory is not known.
fn is_worse(was: Option<Standing>, is: Standing) -> bool {
    match was {
        None => is == Standing::Fail,
        Some(was) => was == Standing::Pass && is > Standing::Pass,
    }
}
