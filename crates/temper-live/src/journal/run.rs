use serde::Serialize;
use serde_json::Value;

use super::store::Row;
use super::{Journal, JournalError, Lock, RunRecord, RunState, StepRecord, StepState, utc};
use crate::Event;
use crate::action::{Action, ActionError, Outcome};
use crate::engine::Engine;

/// A run under way: every step is on the disk before it is taken.
#[derive(Debug)]
pub struct Run<'j> {
    journal: &'j Journal,
    engine: Engine,
    record: RunRecord,
}

/// What became of steps that were taken back.
#[derive(Debug, Default)]
pub struct UndoReport {
    /// Numbers of the steps that are taken back, in that order.
    pub undone: Vec<u32>,
    /// What was left as it is, because somebody else changed it meanwhile.
    pub left: Vec<Left>,
    /// Steps that could not be taken back; it can be tried again.
    pub failed: Vec<(Left, ActionError)>,
    /// Why taking back could not be recorded, such as a full disk. It was done all the same: it can be repeated.
    pub unrecorded: Option<JournalError>,
}

impl UndoReport {
    /// True when everything is as it was before.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.left.is_empty() && self.failed.is_empty()
    }
}

/// Something that is not as it was before the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The step.
    pub number: u32,
    /// What the step did.
    pub detail: String,
    /// Why it is not taken back.
    pub reason: String,
}

impl Journal {
    /// Begins a run. The lock is what keeps others away while it lasts.
    ///
    /// # Errors
    /// When an earlier run was not finished.
    pub fn begin_run<'j>(
        &'j self,
        _lock: &'j Lock,
        engine: &Engine,
        kind: &str,
        snapshot: Option<i64>,
    ) -> Result<Run<'j>, JournalError> {
        if let Some(open) = self.open_run()? {
            return Err(JournalError::Open { run: open.id, begun: format!("{} UTC", utc(open.begun)) });
        }
        let record = self.insert_run(kind, snapshot)?;
        Ok(Run { journal: self, engine: engine.clone(), record })
    }

    /// Goes on with the run that was not finished; `None` when there is none.
    ///
    /// # Errors
    /// When a row is not what was written.
    pub fn resume_run<'j>(
        &'j self,
        _lock: &'j Lock,
        engine: &Engine,
    ) -> Result<Option<Run<'j>>, JournalError> {
        let record = self.open_run()?;
        Ok(record.map(|record| Run { journal: self, engine: engine.clone(), record }))
    }
}

