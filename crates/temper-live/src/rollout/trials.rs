//! Trials of several services at the same time, and what they say about the plan.

use std::collections::BTreeSet;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Instant;

use serde_json::Value;
use temper_model::Refusal;

use super::bisect::{Blame, Shown, blame};
use super::candidate::Candidate;
use super::judge::Verdict;
use super::prepare::{ChosenFix, fixes_of};
use super::report;
use super::run::{Rollout, Stop, Work, refusal};
use super::session::{Observer, Session, tell};
use super::trial::{Subject, TrialError};
use crate::Event;
use crate::engine::EngineError;

/// What the trials of one service showed.
enum Told {
    /// It works.
    Passed { performance: Vec<String>, notes: Vec<String> },
    /// It works without these.
    Refused(Vec<Refusal>),
    /// Nothing: the wave will tell.
    Nothing(String),
    /// The engine is gone.
    Gone(EngineError),
}

impl Work<'_> {
    /// Tries several services, each on a clone of its own, and finds the fixes at fault where one does not work. Returns the
    /// candidate without them.
    pub(super) fn trials(
        &mut self,
        now: &Value,
        candidate: Candidate,
        subjects: &[Subject<'_>],
        observer: Observer<'_>,
    ) -> Result<Candidate, Stop> {
        let begun = Instant::now();
        let known = self.refusals.clone();
        let told = together(self.rollout, &self.session, now, &candidate, &known, subjects, observer);
        self.report.waited += begun.elapsed();
        let before = self.refusals.len();
        for (service, told) in told {
            match told {
                Told::Passed { performance, notes } => {
                    self.tried(&service, report::Trial::Passed, performance);
                    self.note(&service, notes);
                }
                Told::Refused(refusals) => {
                    let names: Vec<String> = refusals.iter().map(|refusal| refusal.control.clone()).collect();
                    tell(observer, &service, "refused", names.join(", "));
                    self.tried(&service, report::Trial::PassedWithout(names), Vec::new());
                    self.refusals.extend(refusals);
                }
                Told::Nothing(why) => {
                    tell(observer, &service, "no trial", why.clone());
                    self.tried(&service, report::Trial::Undecided(why), Vec::new());
                }
                Told::Gone(error) => return Err(error.into()),
            }
        }
        if self.refusals.len() == before {
            return Ok(candidate);
        }
        Ok(self.rollout.inputs.candidate(self.rollout.project, &self.refusals)?)
    }
}

/// Runs the trials side by side. Events are passed on as they come.
fn together(
    rollout: &Rollout<'_>,
    session: &Session<'_>,
    now: &Value,
    candidate: &Candidate,
    known: &[Refusal],
    subjects: &[Subject<'_>],
    observer: Observer<'_>,
) -> Vec<(String, Told)> {
    thread::scope(|threads| {
        let (sender, events) = channel();
        let all: Vec<_> = subjects
            .iter()
            .map(|subject| {
                let sender = sender.clone();
                let run = move || {
                    let trial = Trial {
                        rollout,
                        session: session.of_service(subject.service),
                        now,
                        candidate,
                        known,
                        subject,
                        events: sender,
                    };
                    trial.tell()
                };
                (subject.service.to_owned(), threads.spawn(run))
            })
            .collect();
        drop(sender);
        // Ends when the last trial has dropped its sender.
        for event in events {
            observer(event);
        }
        let broken = || Told::Nothing("the trial itself broke off".to_owned());
        all.into_iter().map(|(service, trial)| (service, trial.join().unwrap_or_else(|_| broken()))).collect()
    })
}

/// The trials of one service.
struct Trial<'a> {
    rollout: &'a Rollout<'a>,
    session: Session<'a>,
    now: &'a Value,
    candidate: &'a Candidate,
    known: &'a [Refusal],
    subject: &'a Subject<'a>,
    events: Sender<Event>,
}

