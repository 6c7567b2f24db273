//! A rollout from its beginning to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use temper_model::{Date, Refusal, ResourcePattern, Stack};
use temper_plan::FileChange;

use super::build::{image_name, reference};
use super::candidate::{Candidate, CandidateError, Inputs};
use super::folder::Folder;
use super::judge::{self, Baseline};
use super::order::{canary, waves};
use super::prepare::{ChosenFix, PrepareError, Prepared, hashes, prepare, to_change};
use super::report::{Ended, Report, ServiceReport, Trial};
use super::session::{Observer, Session, peers, phase};
use super::sweep::sweep;
use super::trial::Subject;
use super::wave::SwapError;
use crate::action::Action;
use crate::compose_cli::Cli;
use crate::engine::{Engine, EngineError};
use crate::journal::{Journal, JournalError, Lock, Run, RunState};
use crate::snapshot::{self, EndpointState, SnapshotError};

/// What kind of run a rollout is, in the journal.
pub(super) const KIND: &str = "deploy";

/// What a person decides about a rollout.
#[derive(Debug, Clone)]
pub struct RolloutOptions {
    /// `--canary`: the service to begin with; `None`: chosen.
    pub canary: Option<String>,
    /// `--wave-size`: services that are changed together at most.
    pub wave_size: usize,
    /// `--pause`: time between waves.
    pub pause: Duration,
    /// `--only`: services; empty means all.
    pub services: Vec<String>,
    /// `--no-clone`: services of which no clone is started, because two of them at work would do harm.
    pub no_clone: Vec<String>,
    /// `--yes`: directories of the host outside the stack may change their owner.
    pub yes: bool,
}

impl Default for RolloutOptions {
    fn default() -> Self {
        Self {
            canary: None,
            wave_size: 4,
            pause: Duration::ZERO,
            services: Vec::new(),
            no_clone: Vec::new(),
            yes: false,
        }
    }
}

/// Why a rollout stopped without being taken back: the run stays open.
#[derive(Debug, thiserror::Error)]
pub enum RolloutError {
    /// The stack cannot be planned, or the engine or Compose cannot be asked; nothing was begun.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The engine went away.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The journal cannot be written or read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// What there is to return to cannot be recorded; nothing was begun.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// Something else was interrupted.
    #[error("run {run} was interrupted, and it is a {kind}: `temper {kind}` finishes it")]
    OtherKind {
        /// The run.
        run: String,
        /// What it is.
        kind: String,
    },
    /// The folder of the run cannot be made.
    #[error("{path}: {reason}")]
    Folder {
        /// The folder.
        path: String,
        /// What the system said.
        reason: std::io::Error,
    },
}

impl RolloutError {
    /// The engine is not there: exit status 3. A run that was begun stays open.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Engine(error) => error.is_unreachable(),
            Self::Journal(error) => error.is_unreachable(),
            Self::Snapshot(error) => error.is_unreachable(),
            Self::Prepare(_) | Self::OtherKind { .. } | Self::Folder { .. } => false,
        }
    }
}

/// A rollout of one project.
pub struct Rollout<'a> {
    /// The engine.
    pub engine: &'a Engine,
    /// The Compose command line.
    pub cli: &'a Cli,
    /// What the plan is made from.
    pub inputs: &'a Inputs<'a>,
    /// The stack as it was read.
    pub stack: &'a Stack,
    /// Index of the project.
    pub project: usize,
    /// Absolute path of the root of the stack.
    pub root: &'a Path,
    /// What a person decided.
    pub options: &'a RolloutOptions,
}

/// Why the rollout has to be taken back.
pub(super) enum Stop {
    /// The reason, for people.
    Back(String),
    /// The engine or the journal is gone: taking back is not possible now either.
    Gone(RolloutError),
}

impl From<SwapError> for Stop {
    fn from(error: SwapError) -> Self {
        match error {
            SwapError::Engine(error) if error.is_unreachable() => Self::Gone(error.into()),
            SwapError::Journal(error) => error.into(),
            other => Self::Back(other.to_string()),
        }
    }
}

impl From<JournalError> for Stop {
    fn from(error: JournalError) -> Self {
        match error {
            other if other.is_unreachable() => Self::Gone(other.into()),
            // On a full disk steps can still be taken back.
            JournalError::Step { .. } | JournalError::Full { .. } => Self::Back(error.to_string()),
            other => Self::Gone(other.into()),
        }
    }
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        if error.is_unreachable() { Self::Gone(error.into()) } else { Self::Back(error.to_string()) }
    }
}

