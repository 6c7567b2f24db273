use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rusqlite::Connection;
use serde_json::json;

use super::store::Row;
use super::{Journal, JournalError, RunState, StepState};
use crate::action::Action;

/// A stack with a journal, and the path of its database.
fn stack() -> (tempfile::TempDir, Journal) {
    let folder = tempfile::tempdir().expect("a folder");
    let journal = Journal::create(folder.path()).expect("a new journal");
    (folder, journal)
}

fn write_file(root: &Path) -> Action {
    Action::WriteFile { path: root.join("a"), old: None, new: "SECRET".to_owned(), mode: 0o644 }
}

/// An open run with one step that is done, as rows.
fn with_a_run(root: &Path, journal: &Journal) -> String {
    let mut run = journal.insert_run("deploy", None).expect("is recorded");
    let action = serde_json::to_string(&write_file(root)).expect("is JSON");
    journal.append(&mut run, Row::new(1, "begun", action)).expect("is recorded");
    journal.append(&mut run, Row::new(1, "done", "{}".to_owned())).expect("is recorded");
    journal.append(&mut run, Row::new(0, "note", json!({ "wave": 1 }).to_string())).expect("is recorded");
    run.id
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("is there").permissions().mode() & 0o777
}

#[test]
fn the_folder_belongs_to_the_user_alone_and_git_does_not_see_it() {
    let (folder, journal) = stack();
    with_a_run(folder.path(), &journal);
    let _lock = journal.lock().expect("is free");
    let inside = folder.path().join(".temper");
    assert_eq!(mode(&inside), 0o700);
    for file in ["temper.db", "temper.db-wal", "temper.db-shm", "lock"] {
        assert_eq!(mode(&inside.join(file)), 0o600, "{file}");
    }
    assert_eq!(fs::read_to_string(inside.join(".gitignore")).expect("is there"), "*\n");
}

#[test]
fn a_run_is_read_as_it_was_written() {
    let (folder, journal) = stack();
    assert!(journal.open_run().expect("reads").is_none());
    let id = with_a_run(folder.path(), &journal);
    drop(journal);
    let journal = Journal::open(folder.path()).expect("opens").expect("is there");
    let run = journal.open_run().expect("reads").expect("was not finished");
    assert_eq!((run.id.as_str(), run.state, run.kind.as_str()), (id.as_str(), RunState::Open, "deploy"));
    assert_eq!(run.steps.len(), 1);
    assert_eq!(run.steps[0].state, StepState::Done);
    assert_eq!(run.steps[0].action, write_file(folder.path()));
    assert_eq!(run.notes, [json!({ "wave": 1 })]);
    // What is shown of an action holds no text of a file.
    assert!(!format!("{run:?}").contains("SECRET"));
    let mut run = run;
    journal.append(&mut run, Row::new(0, "finished", "completed".to_owned())).expect("is recorded");
    assert!(journal.open_run().expect("reads").is_none());
    assert_eq!(journal.runs().expect("reads")[0].state, RunState::Completed);
}

