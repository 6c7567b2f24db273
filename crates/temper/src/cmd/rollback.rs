use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;
use temper_live::Event;
use temper_live::engine::Engine;
use temper_live::probe::Comparison;
use temper_live::rollback::{RollbackError, RolledBack, roll_back};
use temper_live::snapshot::{EndpointCheck, Restoring};

use crate::args::{RecordFormat, Rollback, StackArgs};
use crate::error::{Error, Exit};
use crate::root::Root;
use crate::{history, output};

/// `temper rollback`.
pub(crate) fn run(args: &Rollback) -> Result<Exit, Error> {
    let stack = StackArgs {
        path: args.path.clone(),
        files: Vec::new(),
        profiles: Vec::new(),
        env_files: Vec::new(),
        project_name: None,
    };
    let root = Root::of(&stack)?.path;
    if args.list {
        return history::show(&root, args.format, false);
    }
    let journal = history::open(&root)?;
    let lock = journal.lock().map_err(history::failed)?;
    let engine = Engine::connect(None).map_err(|error| Error::Needed(error.to_string()))?;
    if let Some(owner) = &lock.taken_over_from {
        output::note(&format!("an earlier temper was killed ({owner}); its work is taken over"));
    }
    let human = args.format == RecordFormat::Human;
    let mut observer = |event: Event| match event {
        Event::Phase { detail, .. } if human => output::note(&detail),
        Event::StepBegun { detail, .. } if human => output::note(&format!("  {detail}")),
        _ => {}
    };
    let patience = Duration::from_secs(args.timeout);
    let done = roll_back(&journal, &lock, &engine, args.to, patience, &mut observer).map_err(failed)?;
    output::tell(&if human { text(&done) } else { history::document(&document(&done)) })?;
    Ok(if done.is_complete() { Exit::Clean } else { Exit::Findings })
}

fn failed(error: RollbackError) -> Error {
    let text = error.to_string();
    if error.is_unreachable() {
        return Error::Needed(format!(
            "{text}\nthe stack may be between two states: when the engine is back, run `temper rollback` again"
        ));
    }
    Error::Usage(text)
}

fn text(done: &RolledBack) -> String {
    let mut out = String::new();
    // A String takes everything that is written to it.
    let mut line = |text: &str| {
        let _ = writeln!(out, "{text}");
    };
    if let Some(undone) = &done.undone {
        line(&format!("undid {} steps of run {}", undone.undone.len(), done.run));
        for left in undone.left.iter().chain(undone.failed.iter().map(|(left, _)| left)) {
            line(&format!("  not undone: {}: {}", left.detail, left.reason));
        }
        if let Some(error) = &undone.unrecorded {
            line(&format!("  done, but not recorded: {error}"));
        }
    }
    if let (Some(head), Some(restored)) = (&done.snapshot, &done.restored) {
        line(&format!("snapshot {} of {} UTC", head.id, temper_live::journal::utc(head.at)));
        for (name, how) in &restored.containers {
            line(&format!("  container {name}: {}", word(*how)));
        }
        for other in &restored.others {
            line(&format!("  {other}: restored"));
        }
        for name in &restored.removed {
            line(&format!("  container {name}: removed"));
        }
        for left in &restored.left {
            line(&format!("  left: {left}"));
        }
        for failed in &restored.failed {
            line(&format!("  failed: {failed}"));
        }
    }
    for difference in &done.differences {
        line(&format!("  not as before: {difference}"));
    }
    endpoint_lines(&done.endpoints).iter().for_each(|text| line(text));
    line(&format!(
        "restored in {:.1} s, then waited {:.1} s for health",
        done.took.as_secs_f64(),
        done.waited.as_secs_f64()
    ));
    if done.snapshot.is_none() {
        line("that run had no snapshot, so nothing could be compared with how it was before");
    }
    out
}

fn word(how: Restoring) -> &'static str {
    match how {
        Restoring::Unchanged => "as it was",
        Restoring::Kept => "the kept one is back",
        Restoring::Recreated => "made again",
    }
}

fn endpoint_lines(endpoints: &[EndpointCheck]) -> Vec<String> {
    if endpoints.is_empty() {
        return Vec::new();
    }
    let same = endpoints.iter().filter(|one| one.comparison.is_same()).count();
    let mut lines = vec![format!("  {same} of {} endpoints answer as before", endpoints.len())];
    for one in endpoints {
        let reasons = match &one.comparison {
            Comparison::Same { .. } => continue,
            Comparison::Different { differences } => differences.join("; "),
            Comparison::Unknown { missing } => format!("unknown: {missing}"),
        };
        lines.push(format!("  {} {}: {reasons}", one.container, one.name));
    }
    lines
}

fn document(done: &RolledBack) -> serde_json::Value {
    let undone = done.undone.as_ref().map(|undone| {
        let failed = undone.failed.iter().map(|(left, _)| left);
        json!({
            "steps": undone.undone,
            "left": undone.left.iter().chain(failed).collect::<Vec<_>>(),
            "unrecorded": undone.unrecorded.as_ref().map(ToString::to_string),
        })
    });
    json!({
        "schema": 1,
        "complete": done.is_complete(),
        "run": done.run,
        "undone": undone,
        "snapshot": done.snapshot,
        "restored": done.restored,
        "differences": done.differences,
        "endpoints": done.endpoints,
        "seconds": done.took.as_secs_f64(),
        "seconds_until_healthy": (done.took + done.waited).as_secs_f64(),
    })
}
