use std::fs;
use std::io::Read;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Stdio;

use crate::support::Sandbox;

const ONLY: [&str; 2] = ["--only", "no-new-privileges,published-ports"];

fn apply<'a>(more: &[&'a str]) -> Vec<&'a str> {
    ["apply"].into_iter().chain(ONLY).chain(more.iter().copied()).collect()
}

#[test]
fn apply_writes_the_overlay_and_says_how_to_start_it() {
    let sandbox = Sandbox::of("small");
    let outcome = sandbox.temper(apply(&[]));
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 0
    2 fixes in 1 file: 2 safe, 0 to be proven by a canary; 1 left out

    project small  compose.yml

    service/api
      safe     no-new-privileges        add `no-new-privileges:true`
      left out published-ports          publish it on 127.0.0.1: if no client on another host needs it,
                                        write `127.0.0.1:8080:8000`

    service/db
      safe     no-new-privileges        add `no-new-privileges:true`

    wrote docker-compose.hardened.yml
    start it with `docker compose -f compose.yml -f docker-compose.hardened.yml up -d --build`
    ");
    insta::assert_snapshot!(sandbox.read("docker-compose.hardened.yml"), @"
    # Written by temper; `temper apply` writes it anew, so change compose.yml or temper.toml instead.
    # It holds what hardens the services, each line with its reason. To start them with it:
    #   docker compose -f compose.yml -f docker-compose.hardened.yml up -d --build

    services:
      api:
        security_opt:
          - no-new-privileges:true # CIS Docker 5.26

      db:
        security_opt:
          - no-new-privileges:true # CIS Docker 5.26
    ");
}

#[test]
fn applied_twice_changes_nothing() {
    for more in [&[][..], &["--in-place"]] {
        let sandbox = Sandbox::of("small");
        assert_eq!(sandbox.temper(apply(more)).status, Some(0));
        let names = ["compose.yml", "docker-compose.hardened.yml"];
        let texts = || names.map(|name| fs::read_to_string(sandbox.path(name)).ok());
        let before = texts();
        let outcome = sandbox.temper(apply(more));
        assert!(outcome.stdout.ends_with("\nnothing to change\n"), "{}", outcome.shown());
        assert_eq!((outcome.status, texts()), (Some(0), before));
    }
}

#[test]
fn what_was_applied_is_found_to_pass() {
    let sandbox = Sandbox::of("small");
    let only = ["--only", "no-new-privileges"];
    assert_eq!(sandbox.temper(["scan"].into_iter().chain(only)).status, Some(1));
    sandbox.temper(["apply"].into_iter().chain(only));
    let outcome = sandbox.temper(["scan"].into_iter().chain(only));
    assert_eq!(outcome.status, Some(0), "{}", outcome.shown());
}

#[test]
fn dry_run_shows_the_diff_and_writes_nothing() {
    let sandbox = Sandbox::of("small");
    let outcome = sandbox.temper(apply(&["--dry-run"]));
    assert!(outcome.stdout.contains("+++ b/docker-compose.hardened.yml"), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("nothing was written (--dry-run)\n"), "{}", outcome.stdout);
    assert!(!sandbox.path("docker-compose.hardened.yml").exists());
}

#[test]
fn mode_of_a_file_stays_and_a_link_stays_a_link() {
    let sandbox = Sandbox::of("small");
    fs::rename(sandbox.path("compose.yml"), sandbox.path("real.yaml.txt")).unwrap();
    fs::set_permissions(sandbox.path("real.yaml.txt"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("real.yaml.txt", sandbox.path("compose.yml")).unwrap();
    let outcome = sandbox.temper(apply(&["--in-place"]));
    assert_eq!(outcome.status, Some(0), "{}", outcome.shown());
    assert!(fs::symlink_metadata(sandbox.path("compose.yml")).unwrap().is_symlink());
    assert!(sandbox.read("real.yaml.txt").contains("no-new-privileges:true"));
    assert_eq!(fs::metadata(sandbox.path("real.yaml.txt")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn nothing_is_left_beside_the_files() {
    let sandbox = Sandbox::of("small");
    sandbox.temper(apply(&[]));
    let entries = fs::read_dir(sandbox.path("")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["api", "compose.yml", "docker-compose.hardened.yml"]);
}

#[test]
fn files_are_written_although_nobody_reads_the_output() {
    let only = ["--only", "no-new-privileges"];
    let sandbox = Sandbox::of("small");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = sandbox.command(["apply"].into_iter().chain(only)).stdout(writer).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap()), (Some(0), String::new()));
    let overlay = sandbox.read("docker-compose.hardened.yml");
    assert_eq!(overlay.matches("no-new-privileges:true").count(), 2, "{overlay}");
}

#[test]
fn file_edited_while_the_plan_is_shown_is_left_alone() {
    // The plan is longer than a pipe holds, so the program waits for its reader after it has read the stack.
    let services: String = (0..200)
        .map(|index| format!("  {}-{index}:\n    image: example/app:1\n", "service".repeat(50)))
        .collect();
    let compose = format!("services:\n{services}");
    for (edited, more) in
        [("compose.yml", &["--in-place"][..]), ("compose.yml", &[]), ("api/Dockerfile", &[])]
    {
        let sandbox = Sandbox::empty();
        sandbox.write("compose.yml", &compose);
        fs::create_dir(sandbox.path("api")).unwrap();
        sandbox.write("api/Dockerfile", "FROM alpine:3.20\nUSER 1000\n");
        let mut command = sandbox.command(apply(more));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0]).unwrap();
        let edit = format!("# edited meanwhile\n{}", sandbox.read(edited));
        sandbox.write(edited, &edit);
        let mut rest = String::new();
        stdout.read_to_string(&mut rest).unwrap();
        assert!(rest.len() > 64 * 1024, "a pipe holds all {} bytes", rest.len());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            format!("error: {edited} changed since it was read; nothing was written, run apply again\n")
        );
        assert!(!rest.contains("wrote ") && !rest.contains("changed "), "{rest}");
        assert_eq!(sandbox.read(edited), edit);
        assert!(!sandbox.path("docker-compose.hardened.yml").exists());
    }
}
