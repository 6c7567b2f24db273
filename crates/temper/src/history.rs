//! What the journal of a stack holds, for people and for programs. Nothing secret is shown: neither environment
//! variables nor texts of files.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use temper_live::journal::{Journal, JournalError, RunRecord, StepRecord, StepState, utc};
use temper_live::snapshot::SnapshotHead;

use crate::args::RecordFormat;
use crate::error::{Error, Exit};
use crate::output;

/// Version of the JSON.
const SCHEMA: u32 = 1;

/// Every snapshot and every run, the latest first. Where `steps` is false, people see the runs without their steps.
pub(crate) fn show(root: &Path, format: RecordFormat, steps: bool) -> Result<Exit, Error> {
    let journal = open(root)?;
    let (snapshots, runs) = (journal.snapshots().map_err(failed)?, journal.runs().map_err(failed)?);
    output::print(&match format {
        RecordFormat::Human => human(&snapshots, &runs, steps),
        RecordFormat::Json => document(&json!({
            "schema": SCHEMA,
            "snapshots": snapshots,
            "runs": runs.iter().map(run_json).collect::<Vec<_>>(),
        })),
    })?;
    Ok(Exit::Clean)
}

/// The journal of the stack.
pub(crate) fn open(root: &Path) -> Result<Journal, Error> {
    let missing = || {
        Error::Usage(format!(
            "{}: nothing was rolled out here: there is no .temper/temper.db; name the root of the stack",
            root.display()
        ))
    };
    Journal::open(root).map_err(failed)?.ok_or_else(missing)
}

/// The journal cannot be used; the engine may be the reason.
pub(crate) fn failed(error: JournalError) -> Error {
    let text = error.to_string();
    if error.is_unreachable() { Error::Needed(text) } else { Error::Usage(text) }
}

/// A JSON document that ends with a line end.
pub(crate) fn document(value: &Value) -> String {
    format!("{value:#}\n")
}

fn human(snapshots: &[SnapshotHead], runs: &[RunRecord], steps: bool) -> String {
    let mut out = snapshot_table(snapshots);
    for run in runs {
        let snapshot = run.snapshot.map_or_else(|| "no snapshot".to_owned(), |id| format!("snapshot {id}"));
        let ended = match run.ended {
            Some(ended) => format!("{} in {} s", run.state.word(), ended - run.begun),
            None => "not finished".to_owned(),
        };
        // A String takes everything that is written to it.
        let gap = if steps { "\n" } else { "" };
        let _ = writeln!(out, "{gap}{} {} {} UTC, {snapshot}, {ended}", run.kind, run.id, utc(run.begun));
        for step in run.steps.iter().filter(|_| steps) {
            let _ = writeln!(out, "{:>5}  {:<7} {}", step.number, step.state.word(), step.action.describe());
            for note in notes(step) {
                let _ = writeln!(out, "                {note}");
            }
        }
    }
    out
}

fn snapshot_table(snapshots: &[SnapshotHead]) -> String {
    if snapshots.is_empty() {
        return "no snapshots\n".to_owned();
    }
    let mut out = String::new();
    for snapshot in snapshots {
        let holds = snapshot.holds.iter().map(|(kind, count)| plural(kind, *count));
        let holds: Vec<String> = holds.collect();
        let _ = writeln!(
            out,
            "snapshot {:<3} {} UTC  project {}: {}",
            snapshot.id,
            utc(snapshot.at),
            snapshot.project,
            holds.join(", ")
        );
    }
    out
}

fn plural(kind: &str, count: u32) -> String {
    if count == 1 { format!("1 {kind}") } else { format!("{count} {kind}s") }
}

/// What is to be said of a step besides its state.
fn notes(step: &StepRecord) -> Vec<&str> {
    let failure = step.failure.as_deref().filter(|_| step.state != StepState::Done);
    let done = step.outcome.iter().flat_map(|outcome| outcome.left.iter().map(String::as_str));
    let undone = step.undone.iter().flat_map(|undone| undone.left.iter().map(String::as_str));
    failure.into_iter().chain(done).chain(undone).collect()
}

fn run_json(run: &RunRecord) -> Value {
    json!({
        "id": run.id,
        "kind": run.kind,
        "state": run.state,
        "begun": run.begun,
        "ended": run.ended,
        "snapshot": run.snapshot,
        "steps": run.steps.iter().map(|step| json!({
            "number": step.number,
            "detail": step.action.describe(),
            "state": step.state,
            "begun": step.begun,
            "at": step.at,
            "notes": notes(step),
        })).collect::<Vec<_>>(),
    })
}