#[test]
fn every_edit_of_a_record_is_found() {
    let edits = [
        "UPDATE step SET content = replace(content, 'SECRET', 'EDITED') WHERE sequence = 1",
        "UPDATE step SET state = 'undone' WHERE sequence = 2",
        "UPDATE step SET number = 2 WHERE sequence = 2",
        "UPDATE step SET at = at + 1 WHERE sequence = 3",
        "DELETE FROM step WHERE sequence = 1",
        "DELETE FROM step WHERE sequence = 3",
        "UPDATE run SET kind = 'rollback'",
        "UPDATE run SET begun = 0",
        "UPDATE run SET head = sha",
    ];
    for edit in edits {
        let (folder, journal) = stack();
        with_a_run(folder.path(), &journal);
        assert_eq!(journal.connection.execute(edit, []).expect(edit), 1, "{edit}");
        let error = journal.open_run().expect_err(edit).to_string();
        assert!(error.contains("is damaged or was edited: run"), "{edit}: {error}");
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_with_what_to_do() {
    let (folder, journal) = stack();
    let path = folder.path().join(".temper/temper.db");
    drop(journal);
    fs::write(
        &path,
        "not a database, but long enough to be taken for one by its length alone, so to say".repeat(20),
    )
    .expect("writes");
    let error = Journal::open(folder.path()).expect_err("it is no database").to_string();
    assert!(error.contains("mv ") && error.contains("io.temper.run"), "{error}");
}

#[test]
fn a_damaged_page_is_found() {
    let (folder, journal) = stack();
    for _ in 0..20 {
        with_a_run(folder.path(), &journal);
    }
    let path = folder.path().join(".temper/temper.db");
    drop(journal);
    let mut bytes = fs::read(&path).expect("reads");
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4096].fill(0x5a);
    fs::write(&path, bytes).expect("writes");
    let found = Journal::open(folder.path()).and_then(|journal| journal.expect("is there").runs());
    assert!(matches!(found, Err(JournalError::Damaged { .. })), "{found:?}");
}

#[test]
fn a_database_of_a_later_version_or_another_program_is_refused() {
    let (folder, journal) = stack();
    journal.connection.pragma_update(None, "user_version", 9).expect("sets");
    drop(journal);
    let error = Journal::open(folder.path()).expect_err("is newer").to_string();
    assert!(error.contains("later version of temper (schema 9, this one knows 1)"), "{error}");
    let connection = Connection::open(folder.path().join(".temper/temper.db")).expect("opens");
    connection.pragma_update(None, "application_id", 1).expect("sets");
    drop(connection);
    let error = Journal::open(folder.path()).expect_err("is not ours").to_string();
    assert!(error.contains("no journal of temper"), "{error}");
}

#[test]
fn a_database_that_came_with_a_repository_is_not_used() {
    let (folder, journal) = stack();
    drop(journal);
    let path = folder.path().join(".temper/temper.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("sets");
    let error = Journal::open(folder.path()).expect_err("others may read it").to_string();
    assert!(error.contains("its mode is 0644"), "{error}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("sets");
    let connection = Connection::open(&path).expect("opens");
    connection.execute("UPDATE meta SET value = 'elsewhere'", []).expect("sets");
    drop(connection);
    let error = Journal::open(folder.path()).expect_err("of another machine").to_string();
    assert!(error.contains("written on another machine"), "{error}");
    fs::remove_dir_all(folder.path().join(".temper")).expect("removes");
    symlink("/tmp", folder.path().join(".temper")).expect("links");
    let error = Journal::create(folder.path()).expect_err("a link").to_string();
    assert!(error.contains("it is no directory"), "{error}");
}

#[test]
fn a_full_disk_is_told_before_the_step_is_taken() {
    let (folder, journal) = stack();
    let pages: i64 =
        journal.connection.pragma_query_value(None, "page_count", |row| row.get(0)).expect("reads");
    journal.connection.pragma_update(None, "max_page_count", pages).expect("sets");
    let mut run = journal.insert_run("deploy", None).expect("fits");
    let long = json!({ "long": "x".repeat(100_000) }).to_string();
    let error = journal.append(&mut run, Row::new(0, "note", long)).expect_err("does not fit");
    assert!(matches!(error, JournalError::Full { .. }), "{error}");
    // What was recorded before is still whole.
    assert_eq!(journal.run(&run.id).expect("reads").notes.len(), 0);
    drop(folder);
}

#[test]
fn a_second_rollout_is_refused_with_who_is_at_work() {
    let (folder, journal) = stack();
    let lock = journal.lock().expect("is free");
    assert!(lock.taken_over_from.is_none());
    let other = Journal::open(folder.path()).expect("opens").expect("is there");
    let error = other.lock().expect_err("is taken").to_string();
    assert!(error.contains(&format!("process {}", std::process::id())) && error.contains("ago"), "{error}");
    drop(lock);
    assert!(other.lock().expect("is free again").taken_over_from.is_none());
}

#[test]
fn the_lock_of_a_process_that_was_killed_is_taken_over() {
    let (folder, journal) = stack();
    let dead = json!({ "pid": 4_000_000, "user": "ann", "host": "here", "since": 1000 }).to_string();
    fs::write(folder.path().join(".temper/lock"), dead).expect("writes");
    let lock = journal.lock().expect("nobody holds it");
    assert_eq!(lock.taken_over_from.as_ref().map(|owner| owner.pid), Some(4_000_000));
}
