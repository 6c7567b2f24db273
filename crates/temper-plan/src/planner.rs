use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;
use temper_controls::{Judged, Judgement, Selection, Verdict, judge};
use temper_model::compose::{Selection as ComposeSelection, load_project};
use temper_model::{Date, FileTree, LoadOptions, OverlaidTree, Stack};

use crate::budget::budgets;
use crate::candidate::{
    Candidate, Key, Standing, candidates, key, leave_out_dependents, leave_out_halves, standings,
};
use crate::guard::{Intended, Violation, check_model, check_texts, check_verdicts};
use crate::overlay::{Target, blank, targets};
use crate::wish::Wishes;
use crate::{FileChange, Options, Outcome, Plan, PlanError, ServicePlan, Step};

/// Judges a whole stack with every control.
pub(crate) type Judge<'a> = &'a dyn Fn(&Stack) -> Vec<Judgement>;

/// Chooses fixes, turns them into texts, and checks the texts by reading them back.
///
/// `tree` and `load` are those that `stack` was read with, `judged` what was found in it. Nothing is written.
///
/// An overlay is always planned from the stack without the overlay of an earlier run, so that it is written anew as a
/// whole; what the earlier one sets and nobody asked about this time is kept.
///
/// # Errors
/// When the result would not be what was meant, and no single fix is to blame: then nothing may be written.
pub fn plan(
    stack: &Stack,
    tree: &dyn FileTree,
    load: &LoadOptions<'_>,
    judged: &Judged,
    options: &Options,
) -> Result<Plan, PlanError> {
    // On the first day of all, every waiver holds.
    let today = options.today.unwrap_or_else(|| Date::from_unix_seconds(0));
    let all = |stack: &Stack| of_default(&judge(stack, &Selection::default(), today).judgements);
    plan_with(stack, tree, load, &of_default(&judged.judgements), options, &all)
}

/// What is said of the stack as it starts by default. What an overlay that has to be named does is for a person to mend.
fn of_default(judgements: &[Judgement]) -> Vec<Judgement> {
    judgements.iter().filter(|judgement| judgement.overlay.is_none()).cloned().collect()
}

pub(crate) fn plan_with(
    stack: &Stack,
    tree: &dyn FileTree,
    load: &LoadOptions<'_>,
    judged: &[Judgement],
    options: &Options,
    judge: Judge<'_>,
) -> Result<Plan, PlanError> {
    let planner = Planner { tree, load, options, judge };
    let mut drawn = planner.draw(stack, judged)?;
    let mut after = planner.settle(&mut drawn)?;
    planner.stabilise(&mut drawn, judged, &mut after)?;
    Ok(Plan {
        services: steps(judged, &drawn.candidates),
        files: changes(drawn.compiled),
        budgets: budgets(&after.stack),
        notes: drawn.situation.targets.iter().filter_map(|target| target.note.clone()).collect(),
    })
}

/// The texts of a change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Compiled {
    pub(crate) files: BTreeMap<String, Text>,
    pub(crate) dockerfiles: BTreeSet<String>,
    pub(crate) intended: Intended,
}

/// A text before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) old: Option<String>,
    pub(crate) new: String,
}

/// A change that cannot be made as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Number of the candidate.
    pub(crate) owner: usize,
    /// Why, for people.
    pub(crate) reason: String,
}

/// What a plan starts from.
pub(crate) struct Situation {
    /// The stack that is changed: without the overlay of an earlier run when a new one is written.
    pub(crate) base: Stack,
    pub(crate) targets: Vec<Target>,
    /// Verdicts of all controls on the stack as it is.
    now: HashMap<Key, (Standing, String)>,
}

struct Drawn {
    situation: Situation,
    candidates: Vec<Candidate>,
    compiled: Compiled,
}

struct After {
    stack: Stack,
    judgements: Vec<Judgement>,
}

/// How often a plan may be made on its own result before it has to be stable.
const MAX_ROUNDS: usize = 4;

struct Planner<'a> {
    tree: &'a dyn FileTree,
    load: &'a LoadOptions<'a>,
    options: &'a Options,
    judge: Judge<'a>,
}

