use serde_json::Value;

use crate::support::Sandbox;

#[test]
fn explain_lists_every_control_in_one_line() {
    let outcome = Sandbox::empty().temper(["explain"]);
    assert!(outcome.stdout.contains("no-privileged            critical  "), "{}", outcome.stdout);
    assert!(outcome.stdout.ends_with("`temper explain CONTROL` says more.\n"));
}

#[test]
fn explain_shows_the_page_of_a_control() {
    let page = Sandbox::empty().temper(["explain", "no-privileged"]).stdout;
    for heading in ["no-privileged  critical severity, on compose", "Why it matters", "Benchmark items"] {
        assert!(page.contains(heading), "{heading}: {page}");
    }
}

#[test]
fn explain_suggests_the_nearest_control() {
    insta::assert_snapshot!(Sandbox::empty().temper(["explain", "no-priviledged"]).shown(), @"
    exit status 2

    ---
    error: there is no control `no-priviledged`; did you mean `no-privileged`?
    ");
}

#[test]
fn init_writes_settings_that_are_read_and_never_over_others() {
    let sandbox = Sandbox::of("profiles");
    insta::assert_snapshot!(sandbox.temper(["init"]).shown(), @"
    exit status 0
    wrote ./temper.toml
    ");
    assert_eq!(sandbox.temper(["scan", "--only", "no-privileged"]).status, Some(0));
    let written = sandbox.read("temper.toml");
    insta::assert_snapshot!(sandbox.temper(["init"]).shown(), @"
    exit status 2

    ---
    error: ./temper.toml is there already; edit it, or move it away
    ");
    assert_eq!(sandbox.read("temper.toml"), written);
}

#[test]
fn config_prints_the_files_that_compose_would_pick() {
    let outcome = Sandbox::of("profiles").temper(["config"]);
    let model: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let services: Vec<&String> = model["services"].as_object().unwrap().keys().collect();
    assert_eq!((model["name"].as_str(), services), (Some("profiles"), vec![&"web".to_owned()]));
}

#[test]
fn config_enables_profiles_and_merges_named_files() {
    let outcome = Sandbox::of("profiles").temper(["config", "--profile", "debug"]);
    let model: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert!(model["services"].get("debug").is_some(), "{}", outcome.stdout);
    let outcome = Sandbox::of("two-files").temper(["config", "-f", "base.yml", "-f", "prod.yml"]);
    let model: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(model["services"]["web"]["privileged"], true);
}

#[test]
fn config_refuses_what_compose_refuses() {
    insta::assert_snapshot!(Sandbox::of("refused").temper(["config"]).shown(), @r#"
    exit status 2

    ---
    error: compose.yml:6:12: services.web.ports: expected a list, found the number 80
    error: compose.yml:5:16: service "web": network "nowhere" is not defined; add it under networks
    "#);
    insta::assert_snapshot!(Sandbox::empty().temper(["config"]).shown(), @"
    exit status 2

    ---
    error: no Compose file here or above; expected one of compose.yaml, compose.yml, docker-compose.yml, docker-compose.yaml, or name one with -f
    ");
}

#[test]
fn completions_and_manual_name_every_command() {
    let sandbox = Sandbox::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.temper(["completions", shell]).stdout;
        assert!(script.contains("no-dockerfiles") && script.contains("completions"), "{shell}");
    }
    let manual = sandbox.temper(["man"]).stdout;
    for command in ["scan", "plan", "apply", "config", "explain", "init"] {
        assert!(manual.contains(&format!("temper {command}")), "{command}");
    }
}

#[test]
fn help_of_every_command_has_a_first_line_and_fits_the_screen() {
    let sandbox = Sandbox::empty();
    for command in ["scan", "plan", "apply", "config", "explain", "init", "schema", "completions", "man"] {
        let outcome = sandbox.temper([command, "-h"]);
        assert_eq!(outcome.status, Some(0));
        assert!(outcome.stdout.lines().all(|line| line.chars().count() <= 100), "{}", outcome.stdout);
        assert!(outcome.stdout.contains("Usage: temper "), "{}", outcome.stdout);
    }
}