impl Trial<'_> {
    fn say(&self, state: &str, detail: impl Into<String>) {
        // Nobody listens any more when the whole rollout has broken off.
        tell(&mut |event| drop(self.events.send(event)), self.subject.service, state, detail);
    }

    fn tell(&self) -> Told {
        if self.rollout.options.no_clone.iter().any(|name| name == self.subject.service) {
            return Told::Nothing("no clone was wanted (--no-clone)".to_owned());
        }
        self.say("trial", "a hardened clone starts beside it");
        let (seen, suspects) = match self.attempt(self.candidate) {
            Ok(Verdict::Works { performance, notes }) => {
                self.say("trial passed", performance.join("; "));
                return Told::Passed { performance, notes };
            }
            Ok(Verdict::Breaks { seen, suspects }) => (seen, suspects),
            Ok(Verdict::Undecided(why)) => return Told::Nothing(why),
            Err(error) => return failed(error),
        };
        self.say("trial failed", seen.clone());
        match self.session.try_unchanged(self.now, self.subject) {
            Ok(Verdict::Works { .. }) => self.bisect(&seen, &suspects),
            Ok(Verdict::Breaks { seen, .. } | Verdict::Undecided(seen)) => {
                Told::Nothing(format!("a clone of the service as it is does not work either: {seen}"))
            }
            Err(error) => failed(error),
        }
    }

    fn attempt(&self, candidate: &Candidate) -> Result<Verdict, TrialError> {
        let mut events = |event| drop(self.events.send(event));
        self.session.try_candidate(candidate, self.subject, &mut events)
    }

    fn bisect(&self, seen: &str, suspects: &[String]) -> Told {
        let fixes = fixes_of(self.candidate, self.rollout.project, self.subject.service, self.rollout.root);
        let positions = |control: &String| -> Vec<usize> {
            fixes
                .iter()
                .enumerate()
                .filter(|(_, fix)| fix.control == control)
                .map(|(index, _)| index)
                .collect()
        };
        let suspects: Vec<usize> = suspects.iter().flat_map(positions).collect();
        let mut gone = None;
        let found = blame(fixes.len(), &suspects, seen, &mut |without| {
            let shown = self.without(&fixes, without);
            shown.unwrap_or_else(|error| {
                let why = error.to_string();
                if let TrialError::Engine(error) = error
                    && error.is_unreachable()
                {
                    gone = Some(error);
                }
                Shown::Undecided(why)
            })
        });
        match (gone, found) {
            (Some(error), _) => Told::Gone(error),
            (None, Blame::None(why)) => Told::Nothing(why),
            (None, Blame::Fixes(guilty)) => {
                let today = self.rollout.inputs.today;
                let named = guilty.iter().filter_map(|(index, seen)| Some((fixes.get(*index)?, seen)));
                Told::Refused(named.map(|(fix, seen)| refusal(fix, seen, today)).collect())
            }
        }
    }

    fn without(&self, fixes: &[ChosenFix], without: &BTreeSet<usize>) -> Result<Shown, TrialError> {
        let left_out: Vec<&ChosenFix> = without.iter().filter_map(|index| fixes.get(*index)).collect();
        let names: Vec<&str> = left_out.iter().map(|fix| fix.control).collect();
        self.say("bisecting", format!("without {}", names.join(", ")));
        let today = self.rollout.inputs.today;
        let mut refusals: Vec<Refusal> = self.known.to_vec();
        refusals.extend(left_out.iter().map(|fix| refusal(fix, "being tried", today)));
        let variant = match self.rollout.inputs.candidate(self.rollout.project, &refusals) {
            Ok(variant) => variant,
            Err(error) => return Ok(Shown::Undecided(error.to_string())),
        };
        Ok(match self.attempt(&variant)? {
            Verdict::Works { .. } => Shown::Works,
            Verdict::Breaks { seen, .. } => Shown::Breaks(seen),
            Verdict::Undecided(why) => Shown::Undecided(why),
        })
    }
}

fn failed(error: TrialError) -> Told {
    match error {
        TrialError::Engine(error) if error.is_unreachable() => Told::Gone(error),
        other => Told::Nothing(other.to_string()),
    }
}
