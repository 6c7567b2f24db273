use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde_json::Value;

use super::clock::{now, run_id};
use super::{Journal, JournalError, chain};
use crate::action::{Action, Moved, Outcome, Undone};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Under way, or interrupted.
    Open,
    /// Carried through.
    Completed,
    /// Taken back.
    RolledBack,
}

impl RunState {
    /// As it is stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Completed => "completed",
            Self::RolledBack => "rolled-back",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Open, Self::Completed, Self::RolledBack].into_iter().find(|state| state.word() == word)
    }
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepState {
    /// Recorded; whether it was taken is not known.
    Begun,
    /// Taken.
    Done,
    /// It could not be taken; part of it may have been.
    Failed,
    /// Being taken back; whether it was is not known.
    Undoing,
    /// Taken back, or found not to need it.
    Undone,
}

impl StepState {
    /// As it is stored and shown.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Begun, Self::Done, Self::Failed, Self::Undoing, Self::Undone];
        all.into_iter().find(|state| state.word() == word)
    }
}

/// One step of a run, as recorded.
#[derive(Debug, Clone)]
pub struct StepRecord {
    /// Its number in the run, from 1.
    pub number: u32,
    /// What it does.
    pub action: Action,
    /// How it stands.
    pub state: StepState,
    /// When it was recorded, in seconds since 1970.
    pub begun: i64,
    /// When it came to its state.
    pub at: i64,
    /// What came of it, when it was taken.
    pub outcome: Option<Outcome>,
    /// What came of taking it back.
    pub undone: Option<Undone>,
    /// Why it failed, for people.
    pub failure: Option<String>,
}

/// One run, as recorded.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// Its name, also on what it makes ([`crate::names::RUN`]).
    pub id: String,
    /// Counts the runs of this stack, from 1.
    pub number: i64,
    /// What it is: `deploy`, `rollback`.
    pub kind: String,
    /// When it was begun, in seconds since 1970.
    pub begun: i64,
    /// When it was finished.
    pub ended: Option<i64>,
    /// The snapshot taken before it.
    pub snapshot: Option<i64>,
    /// How it stands.
    pub state: RunState,
    /// Its steps, by number.
    pub steps: Vec<StepRecord>,
    /// What its caller wanted to remember, in order.
    pub notes: Vec<Value>,
    pub(super) head: String,
    pub(super) sequence: u32,
}

impl RunRecord {
    /// Containers that were made again when steps were taken back.
    #[must_use]
    pub fn moved(&self) -> Moved {
        let mut moved = Moved::new();
        for step in &self.steps {
            if let (Action::RemoveContainer { container, .. }, Some(undone)) = (&step.action, &step.undone)
                && let Some(id) = &undone.container
            {
                moved.insert(container.id.clone(), id.clone());
            }
        }
        moved
    }

    /// Takes one row into account; `None` when it does not fit what came before.
    fn apply(&mut self, row: &Row) -> Option<()> {
        match row.state.as_str() {
            "note" => self.notes.push(serde_json::from_str(&row.content).ok()?),
            "finished" => {
                self.state = RunState::from_word(&row.content)?;
                self.ended = Some(row.at);
            }
            word => self.apply_step(row, StepState::from_word(word)?)?,
        }
        self.head.clone_from(&row.sha);
        self.sequence = row.sequence;
        Some(())
    }

    fn apply_step(&mut self, row: &Row, state: StepState) -> Option<()> {
        let content = row.content.as_str();
        if state == StepState::Begun {
            let action = serde_json::from_str(content).ok()?;
            if usize::try_from(row.number).ok()? != self.steps.len() + 1 {
                return None;
            }
            self.steps.push(StepRecord {
                number: row.number,
                action,
                state,
                begun: row.at,
                at: row.at,
                outcome: None,
                undone: None,
                failure: None,
            });
            return Some(());
        }
        let step = self.steps.get_mut(usize::try_from(row.number).ok()?.checked_sub(1)?)?;
        step.state = state;
        step.at = row.at;
        match state {
            StepState::Done => step.outcome = Some(serde_json::from_str(content).ok()?),
            StepState::Undone => step.undone = Some(serde_json::from_str(content).ok()?),
            StepState::Failed => step.failure = Some(content.to_owned()),
            StepState::Begun | StepState::Undoing => {}
        }
        Some(())
    }
}

/// A row of the table `step`: rows are only ever added.
pub(super) struct Row {
    sequence: u32,
    pub(super) number: u32,
    pub(super) state: String,
    at: i64,
    pub(super) content: String,
    sha: String,
}

impl Row {
    pub(super) fn new(number: u32, state: impl Into<String>, content: String) -> Self {
        Self { sequence: 0, number, state: state.into(), at: now(), content, sha: String::new() }
    }

    fn link(&self, run: &str, before: &str) -> String {
        let fields = [self.sequence.to_string(), self.number.to_string(), self.at.to_string()];
        chain::link(before, &[run, &fields[0], &fields[1], &self.state, &fields[2], &self.content])
    }
}

