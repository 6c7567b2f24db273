//! What `temper deploy` says when it cannot begin. Nothing is changed then.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::fixtures::WEB;
use crate::is_read_only;
use crate::stack::{Stack, ended};

#[test]
fn engine_that_nobody_answers_for_ends_with_status_3_and_its_address() {
    let stack = Stack::new("noengine", WEB);
    let output =
        stack.command(&["deploy"]).env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap();
    let ended = ended(&output);
    assert_eq!(ended.status, Some(3), "{}", ended.shown);
    assert!(ended.shown.contains("/nonexistent/docker.sock"), "{}", ended.shown);
    assert!(!stack.path(".temper").exists());
}

#[test]
fn compose_of_version_1_ends_with_status_3_and_what_to_install() {
    let stack = Stack::new("compose1", WEB);
    stack.write("docker-compose", "#!/bin/sh\necho 1.29.2\n");
    let old = stack.path("docker-compose");
    fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).unwrap();
    let ended = ended(&stack.command(&["deploy"]).env("TEMPER_COMPOSE", &old).output().unwrap());
    assert_eq!(ended.status, Some(3), "{}", ended.shown);
    assert!(
        ended.shown.contains("is Docker Compose 1.29.2; version 2 is needed: install"),
        "{}",
        ended.shown
    );
    assert!(!stack.path(".temper").exists());
}

#[test]
fn project_of_which_nothing_runs_ends_with_status_2_and_what_to_start() {
    let stack = Stack::new("stopped", WEB);
    let shown = stack.expect(2, &["deploy"]);
    assert!(shown.contains("nothing of the project runs: start it first with `docker compose up"), "{shown}");
    assert_eq!(stack.files(), ["compose.yml", "web"]);
    assert_eq!(stack.containers(), []);
}

#[test]
fn image_without_a_name_a_second_rollout_and_an_edited_journal_are_met() {
    let stack = Stack::new("met", WEB);
    stack.up();
    // A container that runs keeps its image, but nothing leads there any more.
    let image = stack.container("web").image_id().to_owned();
    let name = format!("{}-web", stack.project);
    assert!(stack.docker().args(["image", "rm", "-f", &name]).output().unwrap().status.success());
    assert!(stack.engine.image(&name).unwrap().is_none());

    let mut first = stack
        .command(&["deploy", "--format", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(first.stdout.take().unwrap()).lines();
    // From its first word on it has the stack for itself.
    lines.next().unwrap().unwrap();
    let shown = stack.expect(2, &["deploy"]);
    let owner = format!("another temper is at work on this stack: process {} of ", first.id());
    assert!(shown.contains(&owner) && shown.contains(" ago)"), "{shown}");
    let shown = stack.expect(2, &["rollback"]);
    assert!(shown.contains(&owner), "{shown}");
    let rest: Vec<String> = lines.map(|line| line.unwrap()).collect();
    assert_eq!(first.wait().unwrap().code(), Some(0), "{}", rest.join("\n"));
    assert_eq!(stack.container("web").image_id(), image);
    assert!(is_read_only(&stack, "web"));

    let database = stack.path(".temper/temper.db");
    let mut bytes = fs::read(&database).unwrap();
    let places: Vec<usize> = bytes
        .windows(name.len())
        .enumerate()
        .filter(|(_, window)| *window == name.as_bytes())
        .map(|(at, _)| at)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at] = b'D';
    }
    fs::write(&database, bytes).unwrap();
    let containers = stack.containers();
    for command in ["deploy", "rollback"] {
        let shown = stack.expect(2, &[command]);
        assert!(shown.contains("temper.db is damaged or was edited"), "{command}: {shown}");
    }
    assert_eq!(stack.containers(), containers);
}