impl Planner<'_> {
    /// Chooses fixes and turns them into texts.
    fn draw(&self, stack: &Stack, judged: &[Judgement]) -> Result<Drawn, PlanError> {
        let targets = if self.options.in_place { Vec::new() } else { targets(stack, self.tree) };
        let now = standings(&(self.judge)(stack));
        let silenced = blank(stack, &targets);
        let (base, judgements) = if silenced.is_empty() {
            (stack.clone(), judged.to_vec())
        } else {
            let base = self.reload(&silenced, &[])?;
            let judgements = (self.judge)(&base);
            (base, judgements)
        };
        let candidates = candidates(&judgements, &standings(judged), &now, self.options);
        let mut drawn =
            Drawn { situation: Situation { base, targets, now }, candidates, compiled: Compiled::default() };
        self.compile(&mut drawn);
        Ok(drawn)
    }

    /// Compiles what is chosen; whatever cannot be written is left out, and then the rest is compiled again.
    fn compile(&self, drawn: &mut Drawn) {
        loop {
            leave_out_dependents(&mut drawn.candidates, &drawn.situation.now);
            leave_out_halves(&mut drawn.candidates);
            match self.try_compile(&drawn.situation, &drawn.candidates) {
                Ok(compiled) => {
                    drawn.compiled = compiled;
                    return;
                }
                // Each round leaves at least one out, so this ends.
                Err(refused) => {
                    for Refused { owner, reason } in refused {
                        leave_out(&mut drawn.candidates, owner, reason);
                    }
                }
            }
        }
    }

    fn try_compile(&self, situation: &Situation, candidates: &[Candidate]) -> Result<Compiled, Vec<Refused>> {
        let wishes = wishes(candidates, Candidate::is_chosen).map_err(one)?;
        let mut compiled = Compiled::default();
        if self.options.in_place {
            crate::in_place::compile(&situation.base, &wishes, &mut compiled)?;
        } else {
            // Wishes of fixes that are left out may contradict each other: the first counts.
            let unasked = lenient_wishes(candidates, |candidate| !candidate.is_chosen() && !candidate.waived);
            let waived = lenient_wishes(candidates, |candidate| candidate.waived);
            let overlays = crate::overlay::Overlays { situation, wishes: &wishes, unasked, waived };
            overlays.compile(&mut compiled).map_err(one)?;
        }
        crate::dockerfile::compile(&situation.base, &wishes, &mut compiled).map_err(one)?;
        for (path, wish) in &wishes.files {
            if self.tree.is_file(path) || self.tree.is_dir(path) {
                let reason = format!("{path} is there already; it is not written over");
                return Err(one(Refused { owner: wish.owner, reason }));
            }
            compiled.files.insert(path.clone(), Text { old: None, new: wish.text.clone() });
        }
        compiled.files.retain(|_, text| text.old.as_ref() != Some(&text.new));
        Ok(compiled)
    }

    /// Checks the change and leaves out what does harm, until nothing does.
    fn settle(&self, drawn: &mut Drawn) -> Result<After, PlanError> {
        loop {
            match self.check(drawn)? {
                Ok(after) => return Ok(after),
                Err(violation) => self.isolate(drawn, &violation)?,
            }
        }
    }

    fn check(&self, drawn: &Drawn) -> Result<Result<After, Box<Violation>>, PlanError> {
        check_texts(&drawn.compiled)?;
        let stack = self.after(drawn)?;
        if let Err(violation) = check_model(&drawn.situation.base, &stack, &drawn.compiled.intended) {
            return Ok(Err(violation));
        }
        let judgements = (self.judge)(&stack);
        let verdicts = check_verdicts(&drawn.candidates, &drawn.situation.now, &judgements);
        Ok(verdicts.map(|()| After { stack, judgements }))
    }

    /// The stack as it would be.
    fn after(&self, drawn: &Drawn) -> Result<Stack, PlanError> {
        self.reload(&self.written(drawn), &drawn.situation.targets)
    }

    fn written(&self, drawn: &Drawn) -> BTreeMap<String, String> {
        drawn.compiled.files.iter().map(|(path, text)| (path.clone(), text.new.clone())).collect()
    }

    /// Reads the stack again with other texts. An overlay of `targets` that is there but not read by itself, because the
    /// files were named or its name is an unusual one, is laid over its project.
    fn reload(&self, files: &BTreeMap<String, String>, targets: &[Target]) -> Result<Stack, PlanError> {
        let tree = OverlaidTree::new(self.tree, files.clone());
        let mut stack = Stack::load(&tree, self.load).map_err(|error| PlanError::Unreadable {
            path: "temper.toml".to_owned(),
            message: error.to_string(),
        })?;
        for (index, target) in targets.iter().enumerate() {
            let (Some(path), Some(group)) = (&target.path, stack.projects.get(index)) else { continue };
            let paths = |file: &temper_text::FileId| stack.sources.file(*file).path().to_owned();
            let mut merged: Vec<String> = group.project.files.iter().map(paths).collect();
            if !tree.is_file(path) || merged.contains(path) {
                continue;
            }
            merged.push(path.clone());
            let selection = ComposeSelection {
                files: merged,
                profiles: self.load.profiles.clone(),
                env_files: self.load.env_files.clone(),
                project_name: Some(group.project.name.clone()),
                ..ComposeSelection::default()
            };
            let mut sources = stack.sources.clone();
            let project = load_project(&tree, &mut sources, &selection, temper_model::compose::Mode::Lenient);
            stack.sources = sources;
            if let Some(group) = stack.projects.get_mut(index) {
                group.project = project;
            }
        }
        Ok(stack)
    }

    /// Leaves out the fix without which a violation disappears: one of the same resource, else all of one control.
    fn isolate(&self, drawn: &mut Drawn, violation: &Violation) -> Result<(), PlanError> {
        for suspects in suspects(&drawn.candidates, &violation.resource) {
            let mut trial = Drawn {
                situation: Situation {
                    base: drawn.situation.base.clone(),
                    targets: drawn.situation.targets.clone(),
                    now: drawn.situation.now.clone(),
                },
                candidates: drawn.candidates.clone(),
                compiled: Compiled::default(),
            };
            for index in suspects {
                leave_out(&mut trial.candidates, index, blame(&violation.error));
            }
            self.compile(&mut trial);
            let gone = match self.check(&trial) {
                Ok(Ok(_)) => true,
                // Services of two projects may have one name, and then the same is said of both.
                Ok(Err(other)) => other.resource != violation.resource || other.error != violation.error,
                Err(_) => false,
            };
            if gone {
                *drawn = trial;
                return Ok(());
            }
        }
        Err(violation.error.clone())
    }

    /// Makes the same plan on its own result, until that changes nothing: a changed Dockerfile may say more about a
    /// service than it did before.
    fn stabilise(&self, drawn: &mut Drawn, judged: &[Judgement], after: &mut After) -> Result<(), PlanError> {
        let asked: BTreeSet<Key> = judged.iter().map(key).collect();
        let mut last = None;
        for _ in 0..MAX_ROUNDS {
            let tree = OverlaidTree::new(self.tree, self.written(drawn));
            let again = Planner { tree: &tree, ..*self };
            let selected: Vec<Judgement> = after
                .judgements
                .iter()
                .filter(|judgement| self.options.asked_all || asked.contains(&key(judgement)))
                .cloned()
                .collect();
            let mut second = again.draw(&after.stack, &selected)?;
            *after = again.settle(&mut second)?;
            if second.compiled.files.is_empty() {
                return Ok(());
            }
            take_chosen(&mut drawn.candidates, &second.candidates);
            last = changes(second.compiled.clone()).into_iter().next();
            for (path, text) in second.compiled.files {
                let first = drawn.compiled.files.entry(path).or_insert_with(|| text.clone());
                first.new = text.new;
            }
        }
        match last {
            None => Ok(()),
            Some(change) => Err(PlanError::Unstable { path: change.path.clone(), diff: change.diff() }),
        }
    }
}

