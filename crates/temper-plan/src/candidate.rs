//! Fixes that may become part of a plan, and which of them do.

use std::collections::HashMap;

use temper_controls::{Change, ComposeAction, Fix, Judgement, Meta, Safety, Verdict};

use crate::{Options, Outcome};

/// What a judgement is about: project, resource, control.
pub(crate) type Key = (Option<usize>, String, &'static str);

pub(crate) fn key(judgement: &Judgement) -> Key {
    (judgement.project, judgement.resource.clone(), judgement.control.id)
}

/// What is known of a control on a resource; the last is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    Pass,
    Waived,
    Unknown,
    Fail,
}

/// The worst verdict for each control and resource, with what it says.
pub(crate) fn standings(judgements: &[Judgement]) -> HashMap<Key, (Standing, String)> {
    let mut worst: HashMap<Key, (Standing, String)> = HashMap::new();
    for judgement in judgements {
        let standing = match &judgement.verdict {
            Verdict::Pass => Standing::Pass,
            Verdict::Waived(_) => Standing::Waived,
            Verdict::Unknown { .. } => Standing::Unknown,
            Verdict::Fail => Standing::Fail,
        };
        let entry = worst.entry(key(judgement)).or_insert_with(|| (standing, judgement.message.clone()));
        if standing > entry.0 {
            *entry = (standing, judgement.message.clone());
        }
    }
    worst
}

/// A fix that may become part of the plan.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) key: Key,
    pub(crate) control: &'static Meta,
    pub(crate) fix: Fix,
    pub(crate) outcome: Outcome,
    /// Somebody has taken responsibility for the finding: what an earlier overlay did about it goes.
    pub(crate) waived: bool,
}

impl Candidate {
    pub(crate) fn is_chosen(&self) -> bool {
        self.outcome == Outcome::Chosen
    }
}

/// The fixes of `judgements`, each with a first answer to whether it is wanted.
///
/// `judged` is what the user selected, `now` is everything, both judged with the overlay that may be there; `judgements`
/// are those of the stack without that overlay. A control that passes only because of the overlay keeps its fix, whatever
/// was selected, or the next overlay would lose it.
pub(crate) fn candidates(
    judgements: &[Judgement],
    judged: &HashMap<Key, (Standing, String)>,
    now: &HashMap<Key, (Standing, String)>,
    options: &Options,
) -> Vec<Candidate> {
    let with_fix = judgements.iter().filter(|judgement| judgement.verdict != Verdict::Pass);
    with_fix
        .filter_map(|judgement| {
            let fix = judgement.fix.clone()?;
            let key = key(judgement);
            let waived = matches!(judgement.verdict, Verdict::Waived(_));
            let standing = |verdicts: &HashMap<Key, (Standing, String)>| {
                verdicts.get(&key).map(|(standing, _)| *standing)
            };
            let outcome = match (standing(judged), standing(now)) {
                _ if waived => Outcome::LeftOut("the finding is waived".to_owned()),
                (Some(Standing::Waived), _) => Outcome::LeftOut("the finding is waived".to_owned()),
                (_, Some(Standing::Pass)) => wanted(&fix, &Options { safe_only: false, ..options.clone() }),
                (None, _) => Outcome::LeftOut("not selected".to_owned()),
                (Some(_), _) => wanted(&fix, options),
            };
            Some(Candidate { key, control: judgement.control, fix, outcome, waived })
        })
        .collect()
}

fn wanted(fix: &Fix, options: &Options) -> Outcome {
    let edits_dockerfile = fix.changes.iter().any(|change| matches!(change, Change::Dockerfile { .. }));
    match &fix.safety {
        Safety::Refused { reason } => Outcome::LeftOut(reason.clone()),
        Safety::NeedsProof { why } if options.safe_only => {
            Outcome::LeftOut(format!("still needs proof: {why}"))
        }
        _ if edits_dockerfile && options.no_dockerfiles => {
            Outcome::LeftOut("it changes a Dockerfile, and Dockerfiles are to stay as they are".to_owned())
        }
        _ => Outcome::Chosen,
    }
}

/// Leaves out every fix that needs another control's fix which is left out (`Meta.requires`). `now` are the verdicts of
/// all controls on the stack as it is.
pub(crate) fn leave_out_dependents(candidates: &mut [Candidate], now: &HashMap<Key, (Standing, String)>) {
    loop {
        let found = candidates.iter().enumerate().filter(|(_, candidate)| candidate.is_chosen());
        let unmet = found
            .filter_map(|(index, candidate)| Some((index, unmet_requirement(candidate, candidates, now)?)))
            .next();
        let Some((index, reason)) = unmet else { return };
        if let Some(candidate) = candidates.get_mut(index) {
            candidate.outcome = Outcome::LeftOut(reason);
        }
    }
}

/// Leaves out every fix that gives one service a token which another service has to be given too, and which that other
/// service is not given in this plan.
pub(crate) fn leave_out_halves(candidates: &mut [Candidate]) {
    loop {
        let found = candidates.iter().enumerate().filter(|(_, candidate)| candidate.is_chosen());
        let half =
            found.filter_map(|(index, candidate)| Some((index, other_half(candidate, candidates)?))).next();
        let Some((index, reason)) = half else { return };
        if let Some(candidate) = candidates.get_mut(index) {
            candidate.outcome = Outcome::LeftOut(reason);
        }
    }
}

fn other_half(candidate: &Candidate, candidates: &[Candidate]) -> Option<String> {
    let (_, name, with) = unset_of(candidate).next()?;
    let is_given = |service: &String| {
        let chosen = candidates.iter().filter(|other| other.is_chosen() && other.key.0 == candidate.key.0);
        chosen.flat_map(unset_of).any(|(other, _, with)| {
            other == service && with.iter().any(|back| candidate.key.1 == format!("service/{back}"))
        })
    };
    let other = with.iter().find(|service| !is_given(service))?;
    Some(format!(
        "{other} has {name} empty too and would not be given it in this plan, so that the two no longer agree: choose \
         the fixes of both"
    ))
}

/// The variables that a fix leaves to the env file: service, name, services that have to lose it too.
fn unset_of(candidate: &Candidate) -> impl Iterator<Item = (&String, &String, &Vec<String>)> {
    candidate.fix.changes.iter().filter_map(|change| match change {
        Change::Service { service, action: ComposeAction::UnsetVariable { name, with, .. }, .. } => {
            Some((service, name, with))
        }
        _ => None,
    })
}

fn unmet_requirement(
    candidate: &Candidate,
    candidates: &[Candidate],
    now: &HashMap<Key, (Standing, String)>,
) -> Option<String> {
    candidate.control.requires.iter().find_map(|required| {
        let (project, resource, _) = &candidate.key;
        let key: Key = (*project, resource.clone(), required);
        let standing = now.get(&key);
        if standing.is_none_or(|(standing, _)| *standing == Standing::Pass) {
            return None;
        }
        let mut fixes = candidates.iter().filter(|other| other.key == key).peekable();
        if fixes.peek().is_none() {
            let why = standing.map_or("", |(_, message)| message.as_str());
            return Some(format!("needs `{required}`, which temper cannot fix here: {why}"));
        }
        fixes.find_map(|other| match &other.outcome {
            Outcome::LeftOut(reason) => Some(format!("needs `{required}`, which is left out: {reason}")),
            Outcome::Chosen => None,
        })
    })
}