impl From<PrepareError> for Stop {
    fn from(error: PrepareError) -> Self {
        Self::Back(error.to_string())
    }
}

impl From<CandidateError> for Stop {
    fn from(error: CandidateError) -> Self {
        Self::Back(error.to_string())
    }
}

impl Rollout<'_> {
    /// Carries it out. Whatever happens after the first step, the stack ends hardened or as it was; only when the engine or
    /// the journal is gone the run stays open, for `temper deploy --resume` or `temper rollback`.
    ///
    /// With an interrupted run, which [`super::settle`] has prepared, it goes on with that one.
    ///
    /// # Errors
    /// When nothing could be begun, or the engine or the journal is gone.
    pub fn run(&self, journal: &Journal, lock: &Lock, observer: Observer<'_>) -> Result<Ended, RolloutError> {
        let begun = Instant::now();
        phase(observer, "preconditions", "reading the stack and checking what must hold");
        let candidate = self.inputs.candidate(self.project, &[]).map_err(PrepareError::from)?;
        let prepared =
            prepare(self.engine, self.cli, self.inputs, self.root, self.stack, self.project, &candidate)?;
        if prepared.unmet.iter().any(|unmet| unmet.stops) {
            return Ok(Ended::Unmet(prepared.unmet));
        }
        let changing = self.changing(&prepared, &candidate)?;
        let open = journal.resume_run(lock, self.engine)?;
        if changing.is_empty() && candidate.changes.is_empty() && open.is_none() {
            return Ok(Ended::NothingToDo);
        }
        phase(observer, "baseline", "asking every service what it answers now");
        let baselines = self.baselines(&prepared, &changing);
        let run = match open {
            Some(run) => run,
            None => {
                phase(observer, "snapshot", "recording what there is to return to");
                let snapshot = self.snapshot(journal, lock, &prepared, &candidate, &baselines)?;
                journal.begin_run(lock, self.engine, KIND, Some(snapshot))?
            }
        };
        let folder = Folder::new(self.root, run.id())?;
        let session = Session {
            engine: self.engine,
            cli: self.cli,
            root: self.root,
            run: run.id().to_owned(),
            scratch: run.id().to_owned(),
            directory: folder.path().to_path_buf(),
        };
        let report = Report { run: run.id().to_owned(), ..Report::default() };
        let mut work = Work { rollout: self, session, report, refusals: Vec::new() };
        work.report.notes = prepared.unmet.iter().map(|unmet| unmet.message.clone()).collect();
        work.finish(run, prepared, changing, candidate, baselines, begun, observer)
    }

    /// Services whose container is not what the candidate says.
    fn changing(&self, prepared: &Prepared, candidate: &Candidate) -> Result<BTreeSet<String>, RolloutError> {
        let scratch = Folder::new(self.root, "prepare")?;
        let known = hashes(self.cli, scratch.path(), &candidate.config).map_err(PrepareError::from)?;
        Ok(self.wanted(to_change(&prepared.running, candidate, &known, self.root)))
    }

    /// What every service that changes answers now.
    fn baselines(&self, prepared: &Prepared, changing: &BTreeSet<String>) -> BTreeMap<String, Baseline> {
        let Some(group) = self.stack.projects.get(self.project) else { return BTreeMap::new() };
        let ask = |service: &String| {
            let model = group.project.services.get(service)?;
            let container = prepared.running.get(service)?.first()?;
            Some((service.clone(), judge::baseline(self.engine, self.stack, model, container)))
        };
        thread::scope(|threads| {
            let all: Vec<_> = changing.iter().map(|service| threads.spawn(move || ask(service))).collect();
            all.into_iter().filter_map(|asked| asked.join().ok().flatten()).collect()
        })
    }

    /// Records what there is to return to: files, images, containers, volumes, networks, and how endpoints answer.
    fn snapshot(
        &self,
        journal: &Journal,
        lock: &Lock,
        prepared: &Prepared,
        candidate: &Candidate,
        baselines: &BTreeMap<String, Baseline>,
    ) -> Result<i64, RolloutError> {
        let name = prepared.now["name"].as_str().unwrap_or_default().to_owned();
        let mut files: BTreeSet<String> =
            candidate.changes.iter().map(|change| change.path.clone()).collect();
        files.extend(candidate.files.iter().cloned());
        let endpoints = baselines.iter().flat_map(|(service, baseline)| {
            let container = prepared.running.get(service).and_then(|all| all.first());
            let container = container.map(|found| found.name().to_owned()).unwrap_or_default();
            baseline.endpoints.iter().map(move |(endpoint, answers)| EndpointState {
                container: container.clone(),
                endpoint: endpoint.clone(),
                answers: answers.clone(),
            })
        });
        let scope = snapshot::Scope {
            project: name,
            files: files.iter().map(|file| self.root.join(file)).collect(),
            endpoints: endpoints.collect(),
        };
        let state = snapshot::capture(self.engine, &scope)?;
        Ok(journal.add_snapshot(lock, &state)?)
    }

    fn wanted(&self, mut services: BTreeSet<String>) -> BTreeSet<String> {
        services
            .retain(|service| self.options.services.is_empty() || self.options.services.contains(service));
        services
    }
}

