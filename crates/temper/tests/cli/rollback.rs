//! `temper rollback` where no engine is needed, or none is there. With an engine: `tests/rollback.rs`.

use serde_json::{Value, json};
use temper_live::engine::Inspect;
use temper_live::journal::Journal;
use temper_live::snapshot::{FileState, State};

use crate::support::Sandbox;

const SECRET: &str = "hunter2";

/// A stack with a journal that holds one snapshot, with secrets where they are in life.
fn with_a_snapshot() -> Sandbox {
    let sandbox = Sandbox::empty();
    let journal = Journal::create(&sandbox.path("")).unwrap();
    let container =
        json!({ "Id": "0a", "Name": "/shop-db-1", "Config": { "Env": [format!("PASSWORD={SECRET}")] } });
    let file = FileState {
        path: sandbox.path("compose.yml"),
        sha256: Some("00".to_owned()),
        text: Some(format!("password: {SECRET}")),
        mode: 0o644,
    };
    let state = State {
        project: "shop".to_owned(),
        files: vec![file.clone(), file],
        containers: vec![Inspect::new(container)],
        ..State::default()
    };
    let lock = journal.lock().unwrap();
    assert_eq!(journal.add_snapshot(&lock, &state).unwrap(), 1);
    sandbox
}

#[test]
fn a_stack_that_nothing_was_rolled_out_on_says_so() {
    let sandbox = Sandbox::empty();
    let outcome = sandbox.temper(["rollback"]);
    let folder = std::fs::canonicalize(sandbox.path("")).unwrap().display().to_string();
    insta::assert_snapshot!(outcome.shown().replace(&folder, "/stack"), @"
    exit status 2

    ---
    error: /stack: nothing was rolled out here: there is no .temper/temper.db; name the root of the stack
    ");
    assert!(!sandbox.path(".temper").exists());
}

#[test]
fn the_list_shows_snapshots_and_no_secret() {
    let sandbox = with_a_snapshot();
    let outcome = sandbox.temper(["rollback", "--list"]);
    let words: Vec<&str> = outcome.stdout.split_whitespace().collect();
    assert_eq!(words[..2], ["snapshot", "1"]);
    assert_eq!(words[4..].join(" "), "UTC project shop: 1 container, 2 files");
    let document = sandbox.temper(["rollback", "--list", "--format", "json"]).stdout;
    let value: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(value["snapshots"][0]["holds"], json!({ "container": 1, "file": 2 }));
    assert_eq!(value["runs"], json!([]));
    assert!(!format!("{}{document}", outcome.shown()).contains(SECRET));
}

#[test]
fn a_missing_engine_is_exit_status_3_and_a_missing_snapshot_2() {
    let sandbox = with_a_snapshot();
    let outcome =
        sandbox.command(["rollback"]).env("DOCKER_HOST", "unix:///nowhere/docker.sock").output().unwrap();
    assert_eq!(outcome.status.code(), Some(3));
    let text = String::from_utf8(outcome.stderr).unwrap();
    assert!(text.contains("no container engine answers at unix:///nowhere/docker.sock"), "{text}");
}

#[test]
fn a_second_rollback_is_refused_while_the_first_is_at_work() {
    let sandbox = with_a_snapshot();
    let journal = Journal::open(&sandbox.path("")).unwrap().unwrap();
    let _lock = journal.lock().unwrap();
    let outcome = sandbox.temper(["rollback"]);
    assert_eq!(outcome.status, Some(2));
    let owner = format!("another temper is at work on this stack: process {} of", std::process::id());
    assert!(outcome.stderr.contains(&owner), "{}", outcome.stderr);
}

#[test]
fn a_journal_that_was_edited_is_refused_with_what_to_do() {
    let sandbox = with_a_snapshot();
    let path = sandbox.path(".temper/temper.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(SECRET.len()).position(|window| window == SECRET.as_bytes()).unwrap();
    bytes[at] = b'H';
    std::fs::write(&path, bytes).unwrap();
    let outcome = sandbox.temper(["rollback", "--list"]);
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.contains("is damaged or was edited: snapshot 1"), "{}", outcome.stderr);
    assert!(!outcome.shown().contains("unter2"));
}