/// Fixes that can be part of the plan now that others are.
fn take_chosen(candidates: &mut [Candidate], later: &[Candidate]) {
    let mut findings: HashMap<Key, usize> = HashMap::new();
    for candidate in candidates.iter() {
        *findings.entry(candidate.key.clone()).or_default() += 1;
    }
    for candidate in candidates.iter_mut().filter(|candidate| !candidate.is_chosen()) {
        // One control may have several findings on a service: the fix of one says nothing of the others.
        let is_alone = findings.get(&candidate.key) == Some(&1);
        let is_same = |other: &&Candidate| {
            other.key == candidate.key && (is_alone || other.fix.summary == candidate.fix.summary)
        };
        if later.iter().filter(is_same).any(Candidate::is_chosen) {
            candidate.outcome = Outcome::Chosen;
        }
    }
}

fn one(refused: Refused) -> Vec<Refused> {
    vec![refused]
}

fn leave_out(candidates: &mut [Candidate], index: usize, reason: String) {
    if let Some(candidate) = candidates.get_mut(index) {
        candidate.outcome = Outcome::LeftOut(reason);
    }
}

fn blame(error: &PlanError) -> String {
    match error {
        PlanError::NewFinding { resource, control, message } => {
            format!("with it, `{control}` of {resource} would fail: {message}")
        }
        PlanError::NotFixed { message, .. } => format!("it is not enough: {message}"),
        PlanError::Differs { what, .. } => format!("it would also change {what}"),
        other => other.to_string(),
    }
}