impl Journal {
    /// All runs, the latest first.
    ///
    /// # Errors
    /// When a row is not what was written.
    pub fn runs(&self) -> Result<Vec<RunRecord>, JournalError> {
        let read = || {
            let mut query = self.connection.prepare("SELECT id FROM run ORDER BY number DESC")?;
            query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<String>>>()
        };
        let ids = read().map_err(|error| self.place.error(&error))?;
        ids.iter().map(|id| self.run(id)).collect()
    }

    /// The run that was begun and not finished: it is under way, or was interrupted.
    ///
    /// # Errors
    /// When a row is not what was written.
    pub fn open_run(&self) -> Result<Option<RunRecord>, JournalError> {
        let query = "SELECT id FROM run ORDER BY number DESC LIMIT 1";
        let last: Option<String> = self
            .connection
            .query_row(query, [], |row| row.get(0))
            .optional()
            .map_err(|error| self.place.error(&error))?;
        let last = last.map(|id| self.run(&id)).transpose()?;
        Ok(last.filter(|run| run.state == RunState::Open))
    }

    /// One run with its steps, each row checked against its hash.
    ///
    /// # Errors
    /// When a row is not what was written, or there is no such run.
    pub fn run(&self, id: &str) -> Result<RunRecord, JournalError> {
        let read = || {
            let query = "SELECT begun, kind, snapshot, sha, head, number FROM run WHERE id = ?1";
            let (mut run, sha, head) = self.connection.query_row(query, [id], |row| {
                let run = RunRecord {
                    id: id.to_owned(),
                    begun: row.get(0)?,
                    kind: row.get(1)?,
                    snapshot: row.get(2)?,
                    number: row.get(5)?,
                    ended: None,
                    state: RunState::Open,
                    steps: Vec::new(),
                    notes: Vec::new(),
                    head: String::new(),
                    sequence: 0,
                };
                Ok((run, row.get::<_, String>(3)?, row.get::<_, String>(4)?))
            })?;
            run.head = run_link(&run);
            let columns = "SELECT sequence, number, state, at, content, sha FROM step";
            let mut query =
                self.connection.prepare(&format!("{columns} WHERE run = ?1 ORDER BY sequence"))?;
            let rows = query.query_map([id], |row| {
                Ok(Row {
                    sequence: row.get(0)?,
                    number: row.get(1)?,
                    state: row.get(2)?,
                    at: row.get(3)?,
                    content: row.get(4)?,
                    sha: row.get(5)?,
                })
            })?;
            Ok((run, sha, head, rows.collect::<rusqlite::Result<Vec<Row>>>()?))
        };
        let (mut run, sha, head, rows) = read().map_err(|error| self.place.error(&error))?;
        let damaged = |what: String| self.place.damaged(format!("run {id}: {what}"));
        if sha != run.head {
            return Err(damaged("its hash does not match".to_owned()));
        }
        for row in rows {
            if row.sha != row.link(id, &run.head) {
                return Err(damaged(format!("the hash of record {} does not match", row.sequence)));
            }
            let sequence = row.sequence;
            run.apply(&row).ok_or_else(|| damaged(format!("record {sequence} cannot be read")))?;
        }
        if run.head != head {
            return Err(damaged("records are missing at its end".to_owned()));
        }
        Ok(run)
    }

    pub(super) fn insert_run(&self, kind: &str, snapshot: Option<i64>) -> Result<RunRecord, JournalError> {
        let mut run = RunRecord {
            id: run_id(),
            number: 0,
            kind: kind.to_owned(),
            begun: now(),
            ended: None,
            snapshot,
            state: RunState::Open,
            steps: Vec::new(),
            notes: Vec::new(),
            head: String::new(),
            sequence: 0,
        };
        run.head = run_link(&run);
        self.write(|connection| {
            let insert =
                "INSERT INTO run (id, begun, kind, snapshot, sha, head) VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
            connection.execute(insert, params![run.id, run.begun, run.kind, run.snapshot, run.head])?;
            run.number = connection.last_insert_rowid();
            Ok(())
        })?;
        Ok(run)
    }

    /// Adds a row to a run, durably, and takes it into account.
    pub(super) fn append(&self, run: &mut RunRecord, mut row: Row) -> Result<(), JournalError> {
        row.sequence = run.sequence + 1;
        row.sha = row.link(&run.id, &run.head);
        self.write(|connection| {
            let insert = "INSERT INTO step (run, sequence, number, state, at, content, sha) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            let Row { sequence, number, state, at, content, sha } = &row;
            connection.execute(insert, params![run.id, sequence, number, state, at, content, sha])?;
            connection.execute("UPDATE run SET head = ?2 WHERE id = ?1", params![run.id, sha])
        })?;
        run.apply(&row).ok_or_else(|| self.place.damaged("a record does not follow from those before"))
    }
}

fn run_link(run: &RunRecord) -> String {
    let snapshot = run.snapshot.map(|id| id.to_string()).unwrap_or_default();
    chain::link("", &[&run.id, &run.begun.to_string(), &run.kind, &snapshot])
}
