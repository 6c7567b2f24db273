//! Judgements as the case files write them.

use std::fmt::Write;

use serde_json::Value;
use temper_controls::{Change, Fix, Judgement, Meta, Selection, Verdict, judge, judge_containers};
use temper_model::container::Container;
use temper_model::{Date, LoadOptions, MemoryTree, Stack};

use crate::case::Case;

/// The name of a fence that holds what was observed of a running container: what it leaves out is that of
/// `tests/case/container.json`, a container that is hardened in everything.
const CONTAINER: &str = "container";

/// What one control says of the files of a case, a line a judgement, its fix below it.
pub(crate) fn judgements(meta: &Meta, case: &Case<'_>) -> String {
    let (containers, files): (Vec<_>, Vec<_>) =
        case.iter().copied().partition(|(path, _)| *path == CONTAINER);
    let tree = MemoryTree::new(files);
    let known: Vec<&str> = temper_controls::ALL.iter().map(|control| control.meta().id).collect();
    let options = LoadOptions { known_controls: &known, ..LoadOptions::default() };
    let stack = match Stack::load(&tree, &options) {
        Ok(stack) => stack,
        Err(error) => return format!("error {error}\n"),
    };
    let selection = Selection { only: vec![meta.id.to_owned()], ..Selection::default() };
    let today = Date::new(2026, 6, 15).unwrap();
    let judged = if containers.is_empty() {
        judge(&stack, &selection, today)
    } else {
        let containers: Vec<Container> = containers.iter().map(|(_, text)| container(text)).collect();
        judge_containers(&stack, 0, &containers, &selection, today)
    };
    let mut out = String::new();
    for problem in &stack.problems {
        let _ = writeln!(out, "problem {}: {}", problem.file, problem.message);
    }
    for judgement in &judged.judgements {
        show(&stack, judgement, &mut out);
    }
    out
}

fn show(stack: &Stack, judgement: &Judgement, out: &mut String) {
    let Judgement { verdict, resource, at, message, .. } = judgement;
    let place = place(stack, *at);
    let missing = match verdict {
        Verdict::Unknown { missing } => format!(" ({missing})"),
        Verdict::Waived(waived) => format!(" (waived by {} until {})", waived.owner, waived.expires),
        _ => String::new(),
    };
    let _ = writeln!(out, "{} {resource} {place} {message}{missing}", verdict.as_str());
    for related in &judgement.related {
        let _ = writeln!(out, "  see {} {}", self::place(stack, related.at), related.label);
    }
    if let Some(fix) = &judgement.fix {
        show_fix(stack, fix, out);
    }
}

fn show_fix(stack: &Stack, fix: &Fix, out: &mut String) {
    let _ = writeln!(out, "  fix {}: {}", fix.safety.as_str(), fix.summary);
    for change in &fix.changes {
        let line = match change {
            Change::Service { service, action, reason, .. } => format!("{service}: {action:?} # {reason}"),
            Change::Volume { name, reason, .. } => format!("volume {name} # {reason}"),
            Change::Dockerfile { path, action, reason, .. } => format!("{path}: {action:?} # {reason}"),
            Change::NewFile { path, text, reason } => format!("new {path} ({} bytes) # {reason}", text.len()),
        };
        let _ = writeln!(out, "    {line}");
    }
    let _ = stack;
}

fn place(stack: &Stack, at: temper_text::Loc) -> String {
    let position = stack.sources.line_col(at);
    format!("{}:{}:{}", stack.sources.file(at.file).path(), position.line, position.column)
}

/// The hardened container with what a case says in its place: objects are merged, everything else is replaced.
fn container(text: &str) -> Container {
    let mut whole: Value = serde_json::from_str(include_str!("../case/container.json")).unwrap();
    let case: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    merge(&mut whole, case);
    serde_json::from_value(whole).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn merge(whole: &mut Value, case: Value) {
    match (whole, case) {
        // What was observed is another thing than why it was not.
        (Value::Object(whole), Value::Object(case)) if !case.contains_key("unknown") => {
            for (key, value) in case {
                merge(whole.entry(key).or_insert(Value::Null), value);
            }
        }
        (whole, case) => *whole = case,
    }
}