impl<'j> Run<'j> {
    /// Its name, also on what it makes.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.record.id
    }

    /// The engine it works on.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The journal that it is recorded in.
    #[must_use]
    pub fn journal(&self) -> &'j Journal {
        self.journal
    }

    /// What is recorded.
    #[must_use]
    pub fn record(&self) -> &RunRecord {
        &self.record
    }

    /// Remembers something for [`RunRecord::notes`], such as how far a rollout has come.
    ///
    /// # Errors
    /// When it cannot be recorded.
    pub fn note(&mut self, note: &Value) -> Result<(), JournalError> {
        self.append(Row::new(0, "note", note.to_string()))
    }

    /// Records an action, takes it, and records that it was taken.
    ///
    /// # Errors
    /// When it cannot be recorded: then it was not taken. When it cannot be taken, or that cannot be recorded: then
    /// [`Run::undo_from`] its number takes back what was done of it.
    pub fn take(&mut self, action: Action, observer: &mut dyn FnMut(Event)) -> Result<Outcome, JournalError> {
        let number = self.next_number();
        let content = serde_json::to_string(&action).map_err(|error| self.unreadable(&error))?;
        self.append(Row::new(number, StepState::Begun.word(), content))?;
        self.perform(number, &action, observer)
    }

    /// Takes the last step again, when it is not known whether it was taken. Its outcome is recorded.
    ///
    /// # Errors
    /// As [`Run::take`].
    pub fn retake_last(&mut self, observer: &mut dyn FnMut(Event)) -> Result<Option<Outcome>, JournalError> {
        let last = self.record.steps.last().cloned();
        let Some(step) = last.filter(|step| matches!(step.state, StepState::Begun | StepState::Failed))
        else {
            return Ok(None);
        };
        self.perform(step.number, &step.action, observer).map(Some)
    }

    /// The number that the next step gets.
    #[must_use]
    pub fn next_number(&self) -> u32 {
        self.record.steps.last().map_or(0, |step| step.number) + 1
    }

    /// Takes back every step from `number` on, the last first. Goes on where one cannot be taken back, unless the engine
    /// has gone.
    ///
    /// # Errors
    /// When the engine has gone. What cannot be taken back for another reason is in the report.
    pub fn undo_from(
        &mut self,
        number: u32,
        observer: &mut dyn FnMut(Event),
    ) -> Result<UndoReport, JournalError> {
        let mut report = UndoReport::default();
        let steps: Vec<StepRecord> = self.record.steps.iter().rev().cloned().collect();
        let open = |step: &StepRecord| step.number >= number && step.state != StepState::Undone;
        for step in steps.into_iter().filter(open) {
            self.undo(&step, &mut report, observer)?;
        }
        Ok(report)
    }

    /// Takes back every step.
    ///
    /// # Errors
    /// As [`Run::undo_from`].
    pub fn undo_all(&mut self, observer: &mut dyn FnMut(Event)) -> Result<UndoReport, JournalError> {
        self.undo_from(1, observer)
    }

    /// Ends the run.
    ///
    /// # Errors
    /// When it cannot be recorded: then it stays open.
    pub fn finish(mut self, state: RunState) -> Result<RunRecord, JournalError> {
        self.append(Row::new(0, "finished", state.word().to_owned()))?;
        Ok(self.record)
    }

    fn perform(
        &mut self,
        number: u32,
        action: &Action,
        observer: &mut dyn FnMut(Event),
    ) -> Result<Outcome, JournalError> {
        let detail = action.describe();
        observer(Event::StepBegun { number, detail: detail.clone() });
        match action.perform(&self.engine, &self.record.id) {
            Ok(outcome) => {
                let content = serde_json::to_string(&outcome).map_err(|error| self.unreadable(&error))?;
                self.append(Row::new(number, StepState::Done.word(), content))?;
                observer(Event::StepDone { number });
                Ok(outcome)
            }
            Err(source) => {
                // That it failed is for the history only; the step counts as begun without it.
                let _ = self.append(Row::new(number, StepState::Failed.word(), source.to_string()));
                Err(JournalError::Step { number, detail, source })
            }
        }
    }

    fn undo(
        &mut self,
        step: &StepRecord,
        report: &mut UndoReport,
        observer: &mut dyn FnMut(Event),
    ) -> Result<(), JournalError> {
        let (number, detail) = (step.number, step.action.describe());
        self.record_undo(Row::new(number, StepState::Undoing.word(), String::new()), report);
        observer(Event::StepBegun { number, detail: format!("undo: {detail}") });
        // Neither taken nor refused: whoever took it was killed, and the engine may still be at it.
        let interrupted = step.outcome.is_none() && step.failure.is_none();
        let settled = if interrupted { step.action.settle(&self.engine, &self.record.id) } else { Ok(()) };
        let undo = || step.action.undo(&self.engine, &self.record.id, &self.record.moved());
        let undone = match settled.and_then(|()| undo()) {
            Ok(undone) => undone,
            Err(ActionError::Engine(error)) if error.is_unreachable() => {
                return Err(JournalError::Step { number, detail, source: error.into() });
            }
            Err(error) => {
                let left = Left { number, detail, reason: error.to_string() };
                report.failed.push((left, error));
                return Ok(());
            }
        };
        let reasons = undone.left.iter().cloned();
        report.left.extend(reasons.map(|reason| Left { number, detail: detail.clone(), reason }));
        let content = serde_json::to_string(&undone).map_err(|error| self.unreadable(&error))?;
        if let Some(known) = self.record.steps.iter_mut().find(|known| known.number == number) {
            // Known to the steps before it even when the disk is full.
            known.undone = Some(undone);
        }
        self.record_undo(Row::new(number, StepState::Undone.word(), content), report);
        report.undone.push(number);
        observer(Event::StepDone { number });
        Ok(())
    }

    /// A stack is put right even where that cannot be written down: taking back can be repeated.
    fn record_undo(&mut self, row: Row, report: &mut UndoReport) {
        if let Err(error) = self.append(row) {
            report.unrecorded.get_or_insert(error);
        }
    }

    fn append(&mut self, row: Row) -> Result<(), JournalError> {
        self.journal.append(&mut self.record, row)
    }

    fn unreadable(&self, error: &serde_json::Error) -> JournalError {
        JournalError::path(&self.journal.place.0, error)
    }
}