/// Groups of candidates of which one may be to blame, the likeliest first.
fn suspects(candidates: &[Candidate], violation: &Key) -> Vec<Vec<usize>> {
    let chosen: Vec<(usize, &Candidate)> =
        candidates.iter().enumerate().filter(|(_, candidate)| candidate.is_chosen()).collect();
    let (project, resource, control) = violation;
    let here = |candidate: &Candidate| candidate.key.0 == *project && candidate.key.1 == *resource;
    let own =
        chosen.iter().filter(|(_, c)| here(c) && c.key.2 == *control).map(|(index, _)| *index).collect();
    let mut groups: Vec<Vec<usize>> = vec![own];
    // A fix that needs another control to hold is the likeliest to have turned it.
    let needs = |candidate: &Candidate| candidate.control.requires.contains(control);
    let single = |wanted: bool| {
        let found = chosen.iter().rev().filter(move |(_, c)| here(c) && needs(c) == wanted);
        found.map(|(index, _)| vec![*index])
    };
    groups.extend(single(true));
    groups.extend(single(false));
    groups.push(chosen.iter().filter(|(_, c)| here(c)).map(|(index, _)| *index).collect());
    // What is seen at a project is the fault of that project before it is anybody else's.
    let same_project = |candidate: &Candidate| candidate.key.0 == *project;
    for within in [true, false] {
        let mut by_control: IndexMap<&str, Vec<usize>> = IndexMap::new();
        for (index, candidate) in chosen.iter().rev().filter(|(_, c)| !within || same_project(c)) {
            by_control.entry(candidate.key.2).or_default().push(*index);
        }
        groups.extend(by_control.into_values());
        if within {
            groups.push(chosen.iter().filter(|(_, c)| same_project(c)).map(|(index, _)| *index).collect());
        }
    }
    groups.retain(|group| !group.is_empty());
    groups
}

fn wishes(candidates: &[Candidate], wanted: impl Fn(&Candidate) -> bool) -> Result<Wishes, Refused> {
    let mut wishes = Wishes::default();
    for (owner, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| wanted(candidate)) {
        for change in &candidate.fix.changes {
            wishes.add(owner, change).map_err(|reason| Refused { owner, reason })?;
        }
    }
    Ok(wishes)
}

fn lenient_wishes(candidates: &[Candidate], wanted: impl Fn(&Candidate) -> bool) -> Wishes {
    let mut wishes = Wishes::default();
    for (owner, candidate) in candidates.iter().enumerate().filter(|(_, candidate)| wanted(candidate)) {
        for change in &candidate.fix.changes {
            // A contradiction between two wishes that nobody asked for does no harm.
            let _ = wishes.add(owner, change);
        }
    }
    wishes
}

fn changes(compiled: Compiled) -> Vec<FileChange> {
    let files = compiled.files.into_iter();
    files.map(|(path, text)| FileChange { path, old: text.old, new: text.new }).collect()
}

/// One step for each finding that has a fix. Several findings of one control on one resource meet their fixes in order.
fn steps(judged: &[Judgement], candidates: &[Candidate]) -> Vec<ServicePlan> {
    let mut seen: HashMap<Key, usize> = HashMap::new();
    let mut plans: IndexMap<(Option<usize>, String), Vec<Step>> = IndexMap::new();
    for judgement in judged {
        let (Some(fix), Verdict::Fail | Verdict::Unknown { .. }) = (&judgement.fix, &judgement.verdict)
        else {
            continue;
        };
        let key = key(judgement);
        let number = seen.entry(key.clone()).or_default();
        let candidate = candidates.iter().filter(|candidate| candidate.key == key).nth(*number);
        *number += 1;
        let own = "it comes from the overlay itself: delete that line there and run again";
        let outcome =
            candidate.map_or_else(|| Outcome::LeftOut(own.to_owned()), |found| found.outcome.clone());
        let step = Step {
            control: judgement.control,
            safety: fix.safety.clone(),
            summary: fix.summary.clone(),
            evidence: judgement.evidence.clone(),
            outcome,
        };
        plans.entry((judgement.project, judgement.resource.clone())).or_default().push(step);
    }
    plans.into_iter().map(|((project, resource), steps)| ServicePlan { resource, project, steps }).collect()
}