/// A rollout under way.
pub(super) struct Work<'a> {
    pub(super) rollout: &'a Rollout<'a>,
    pub(super) session: Session<'a>,
    pub(super) report: Report,
    pub(super) refusals: Vec<Refusal>,
}

impl Work<'_> {
    /// Carries it out, and takes it back when it cannot be finished.
    #[expect(clippy::too_many_arguments, reason = "everything that was prepared, used once")]
    fn finish(
        mut self,
        mut run: Run<'_>,
        prepared: Prepared,
        changing: BTreeSet<String>,
        candidate: Candidate,
        baselines: BTreeMap<String, Baseline>,
        begun: Instant,
        observer: Observer<'_>,
    ) -> Result<Ended, RolloutError> {
        let outcome = self.carry_out(&mut run, prepared, &changing, candidate, baselines, observer);
        let swept = sweep(self.session.engine, run.id());
        let reason = match outcome {
            Ok(()) => {
                swept?;
                run.finish(RunState::Completed)?;
                self.report.refusals = self.refusals;
                self.report.took = begun.elapsed();
                return Ok(Ended::Completed(self.report));
            }
            Err(Stop::Gone(error)) => return Err(error),
            Err(Stop::Back(reason)) => reason,
        };
        let back = Instant::now();
        phase(observer, "rollback", reason.clone());
        let undone = run.undo_all(observer)?;
        let failed = undone.failed.iter().map(|(left, _)| left);
        let left = undone.left.iter().chain(failed);
        let mut left: Vec<String> = left.map(|left| format!("{}: {}", left.detail, left.reason)).collect();
        left.extend(return_to_snapshot(&mut run, observer)?);
        if undone.failed.is_empty() {
            run.finish(RunState::RolledBack)?;
        }
        Ok(Ended::RolledBack { reason, left, took: back.elapsed() })
    }

    fn carry_out(
        &mut self,
        run: &mut Run<'_>,
        prepared: Prepared,
        changing: &BTreeSet<String>,
        candidate: Candidate,
        baselines: BTreeMap<String, Baseline>,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        let Prepared { now, running, .. } = prepared;
        let order = self.order(changing);
        phase(observer, "trials", "starting a hardened clone beside each service");
        let mut candidate = candidate;
        let peers_now = peers(&running);
        let subject = |service: &String| {
            let (name, baseline) = baselines.get_key_value(service)?;
            let old = running.get(service)?.first()?;
            Some(Subject { service: name, old, baseline, peers: &peers_now })
        };
        let subjects: Vec<Subject<'_>> = order.iter().flatten().filter_map(subject).collect();
        for together in subjects.chunks(self.rollout.options.wave_size.max(1)) {
            candidate = self.trials(&now, candidate, together, observer)?;
        }
        self.write(run, &candidate, observer)?;
        self.move_images(run, &candidate, changing, observer)?;
        self.waves(run, order, running, candidate, baselines, observer)
    }

    /// The canary alone, then waves.
    fn order(&self, changing: &BTreeSet<String>) -> Vec<Vec<String>> {
        let project = &self.rollout.stack.projects[self.rollout.project].project;
        let named = self.rollout.options.canary.clone().filter(|name| changing.contains(name));
        let first = named.or_else(|| canary(project, changing));
        let rest: BTreeSet<String> =
            changing.iter().filter(|name| Some(*name) != first.as_ref()).cloned().collect();
        let mut order: Vec<Vec<String>> = first.into_iter().map(|name| vec![name]).collect();
        order.extend(waves(project, &rest, self.rollout.options.wave_size));
        order
    }

    pub(super) fn tried(&mut self, service: &str, trial: Trial, performance: Vec<String>) {
        let report = self.service(service);
        report.trial = Some(trial);
        report.performance = performance;
    }

    pub(super) fn note(&mut self, service: &str, notes: Vec<String>) {
        self.service(service).notes.extend(notes);
    }

    fn service(&mut self, name: &str) -> &mut ServiceReport {
        let services = &mut self.report.services;
        let index = services.iter().position(|report| report.service == name).unwrap_or_else(|| {
            services.push(ServiceReport { service: name.to_owned(), ..ServiceReport::default() });
            services.len() - 1
        });
        &mut services[index]
    }

    /// Writes the files of a candidate.
    fn write(
        &mut self,
        run: &mut Run<'_>,
        candidate: &Candidate,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        phase(observer, "files", "writing the change");
        for change in &candidate.changes {
            self.write_one(run, change, observer)?;
        }
        Ok(())
    }

    /// Writes what another candidate has otherwise.
    pub(super) fn write_difference(
        &mut self,
        run: &mut Run<'_>,
        written: &Candidate,
        wanted: &Candidate,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        // A file that is no longer changed gets the text that it had; one that was made for the change goes.
        for gone in &written.changes {
            if wanted.changes.iter().any(|change| change.path == gone.path) {
                continue;
            }
            match &gone.old {
                Some(old) => {
                    let (path, now) = (gone.path.clone(), Some(gone.new.clone()));
                    self.write_one(run, &FileChange { path, old: now, new: old.clone() }, observer)?;
                }
                None => {
                    let path = self.rollout.root.join(&gone.path);
                    run.take(Action::RemoveFile { path, text: gone.new.clone(), mode: 0o644 }, observer)?;
                    self.report.files.retain(|file| *file != gone.path);
                }
            }
        }
        for change in &wanted.changes {
            let known = written.changes.iter().find(|known| known.path == change.path);
            let old = known.map_or_else(|| change.old.clone(), |known| Some(known.new.clone()));
            if old.as_ref() != Some(&change.new) {
                let next = FileChange { path: change.path.clone(), old, new: change.new.clone() };
                self.write_one(run, &next, observer)?;
            }
        }
        Ok(())
    }

    fn write_one(
        &mut self,
        run: &mut Run<'_>,
        change: &FileChange,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        let FileChange { path, old, new } = change;
        let full = self.rollout.root.join(path);
        run.take(
            Action::WriteFile { path: full, old: old.clone(), new: new.clone(), mode: 0o644 },
            observer,
        )?;
        if !self.report.files.contains(path) {
            self.report.files.push(path.clone());
        }
        Ok(())
    }

    /// The names of images that were built for the trials point to them from now on.
    pub(super) fn move_images(
        &mut self,
        run: &mut Run<'_>,
        candidate: &Candidate,
        changing: &BTreeSet<String>,
        observer: Observer<'_>,
    ) -> Result<(), Stop> {
        for service in changing {
            let built = self.session.built_image(candidate, service, observer);
            let Some(image) = built.map_err(|error| Stop::Back(error.to_string()))? else { continue };
            let reference = reference(&candidate.config, service);
            run.take(Action::tag(self.session.engine, &reference, &image)?, observer)?;
            self.session.engine.remove_image(&image_name(&self.session.run, service))?;
        }
        Ok(())
    }
}

