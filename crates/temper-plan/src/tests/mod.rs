//! Whole plans over small stacks.

mod controls;
mod dockerfile;
mod guard;
mod in_place;
mod overlay;
mod tokens;

use std::collections::BTreeMap;
use std::fmt::Write;

use temper_controls::Judgement;
use temper_model::{LoadOptions, MemoryTree, Stack};

use crate::planner::plan_with;
use crate::{Options, Outcome, Plan, PlanError};

type Files = BTreeMap<String, String>;

fn files(pairs: &[(&str, &str)]) -> Files {
    pairs.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn stack(files: &Files) -> Stack {
    Stack::load(&MemoryTree::new(files.clone()), &LoadOptions::default()).unwrap()
}

fn try_plan_where(
    files: &Files,
    options: &Options,
    judge: &dyn Fn(&Stack) -> Vec<Judgement>,
    wanted: &dyn Fn(&Judgement) -> bool,
) -> Result<Plan, PlanError> {
    let tree = MemoryTree::new(files.clone());
    let stack = stack(files);
    let judged: Vec<Judgement> = judge(&stack).into_iter().filter(wanted).collect();
    plan_with(&stack, &tree, &LoadOptions::default(), &judged, options, judge)
}

fn plan_where(files: &Files, options: &Options, wanted: &dyn Fn(&Judgement) -> bool) -> Plan {
    try_plan_where(files, options, &controls::judge, wanted).unwrap()
}

fn plan(files: &Files, options: &Options) -> Plan {
    plan_where(files, options, &|_| true)
}

fn overlay() -> Options {
    Options::default()
}

fn in_place() -> Options {
    Options { in_place: true, ..Options::default() }
}

/// The files after the plan was written.
fn written(files: &Files, plan: &Plan) -> Files {
    let mut files = files.clone();
    for change in &plan.files {
        assert_eq!(files.get(&change.path), change.old.as_ref());
        files.insert(change.path.clone(), change.new.clone());
    }
    files
}

/// The files after the plan was made and written; planning once more changes nothing.
fn applied(files: &Files, options: &Options) -> Files {
    let once = written(files, &plan(files, options));
    let again = plan(&once, options);
    assert_eq!(again.files, [], "{:#?}", again.files.iter().map(crate::FileChange::diff).collect::<Vec<_>>());
    once
}

fn diffs(plan: &Plan) -> String {
    plan.files.iter().map(crate::FileChange::diff).collect()
}

fn left_out(plan: &Plan) -> String {
    let mut out = String::new();
    for service in &plan.services {
        for step in &service.steps {
            if let Outcome::LeftOut(reason) = &step.outcome {
                writeln!(out, "{} {}: {reason}", service.resource, step.control.id).unwrap();
            }
        }
    }
    out
}
