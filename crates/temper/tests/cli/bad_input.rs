use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::support::Sandbox;

const ONLY: [&str; 2] = ["--only", "no-privileged"];

fn scan<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["scan"].into_iter().chain(ONLY).chain(more.iter().copied()).collect()
}

#[test]
fn broken_yaml_is_told_with_its_place_and_the_rest_is_analysed() {
    let outcome = Sandbox::of("broken-yaml").temper(["scan", "--only", "non-root-user"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 2
    .: 0 services in 0 Compose projects, 1 Dockerfile
    1 fail (1 high), 0 unknown, 0 pass

    error: compose.yml:4:12: unclosed bracket '['

    Dockerfiles

    dockerfile/api/Dockerfile  1 high
     --> api/Dockerfile:1:1
      |
    1 | FROM python:3.12-slim
      | ^^^^^^^^^^^^^^^^^^^^^ non-root-user
      high     non-root-user            no USER: containers start as root, as python:3.12-slim does

    `temper plan .` shows the changes that fix 1 of these.
    ");
}

#[test]
fn what_compose_refuses_is_an_error() {
    let outcome = Sandbox::of("refused").temper(scan(&[]));
    insta::assert_snapshot!(outcome.shown(), @r#"
    exit status 2
    .: 1 service in 1 Compose project, 0 Dockerfiles
    0 fail, 0 unknown, 1 pass

    error: compose.yml:6:12: services.web.ports: expected a list, found the number 80
    error: compose.yml:5:16: service "web": network "nowhere" is not defined; add it under networks

    project refused  1 service; `docker compose` picks compose.yml in this directory
    "#);
}

#[test]
fn directory_named_like_a_compose_file_is_told() {
    let sandbox = Sandbox::empty();
    fs::create_dir(sandbox.path("compose.yml")).unwrap();
    let outcome = sandbox.temper(scan(&[]));
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 2
    .: 0 services in 0 Compose projects, 0 Dockerfiles
    0 fail, 0 unknown, 0 pass

    error: compose.yml: a directory with the name of a Compose file: expected a file; rename the
      directory
    ");
}

#[test]
fn text_that_is_not_utf_8_is_told_with_its_place() {
    let sandbox = Sandbox::empty();
    sandbox.write("compose.yml", b"services:\n  a:\n    image: \"\xff\"\n");
    let outcome = sandbox.temper(scan(&[]));
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 2
    .: 0 services in 0 Compose projects, 0 Dockerfiles
    0 fail, 0 unknown, 0 pass

    error: compose.yml:3: byte 27 is not UTF-8; save the file as UTF-8
    ");
}

#[test]
fn file_that_may_not_be_read_is_told_unless_the_reader_may_read_everything() {
    let sandbox = Sandbox::of("profiles");
    fs::set_permissions(sandbox.path("compose.yml"), fs::Permissions::from_mode(0o000)).unwrap();
    let outcome = sandbox.temper(scan(&[]));
    if fs::read(sandbox.path("compose.yml")).is_ok() {
        assert_eq!(outcome.status, Some(0), "{}", outcome.shown());
    } else {
        assert!(outcome.stdout.contains("error: compose.yml: "), "{}", outcome.stdout);
        assert_eq!(outcome.status, Some(2));
    }
}

#[test]
fn loop_of_links_ends() {
    let sandbox = Sandbox::of("profiles");
    fs::create_dir(sandbox.path("inner")).unwrap();
    symlink("..", sandbox.path("inner/outer")).unwrap();
    symlink("loop.yml", sandbox.path("loop.yml")).unwrap();
    let outcome = sandbox.temper(scan(&["-q"]));
    assert!(outcome.stdout.starts_with(".: 2 services in 1 Compose project"), "{}", outcome.shown());
}

#[test]
fn large_file_is_read() {
    let sandbox = Sandbox::empty();
    let list: String = (0..60_000)
        .map(|number| format!("  - entry {number} of a list that nobody reads, but has to parse\n"))
        .collect();
    let text = format!(
        "name: large\nx-list:\n{list}services:\n  a:\n    image: nginx:1.27.4\n    privileged: true\n"
    );
    assert!(text.len() > 3_000_000);
    sandbox.write("compose.yml", text);
    let outcome = sandbox.temper(scan(&[]));
    assert!(outcome.stdout.contains("60006 |     privileged: true"), "{}", outcome.stdout);
    assert_eq!(outcome.status, Some(1));
}

#[test]
fn bomb_of_aliases_is_refused() {
    let sandbox = Sandbox::empty();
    let mut text = String::from("x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..12 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text.push_str(&format!("x-{level}: &a{level} [{aliases}]\n"));
    }
    text.push_str("services:\n  a:\n    image: nginx\n    command: *a11\n");
    sandbox.write("compose.yml", text);
    let outcome = sandbox.temper(scan(&[]));
    assert_eq!(outcome.status, Some(2), "{}", outcome.shown());
    assert!(outcome.stdout.contains("error: compose.yml:"), "{}", outcome.stdout);
}

#[test]
fn empty_directory_is_not_proven_clean() {
    let outcome = Sandbox::empty().temper(["scan"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 2

    ---
    error: .: no Compose file and no Dockerfile in it; name the root of a stack, or a Compose file with -f
    ");
}

#[test]
fn path_that_is_not_there_is_told() {
    let sandbox = Sandbox::of("profiles");
    insta::assert_snapshot!(sandbox.temper(["scan", "nowhere"]).shown(), @"
    exit status 2

    ---
    error: nowhere: no such directory or file; name the root of a stack
    ");
    insta::assert_snapshot!(sandbox.temper(["scan", "-q", "-f", "nowhere.yml"]).shown(), @"
    exit status 2
    .: 0 services in 1 Compose project, 0 Dockerfiles
    0 fail, 0 unknown, 0 pass

    error: nowhere.yml: no such file
    ");
}

#[test]
fn path_that_is_not_utf_8_is_told() {
    let name = OsStr::from_bytes(b"no\xffwhere");
    let outcome = Sandbox::of("profiles").temper([OsStr::new("scan"), name]);
    assert_eq!(outcome.status, Some(2));
    assert!(outcome.stderr.starts_with("error: no\u{fffd}where: "), "{}", outcome.stderr);
}

#[test]
fn unknown_control_and_service_suggest_the_nearest() {
    let sandbox = Sandbox::of("profiles");
    insta::assert_snapshot!(sandbox.temper(["scan", "--only", "non-rot-user"]).shown(), @"
    exit status 2

    ---
    error: there is no control `non-rot-user`; did you mean `non-root-user`?
    ");
    insta::assert_snapshot!(sandbox.temper(["scan", "--skip", "qqq"]).shown(), @"
    exit status 2

    ---
    error: there is no control `qqq`; `temper explain` lists all
    ");
    insta::assert_snapshot!(sandbox.temper(["plan", "--service", "wep"]).shown(), @"
    exit status 2

    ---
    error: there is no service `wep`; did you mean `web`?
    ");
}

#[test]
fn mistake_in_the_settings_is_told_with_what_is_allowed() {
    let outcome = Sandbox::of("settings-mistake").temper(["scan"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 2

    ---
    error: temper.toml:3:1: unknown key `colour`, expected one of `uid`, `gid`, `name`
    ");
}