/// What undoing each step does not bring back: containers that share the network of one that was made again. Returns what
/// could not be put back.
fn return_to_snapshot(run: &mut Run<'_>, observer: Observer<'_>) -> Result<Vec<String>, RolloutError> {
    let Some(id) = run.record().snapshot else { return Ok(Vec::new()) };
    let Some(snapshot) = run.journal().snapshot(id)? else { return Ok(Vec::new()) };
    let restored = snapshot::restore(run, &snapshot, observer)?;
    Ok(restored.left.into_iter().chain(restored.failed).collect())
}

/// A fix that a rollout has seen to break a service.
pub(super) fn refusal(fix: &ChosenFix, seen: &str, today: Date) -> Refusal {
    let pattern = ResourcePattern::new(&literal(&fix.resource)).or_else(|_| ResourcePattern::new("*"));
    Refusal {
        control: fix.control.to_owned(),
        // `*` is a pattern whatever the resource is called.
        resource: pattern.unwrap_or_else(|_| unreachable!("`*` is a pattern")),
        reason: one_line(seen),
        date: today,
        line: 0,
    }
}

/// A pattern that names exactly this resource, whatever characters are in it.
fn literal(resource: &str) -> String {
    let mut pattern = String::new();
    for letter in resource.chars() {
        if matches!(letter, '*' | '?' | '[' | ']' | '{' | '}' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// A reason stands in one line of `temper.toml`.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 300;
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(LONGEST).collect()
}
