//! The stacks of `examples/`, planned with every control, as Docker Compose sees the result.
//!
//! `TEMPER_TEST_COMPOSE` names the Compose program; `cargo xtask test` sets it.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use temper_controls::{ALL, Judged, Selection, judge};
use temper_model::{Date, DiskTree, FileTree, LoadOptions, OverlaidTree, Stack};
use temper_plan::{Options, Outcome, Plan, plan};

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").canonicalize().unwrap();
    let mut found: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn judged(stack: &Stack) -> Judged {
    judge(stack, &Selection::default(), Date::new(2026, 6, 15).unwrap())
}

fn planned(tree: &dyn FileTree, options: &Options) -> (Stack, Plan) {
    let known: Vec<&str> = ALL.iter().map(|control| control.meta().id).collect();
    let load = LoadOptions { known_controls: &known, ..LoadOptions::default() };
    let stack = Stack::load(tree, &load).unwrap();
    let plan = plan(&stack, tree, &load, &judged(&stack), options).unwrap_or_else(|error| panic!("{error}"));
    (stack, plan)
}

fn texts(plan: &Plan) -> BTreeMap<String, String> {
    plan.files.iter().map(|file| (file.path.clone(), file.new.clone())).collect()
}

fn chosen(plan: &Plan) -> usize {
    let steps = plan.services.iter().flat_map(|service| &service.steps);
    steps.filter(|step| step.outcome == Outcome::Chosen).count()
}

#[test]
fn plan_of_an_example_is_stable() {
    for example in examples() {
        for in_place in [false, true] {
            let options = Options { in_place, ..Options::default() };
            let disk = DiskTree::new(&example);
            let (_, first) = planned(&disk, &options);
            assert!(chosen(&first) > 0, "{}", example.display());
            let after = OverlaidTree::new(&disk, texts(&first));
            let (_, second) = planned(&after, &options);
            let diffs: String = second.files.iter().map(temper_plan::FileChange::diff).collect();
            assert_eq!(diffs, "", "{}", example.display());
        }
    }
}

#[test]
fn docker_compose_accepts_the_result() {
    let compose = std::env::var_os("TEMPER_TEST_COMPOSE")
        .expect("set TEMPER_TEST_COMPOSE to a Docker Compose v2 program, or run `cargo xtask test`");
    for example in examples() {
        for in_place in [false, true] {
            let copy = tempfile::tempdir().unwrap();
            copy_tree(&example, copy.path());
            let (stack, plan) =
                planned(&DiskTree::new(copy.path()), &Options { in_place, ..Options::default() });
            for file in &plan.files {
                std::fs::write(copy.path().join(&file.path), &file.new).unwrap();
            }
            for group in &stack.projects {
                let mut files: Vec<String> = group
                    .project
                    .files
                    .iter()
                    .map(|file| stack.sources.file(*file).path().to_owned())
                    .collect();
                files.extend(
                    plan.files
                        .iter()
                        .map(|file| file.path.clone())
                        .filter(|path| *path == group.hardened_path),
                );
                config(&compose, copy.path(), &files);
            }
        }
    }
}

fn config(compose: &std::ffi::OsStr, directory: &Path, files: &[String]) {
    let mut command = Command::new(compose);
    command.current_dir(directory);
    for file in files {
        command.args(["-f", file]);
    }
    let example = directory.join(".env.example");
    if example.is_file() {
        command.arg("--env-file").arg(example);
    }
    let output = command.args(["config", "-q"]).output().unwrap();
    assert!(output.status.success(), "{files:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
