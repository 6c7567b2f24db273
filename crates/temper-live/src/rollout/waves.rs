//! The rollout in place, wave by wave.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Instant;

use serde_json::{Value, json};

use super::build::reference;
use super::candidate::Candidate;
use super::judge::{self, Baseline, Verdict};
use super::prepare::{fixes_of, hashes};
use super::report::Trial;
use super::run::{Stop, Work, refusal};
use super::session::{Observer, peers, phase, tell};
use super::wave::{Become, Swapped, config_files};
use crate::action::Action;
use crate::engine::Inspect;
use crate::journal::Run;
use crate::names;

/// How often a wave is tried: as planned, without the fixes that are suspected, and without any fix of the service.
const ATTEMPTS: usize = 3;

/// A service of a wave that did not pass.
struct Failure {
    service: String,
    seen: String,
    suspects: Vec<String>,
}

/// The stack while its waves go on.
pub(super) struct Live {
    pub(super) running: BTreeMap<String, Vec<Inspect>>,
    pub(super) candidate: Candidate,
    pub(super) baselines: BTreeMap<String, Baseline>,
    hashes: BTreeMap<String, String>,
}

impl Work<'_> {
    /// Changes wave after wave. A wave that does not pass is taken back and tried again with less; only when that does not
    /// help either the whole rollout goes back.
    pub(super) fn waves(
        &mut self,
        run: &mut Run<'_>,
        order: Vec<Vec<String>>,
        running: BTreeMap<String, Vec<Inspect>>,
        candidate: Candidate,
        baselines: BTreeMap<String, Baseline>,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        let hashes = self.hashes(&candidate)?;
        let mut live = Live { running, candidate, baselines, hashes };
        let count = order.len();
        for (index, wave) in order.into_iter().enumerate() {
            if index > 0 {
                thread::sleep(self.rollout.options.pause);
            }
            let name =
                if index == 0 { "canary".to_owned() } else { format!("wave {} of {}", index, count - 1) };
            phase(observer, "wave", format!("{name}: {}", wave.join(", ")));
            self.wave(run, &wave, &mut live, observer)?;
        }
        let project = live.candidate.config["name"].as_str().unwrap_or_default();
        Ok(self.session.discard(run, observer, project)?)
    }

    fn hashes(&self, candidate: &Candidate) -> Result<BTreeMap<String, String>, Stop> {
        hashes(self.session.cli, &self.session.directory, &candidate.config)
            .map_err(|error| Stop::Back(error.to_string()))
    }

    fn wave(
        &mut self,
        run: &mut Run<'_>,
        wave: &[String],
        live: &mut Live,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        for attempt in 1..=ATTEMPTS {
            let from = run.next_number();
            // Steps from here on are taken back when the tool is killed before the wave is judged.
            run.note(&json!({ "wave": wave, "from": from }))?;
            let before = live.running.clone();
            let failure = match self.swap_all(run, wave, live, observer) {
                Ok(swapped) => match self.judge_all(&swapped, live, observer)? {
                    None => {
                        run.note(&json!({ "judged": wave, "until": run.next_number() }))?;
                        return Ok(());
                    }
                    Some(failure) => failure,
                },
                Err((service, Stop::Back(seen))) => Failure { service, seen, suspects: Vec::new() },
                Err((_, gone)) => return Err(gone),
            };
            tell(observer, &failure.service, "failed", failure.seen.clone());
            let undone = run.undo_from(from, observer)?;
            if !undone.is_complete() {
                return Err(Stop::Back(format!("{}: {}", failure.service, failure.seen)));
            }
            live.running = before;
            if attempt == ATTEMPTS {
                return Err(Stop::Back(format!("{}: {}", failure.service, failure.seen)));
            }
            tell(observer, &failure.service, "rolled back", "the wave is tried again with less");
            self.reduce(run, &failure, live, observer)?;
        }
        Ok(())
    }

    /// Leaves out the suspected fixes of a service, or all of them when none is suspected, and writes the files anew.
    fn reduce(
        &mut self,
        run: &mut Run<'_>,
        failure: &Failure,
        live: &mut Live,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        let fixes = fixes_of(&live.candidate, self.rollout.project, &failure.service, self.rollout.root);
        let suspected: Vec<_> =
            fixes.iter().filter(|fix| failure.suspects.iter().any(|id| id == fix.control)).collect();
        let guilty = if suspected.is_empty() { fixes.iter().collect() } else { suspected };
        if guilty.is_empty() {
            return Err(Stop::Back(format!("{}: {}", failure.service, failure.seen)));
        }
        for fix in guilty {
            self.refusals.push(refusal(fix, &failure.seen, self.rollout.inputs.today));
        }
        let inputs = self.rollout.inputs;
        let candidate = inputs.candidate_instead(self.rollout.project, &self.refusals, &live.candidate)?;
        self.write_difference(run, &live.candidate, &candidate, observer)?;
        self.move_images_back(run, &live.candidate, &candidate, live, observer)?;
        self.move_images(run, &candidate, &BTreeSet::from([failure.service.clone()]), observer)?;
        live.hashes = self.hashes(&candidate)?;
        live.candidate = candidate;
        Ok(())
    }

    /// Names that were pointed to images of Dockerfiles that do not change any more point to the old images again.
    fn move_images_back(
        &self,
        run: &mut Run<'_>,
        before: &Candidate,
        after: &Candidate,
        live: &Live,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        let changes = |candidate: &Candidate, service: &str| {
            candidate.changed_dockerfile(service, self.rollout.root).is_some()
        };
        for (service, containers) in &live.running {
            let Some(old) = containers.first() else { continue };
            if changes(before, service) && !changes(after, service) {
                let name = reference(&before.config, service);
                run.take(Action::tag(self.session.engine, &name, old.image_id())?, observer)?;
            }
        }
        Ok(())
    }

    /// Changes every container of a wave. The failure names the service.
    fn swap_all(
        &self,
        run: &mut Run<'_>,
        wave: &[String],
        live: &mut Live,
        observer: Observer<'_>,
    ) -> Result<Vec<Swapped>, (String, Stop)> {
        let mut all = Vec::new();
        for service in wave {
            let due = self.due(service, live).map_err(|stop| (service.clone(), stop))?;
            if due.is_empty() {
                tell(observer, service, "unchanged", "no fix is left for it");
                continue;
            }
            let mut queue = vec![service.clone()];
            queue.extend(sharers(&live.candidate.config, service, &live.running));
            for service in queue {
                all.extend(self.swap_service(run, &service, live, observer).map_err(|stop| (service, stop))?);
            }
        }
        Ok(all)
    }

    /// The containers of a service that are not what the candidate says.
    fn due(&self, service: &str, live: &Live) -> Result<Vec<Inspect>, Stop> {
        let hash = live.hashes.get(service);
        let image = self.image_now(service, &live.candidate)?;
        let containers = live.running.get(service).cloned().unwrap_or_default();
        let other = |container: &Inspect| {
            container.label(names::CONFIG_HASH) != hash.map(String::as_str)
                || image.as_ref().is_some_and(|image| image != container.image_id())
        };
        Ok(containers.into_iter().filter(other).collect())
    }

    fn swap_service(
        &self,
        run: &mut Run<'_>,
        service: &str,
        live: &mut Live,
        observer: Observer<'_>,
    ) -> Result<Vec<Swapped>, Stop> {
        let files = config_files(self.rollout.root, &live.candidate.files);
        let built = self.image_now(service, &live.candidate)?;
        let hash = live.hashes.get(service).cloned().unwrap_or_default();
        let mut all = Vec::new();
        let mut renewed = Vec::new();
        for old in live.running.get(service).cloned().unwrap_or_default() {
            tell(observer, service, "replacing", old.name().to_owned());
            let peers = peers(&live.running);
            let new = Become {
                service,
                config: &live.candidate.config,
                image: built.as_deref().unwrap_or(old.image_id()),
                hash: &hash,
                config_files: &files,
                peers: &peers,
                outside: self.rollout.options.yes,
            };
            let swapped = self.session.swap(run, observer, &old, &new)?;
            renewed.push(self.session.engine.inspect(&swapped.new)?);
            all.push(swapped);
        }
        live.running.insert(service.to_owned(), renewed);
        Ok(all)
    }

    /// The image that a service has to have when its Dockerfile changes: the name was pointed to it already.
    fn image_now(&self, service: &str, candidate: &Candidate) -> Result<Option<String>, Stop> {
        let changed = candidate.changed_dockerfile(service, self.rollout.root);
        if changed.is_none() {
            return Ok(None);
        }
        let reference = reference(&candidate.config, service);
        Ok(self.session.engine.image(&reference)?.map(|image| image.id))
    }

    /// Judges every container of a wave; the first that does not pass is returned.
    fn judge_all(
        &mut self,
        swapped: &[Swapped],
        live: &Live,
        observer: Observer<'_>,
    ) -> Result<Option<Failure>, Stop> {
        let waiting = Instant::now();
        for one in swapped {
            let service = &one.service;
            tell(observer, service, "judging", String::new());
            let Some(baseline) = live.baselines.get(service) else { continue };
            let tried = self.report.services.iter().any(|report| {
                report.service == *service && report.trial.as_ref().is_some_and(Trial::has_passed)
            });
            match judge::live(&self.session, baseline, &one.new, !tried) {
                Verdict::Works { notes, .. } => {
                    self.note(service, notes);
                    tell(observer, service, "works", String::new());
                }
                Verdict::Breaks { seen, suspects } => {
                    self.report.waited += waiting.elapsed();
                    return Ok(Some(Failure { service: service.clone(), seen, suspects }));
                }
                Verdict::Undecided(why) => {
                    tell(observer, service, "undecided", why.clone());
                    self.note(service, vec![why]);
                }
            }
        }
        self.report.waited += waiting.elapsed();
        Ok(None)
    }
}

/// Services that run in a namespace of another one. They lose it when its container is replaced, so they follow.
fn sharers(config: &Value, service: &str, running: &BTreeMap<String, Vec<Inspect>>) -> Vec<String> {
    let shares = |name: &str| {
        ["network_mode", "pid", "ipc"].iter().any(|key| {
            let mode = config["services"][name][key].as_str().unwrap_or_default();
            mode.strip_prefix("service:") == Some(service)
        })
    };
    running.keys().filter(|name| shares(name)).cloned().collect()
}
