//! Back to the stack as it was: an interrupted run is undone, a finished one is left by its snapshot. Then it is checked
//! that everything is as it was.

use std::time::{Duration, Instant};

use crate::Event;
use crate::engine::{Engine, EngineError};
use crate::journal::{Journal, JournalError, Lock, Run, RunState, UndoReport};
use crate::snapshot::{self, EndpointCheck, Restored, Snapshot, SnapshotError, SnapshotHead};

/// What kind of run a rollback is, in the journal.
pub const KIND: &str = "rollback";

/// Why a rollback could not be done.
#[derive(Debug, thiserror::Error)]
pub enum RollbackError {
    /// There is nothing to return to.
    #[error("there is no snapshot {}; `temper rollback --list` shows those that there are", .id.map_or_else(|| "at all".to_owned(), |id| id.to_string()))]
    NoSnapshot {
        /// The number that was asked for; `None`: the latest.
        id: Option<i64>,
    },
    /// The snapshot could not be returned to.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
}

impl From<JournalError> for RollbackError {
    fn from(error: JournalError) -> Self {
        Self::Snapshot(error.into())
    }
}

impl From<EngineError> for RollbackError {
    fn from(error: EngineError) -> Self {
        Self::Snapshot(error.into())
    }
}

impl RollbackError {
    /// The engine is not there: exit status 3.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Snapshot(error) if error.is_unreachable())
    }
}

/// What a rollback did, and how the stack is afterwards.
#[derive(Debug, Default)]
pub struct RolledBack {
    /// The run in the journal.
    pub run: String,
    /// What became of the steps of an interrupted run; `None`: there was none.
    pub undone: Option<UndoReport>,
    /// The snapshot that was returned to; `None`: the interrupted run had none.
    pub snapshot: Option<SnapshotHead>,
    /// What returning to it did.
    pub restored: Option<Restored>,
    /// Time until everything was put back; health is not in it.
    pub took: Duration,
    /// Time that was waited for health afterwards.
    pub waited: Duration,
    /// What is not as it was, for people.
    pub differences: Vec<String>,
    /// How the endpoints answer.
    pub endpoints: Vec<EndpointCheck>,
}

impl RolledBack {
    /// True when it is proven that everything is as it was. An endpoint that did not answer before proves nothing.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        let restored =
            self.restored.as_ref().is_none_or(|done| done.left.is_empty() && done.failed.is_empty());
        let endpoints = self.endpoints.iter().all(|one| one.comparison.is_same() || !one.answered_before);
        let undone = self.undone.as_ref().is_none_or(UndoReport::is_complete);
        restored && endpoints && undone && self.differences.is_empty()
    }
}

/// Undoes the run that was not finished, if there is one; then returns to snapshot `to`, or to that of the run, or to the
/// latest. It can be interrupted and called again.
///
/// # Errors
/// When there is nothing to return to, the engine has gone, or the journal cannot be used.
pub fn roll_back(
    journal: &Journal,
    lock: &Lock,
    engine: &Engine,
    to: Option<i64>,
    patience: Duration,
    observer: &mut dyn FnMut(Event),
) -> Result<RolledBack, RollbackError> {
    let start = Instant::now();
    let mut done = RolledBack::default();
    let open = journal.resume_run(lock, engine)?;
    let wanted = match (&open, to) {
        (_, Some(id)) => Some(id),
        (Some(run), None) => run.record().snapshot,
        (None, None) => journal.snapshots()?.first().map(|head| head.id),
    };
    let snapshot = wanted.map(|id| journal.snapshot(id)).transpose()?.flatten();
    if snapshot.is_none() && (to.is_some() || open.is_none()) {
        return Err(RollbackError::NoSnapshot { id: to });
    }
    let mut run = match open {
        Some(run) => run,
        None => journal.begin_run(lock, engine, KIND, wanted)?,
    };
    run.id().clone_into(&mut done.run);
    let was_rollback = run.record().kind == KIND;
    if !was_rollback {
        // What only served trials is no step of its own.
        crate::rollout::sweep(engine, run.id())?;
        phase(observer, format!("undoing {} steps of run {}", run.record().steps.len(), run.id()));
        done.undone = Some(run.undo_all(observer)?);
    }
    if let Some(snapshot) = &snapshot {
        phase(observer, format!("returning to snapshot {}", snapshot.head.id));
        done.restored = Some(snapshot::restore(&mut run, snapshot, observer)?);
        done.snapshot = Some(snapshot.head.clone());
    }
    finish(run, was_rollback, done.undone.as_ref())?;
    done.took = start.elapsed();
    if let Some(snapshot) = &snapshot {
        verify(engine, snapshot, patience, &mut done)?;
    }
    Ok(done)
}

/// A run whose steps could not all be undone stays open: it can be tried again.
fn finish(run: Run<'_>, was_rollback: bool, undone: Option<&UndoReport>) -> Result<(), JournalError> {
    if undone.is_some_and(|report| !report.failed.is_empty()) {
        return Ok(());
    }
    run.finish(if was_rollback { RunState::Completed } else { RunState::RolledBack }).map(|_| ())
}

fn verify(
    engine: &Engine,
    snapshot: &Snapshot,
    patience: Duration,
    done: &mut RolledBack,
) -> Result<(), RollbackError> {
    let start = Instant::now();
    done.differences = snapshot::check(engine, &snapshot.state)?;
    for problem in snapshot::wait_until_well(engine, &snapshot.state, patience)? {
        if !done.differences.contains(&problem) {
            done.differences.push(problem);
        }
    }
    done.waited = start.elapsed();
    done.endpoints = snapshot::endpoints(engine, &snapshot.state)?;
    Ok(())
}

fn phase(observer: &mut dyn FnMut(Event), detail: String) {
    observer(Event::Phase { name: KIND.to_owned(), detail });
}
