//! Compares what this crate makes of Compose projects with what Docker Compose makes of them.
//!
//! Every folder of `tests/fixtures/config` and `tests/fixtures/merge` is one case. Beside the Compose files it may
//! hold:
//!
//! - `.env` and env files, as any project;
//! - `args`: one argument of the Compose command line per line (`-f`, `compose.yml`, `--profile`, `debug`);
//! - `directory`: the folder of the case in which both are started, the case itself by default;
//! - `environment`: variables of the shell, one `NAME=value` per line;
//! - `known-difference`: why the two differ. Such a case must differ, so that the note cannot outlive its reason.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use indexmap::IndexMap;
use serde_json::Value as Json;
use temper_model::DiskTree;
use temper_model::compose::{Selection, config};
use temper_text::SourceMap;

/// What one of the two made of a project.
type Outcome = Result<Json, String>;

#[test]
fn projects_read_as_docker_compose_reads_them() {
    let compose = std::env::var_os("TEMPER_TEST_COMPOSE").map(PathBuf::from).expect(
        "TEMPER_TEST_COMPOSE does not name Docker Compose; run `cargo xtask test`, which installs it",
    );
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases were found", cases.len());
    let failures: Vec<String> = cases.iter().filter_map(|case| failure(&compose, case)).collect();
    assert!(
        failures.is_empty(),
        "{} of {} cases fail\n\n{}",
        failures.len(),
        cases.len(),
        failures.join("\n\n")
    );
}

fn cases() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut cases = Vec::new();
    for group in ["config", "merge"] {
        for entry in fs::read_dir(fixtures.join(group)).into_iter().flatten() {
            let path = entry.expect("the folder of fixtures can be listed").path();
            if path.is_dir() {
                cases.push(path);
            }
        }
    }
    cases.sort();
    cases
}

fn failure(compose: &Path, case: &Path) -> Option<String> {
    let ours = ours(case);
    let theirs = theirs(compose, case);
    let same = match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => ours == theirs,
        (Err(_), Err(_)) => true,
        _ => false,
    };
    let name = case.file_name().unwrap_or_default().to_string_lossy();
    match (same, case.join("known-difference").exists()) {
        (true, false) | (false, true) => None,
        (true, true) => Some(format!("{name}: does not differ any more; remove `known-difference`")),
        (false, false) => Some(format!("{name}:\n{}", explain(&ours, &theirs))),
    }
}

fn ours(case: &Path) -> Outcome {
    let tree = DiskTree::new(directory(case));
    config(&tree, &mut SourceMap::new(), &selection(case)).map_err(|problems| {
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        messages.join("; ")
    })
}

fn theirs(compose: &Path, case: &Path) -> Outcome {
    let output = Command::new(compose)
        .args(lines(case, "args"))
        .args(["config", "--format", "json"])
        .current_dir(directory(case))
        .env_clear()
        .envs(&environment(case))
        .output()
        .expect("Docker Compose can be started");
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("Docker Compose prints JSON"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

fn directory(case: &Path) -> PathBuf {
    case.join(fs::read_to_string(case.join("directory")).unwrap_or_default().trim())
}

fn lines(case: &Path, file: &str) -> Vec<String> {
    fs::read_to_string(case.join(file)).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn environment(case: &Path) -> IndexMap<String, String> {
    let mut variables: IndexMap<String, String> = [("HOME".to_owned(), "/home/test".to_owned())].into();
    for line in lines(case, "environment") {
        let (name, value) = line.split_once('=').expect("a line of `environment` is NAME=value");
        variables.insert(name.to_owned(), value.to_owned());
    }
    variables
}

fn selection(case: &Path) -> Selection {
    let mut selection = Selection { environment: environment(case), ..Selection::default() };
    let arguments = lines(case, "args");
    for pair in arguments.chunks(2) {
        let [flag, value] = pair else { panic!("{}: every argument has a value", case.display()) };
        match flag.as_str() {
            "-f" | "--file" => selection.files.push(value.clone()),
            "--profile" => selection.profiles.push(value.clone()),
            "--env-file" => selection.env_files.push(value.clone()),
            "-p" | "--project-name" => selection.project_name = Some(value.clone()),
            "--project-directory" => selection.project_directory = Some(value.clone()),
            other => panic!("{}: this test does not know {other}", case.display()),
        }
    }
    selection
}

fn explain(ours: &Outcome, theirs: &Outcome) -> String {
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => {
            let mut differences = Vec::new();
            differ("", ours, theirs, &mut differences);
            differences.join("\n")
        }
        (Err(ours), Ok(_)) => format!("  Compose accepts it; refused here: {ours}"),
        (Ok(_), Err(theirs)) => format!("  accepted here; Compose refuses it: {theirs}"),
        (Err(_), Err(_)) => String::new(),
    }
}

fn differ(path: &str, ours: &Json, theirs: &Json, out: &mut Vec<String>) {
    if let (Json::Object(left), Json::Object(right)) = (ours, theirs) {
        let mut keys: Vec<&String> = left.keys().chain(right.keys()).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let path = format!("{path}.{key}");
            match (left.get(key), right.get(key)) {
                (Some(left), Some(right)) => differ(&path, left, right, out),
                (Some(left), None) => out.push(format!("  {path}: here {left}, not there in Compose")),
                (None, Some(right)) => out.push(format!("  {path}: Compose {right}, not there here")),
                (None, None) => {}
            }
        }
    } else if ours != theirs {
        out.push(format!("  {path}: here {ours}, Compose {theirs}"));
    }
}
