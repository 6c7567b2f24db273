//! What an interrupted rollout left under way, taken back.

use serde_json::Value;

use super::run::KIND;
use super::sweep::sweep;
use super::{RolloutError, session::Observer};
use crate::engine::Engine;
use crate::journal::{Journal, JournalError, Lock};

/// Prepares an interrupted rollout for going on: removes what only served trials, and takes back the wave that was under
/// way. Waves that were judged stay. Without any wave everything is taken back: nothing of the stack was changed but files.
///
/// Returns false when no rollout was interrupted.
///
/// # Errors
/// When the engine or the journal is gone, or a step cannot be taken back.
pub fn settle(
    journal: &Journal,
    lock: &Lock,
    engine: &Engine,
    observer: Observer<'_>,
) -> Result<bool, RolloutError> {
    let Some(mut run) = journal.resume_run(lock, engine)? else { return Ok(false) };
    if run.record().kind != KIND {
        return Err(RolloutError::OtherKind { run: run.id().to_owned(), kind: run.record().kind.clone() });
    }
    sweep(engine, run.id())?;
    let from = under_way(&run.record().notes);
    let undone = run.undo_from(from, observer)?;
    match undone.failed.into_iter().next() {
        Some((left, source)) => {
            Err(JournalError::Step { number: left.number, detail: left.detail, source }.into())
        }
        None => Ok(true),
    }
}

/// The first step of what was under way: the last wave that was begun and not judged, or else everything since the last
/// one that was.
fn under_way(notes: &[Value]) -> u32 {
    let step = |note: &Value, key: &str| note[key].as_u64().and_then(|number| u32::try_from(number).ok());
    for note in notes.iter().rev() {
        if let Some(until) = step(note, "until") {
            return until;
        }
        if let Some(from) = step(note, "from") {
            return from;
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::under_way;

    #[test]
    fn a_wave_that_was_not_judged_is_taken_back_and_one_that_was_stays() {
        let first = json!({"wave": ["a"], "from": 4});
        let judged = json!({"judged": ["a"], "until": 10});
        let second = json!({"wave": ["b"], "from": 10});
        assert_eq!(under_way(&[]), 1);
        assert_eq!(under_way(std::slice::from_ref(&first)), 4);
        assert_eq!(under_way(&[first.clone(), judged.clone()]), 10);
        assert_eq!(under_way(&[first, judged, second]), 10);
    }
}
