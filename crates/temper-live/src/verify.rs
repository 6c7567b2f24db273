use std::collections::{BTreeMap, HashMap};

use temper_controls::{Judged, Judgement, Selection, Surface, Verdict, judge, judge_containers};
use temper_fit::profile;
use temper_model::container::{Container, Observed};
use temper_model::{Date, Stack};

use crate::engine::{Engine, EngineError, Inspect};
use crate::names;
use crate::observe::{container, target};
use crate::prove::{Prober, Sight, Subject, in_parallel, see};

/// Looks at running containers and judges them.
#[derive(Debug, Clone)]
pub struct Verifier {
    /// The engine that runs them.
    pub engine: Engine,
    /// What starts attempt processes.
    pub prober: Prober,
}

/// What was proven of the containers of a project, and what was not.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The judgements of its containers.
    pub judged: Judged,
    /// Where the files and the containers differ.
    pub drift: Vec<Drift>,
    /// Containers of the project whose service the files do not have: nobody judged them.
    pub orphans: Vec<String>,
}

/// A control that the files have and the containers do not, or the reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The service.
    pub service: String,
    /// The control.
    pub control: &'static str,
    /// True when the files have it and the container does not; false for the reverse, which the next start loses.
    pub in_file: bool,
}

impl Verifier {
    /// Looks at every container of a project and judges it.
    ///
    /// # Errors
    /// When the engine cannot be asked. A container that goes away meanwhile is no error: it is judged as not there.
    pub fn verify(
        &self,
        stack: &Stack,
        index: usize,
        selection: &Selection,
        today: Date,
    ) -> Result<Verified, EngineError> {
        let Some(group) = stack.projects.get(index) else {
            let judged = judge_containers(stack, index, &[], selection, today);
            return Ok(Verified { judged, drift: Vec::new(), orphans: Vec::new() });
        };
        let found = self.engine.project(&group.project.name)?;
        let service_of = |summary: &crate::engine::Summary| summary.service().unwrap_or_default().to_owned();
        let orphans = found
            .iter()
            .filter(|summary| !group.project.services.contains_key(&service_of(summary)))
            .map(|summary| summary.name.clone())
            .collect();
        let wanted: Vec<String> = found
            .iter()
            .filter(|summary| selection.has_service(&service_of(summary)))
            .map(|summary| summary.id.clone())
            .collect();
        let containers = self.containers(&wanted, &needs(stack, index))?;
        let mut judged = judge_containers(stack, index, &containers, selection, today);
        let files = judge(stack, selection, today);
        let drift = drift(&files, &mut judged, index, &containers);
        Ok(Verified { judged, drift, orphans })
    }

    /// Looks at containers and tries things in them. `needs` are the paths that each service is known to write.
    ///
    /// # Errors
    /// When the engine cannot be asked. Containers that are gone are left out.
    pub fn containers(
        &self,
        ids: &[String],
        needs: &HashMap<String, Vec<String>>,
    ) -> Result<Vec<Container>, EngineError> {
        let found = in_parallel(ids, |_, id| self.engine.find(id));
        let found: Vec<Inspect> =
            found.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let images = self.images(&found)?;
        let running: Vec<(&Inspect, Subject)> =
            found.iter().filter_map(|inspect| Some((inspect, subject(inspect, needs)?))).collect();
        let seen = see(&self.engine, &self.prober, &running);
        let mut seen: HashMap<&str, _> = running.iter().map(|(inspect, _)| inspect.id()).zip(seen).collect();
        let containers = found.iter().map(|inspect| {
            let (sight, sibling) = seen.remove(inspect.id()).unwrap_or_else(|| {
                let missing = "the container does not run";
                (Sight::unknown(missing), Observed::Unknown(missing.to_owned()))
            });
            let image = images.get(inspect.text("/Config/Image")).cloned().flatten();
            container(inspect, image, sight.facts, sight.attempts, sibling)
        });
        Ok(containers.collect())
    }

    /// What the names of images lead to now.
    fn images(&self, found: &[Inspect]) -> Result<BTreeMap<String, Option<String>>, EngineError> {
        let mut names: Vec<String> =
            found.iter().map(|inspect| inspect.text("/Config/Image").to_owned()).collect();
        names.sort();
        names.dedup();
        let images = in_parallel(&names, |_, name| self.engine.image(name));
        let mut all = BTreeMap::new();
        for (name, image) in names.into_iter().zip(images) {
            all.insert(name, image?.map(|image| image.id));
        }
        Ok(all)
    }
}

fn subject(inspect: &Inspect, needs: &HashMap<String, Vec<String>>) -> Option<Subject> {
    let needs = inspect.label(names::SERVICE).and_then(|service| needs.get(service));
    Some(Subject { target: target(inspect)?, needs: needs.cloned().unwrap_or_default() })
}

/// The paths that each service of a project is known to write.
fn needs(stack: &Stack, index: usize) -> HashMap<String, Vec<String>> {
    let services = stack.projects.get(index).map(|group| &group.project.services);
    let paths = |service| profile(stack, service).writable.into_iter().map(|path| path.path).collect();
    services.into_iter().flatten().map(|(name, service)| (name.clone(), paths(service))).collect()
}

/// Compares the verdicts of the same control on the same service in the files and in its containers, and says in the
/// judgements of the containers where they differ.
fn drift(files: &Judged, live: &mut Judged, index: usize, containers: &[Container]) -> Vec<Drift> {
    let mut all: Vec<Drift> = Vec::new();
    let service_of = |resource: &str| {
        let name = resource.strip_prefix("container/")?;
        let found = containers.iter().find(|container| container.identity.name == name)?;
        Some(found.identity.service.clone())
    };
    let services: Vec<Option<String>> =
        live.judgements.iter().map(|judgement| service_of(&judgement.resource)).collect();
    let in_container = live.judgements.clone();
    for (position, judgement) in live.judgements.iter_mut().enumerate() {
        let Some(service) = &services[position] else { continue };
        let control = judgement.control.id;
        let written = verdicts(files, index, &format!("service/{service}"), control);
        let of_same = || {
            let same = in_container.iter().zip(&services);
            same.filter(|(other, of)| of.as_ref() == Some(service) && other.control.id == control)
        };
        let in_file = match judgement.verdict {
            Verdict::Fail if all_pass(&written) => {
                judgement.message.push_str("; the files have it, the container does not: make it again");
                true
            }
            Verdict::Pass
                if written.iter().any(|other| other.verdict == Verdict::Fail)
                    && all_pass(&of_same().map(|(other, _)| other).collect::<Vec<_>>()) =>
            {
                judgement
                    .message
                    .push_str("; the files do not have it: the next `docker compose up` loses it");
                false
            }
            _ => continue,
        };
        let found = Drift { service: service.clone(), control, in_file };
        if !all.contains(&found) {
            all.push(found);
        }
    }
    all
}

fn verdicts<'j>(files: &'j Judged, index: usize, resource: &str, control: &str) -> Vec<&'j Judgement> {
    let of_service = |judgement: &&Judgement| {
        judgement.surface == Surface::Compose
            && judgement.project == Some(index)
            && judgement.resource == resource
            && judgement.control.id == control
    };
    files.judgements.iter().filter(of_service).collect()
}

fn all_pass(judgements: &[&Judgement]) -> bool {
    !judgements.is_empty() && judgements.iter().all(|judgement| judgement.verdict == Verdict::Pass)
}
