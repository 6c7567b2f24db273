//! Breaks, in a container each, one control and nothing else, and expects `temper verify` to fail with exactly that one.
//!
//! The image is FROM scratch with one program that waits: there is no shell and no tool in it. Needs a container engine and
//! the right to enter containers; without them the tests fail, because a skipped test proves nothing.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

#[path = "mutation/image.rs"]
mod image;
#[path = "mutation/mutations.rs"]
mod mutations;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use temper_live::engine::Engine;

use mutations::{MUTATIONS, Mutation};

/// The label that `temper` gives to everything that it makes for a moment.
const RUN: &str = "io.temper.run";

#[test]
fn verify_fails_with_exactly_the_control_that_was_broken() {
    let stack = Stack::new("mutation", MUTATIONS);
    let report = stack.verify(&[]);
    let mut wrong = String::new();
    for (number, mutation) in MUTATIONS.iter().enumerate() {
        let name = stack.container(number);
        let expected: BTreeSet<&str> = mutation.breaks.iter().copied().collect();
        let found = stack.open(&report, &name);
        if found.keys != expected {
            let _ = writeln!(wrong, "{}: expected {expected:?}\n{}", mutation.name, found.shown);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn container_that_is_hardened_in_everything_is_proven_clean_and_nothing_is_left_behind() {
    let stack = Stack::new("clean", &MUTATIONS[..1]);
    assert!(MUTATIONS[0].breaks.is_empty(), "the first one breaks nothing");
    let report = stack.verify(&[]);
    assert_eq!(report.status, 0, "{}", report.text);
    let passed = report.json["summary"]["pass"].as_u64().unwrap();
    assert!(passed >= 20, "{passed} controls were proven");
    // Everything that a run makes has the number of its process in its name and the label of runs.
    let own = format!("temper-verify-{:x}-", report.process);
    let made = stack.engine.containers(&[RUN.to_owned()]).unwrap();
    assert!(made.iter().all(|found| !found.name.starts_with(&own)), "{made:?}");
    let output = Command::new("docker").args(["volume", "ls", "-q"]).output().unwrap();
    let volumes = String::from_utf8(output.stdout).unwrap();
    assert!(volumes.contains(&format!("{}-data", stack.project)) && !volumes.contains(&own), "{volumes}");
}

#[test]
fn drift_is_named_when_the_files_are_hardened_and_the_container_is_not() {
    let broken: Vec<Mutation> = MUTATIONS.iter().filter(|one| one.name == "writable root").cloned().collect();
    let stack = Stack::new("drift", &broken);
    let report = stack.verify(&["--only", "read-only-rootfs"]);
    assert_eq!(report.status, 1);
    let message = report.json["findings"][0]["message"].as_str().unwrap();
    assert!(message.contains("the files have it, the container does not"), "{message}");
    assert!(
        report.errors.contains("read-only-rootfs is in the files, but not in the container"),
        "{}",
        report.errors
    );
}

/// A Compose project with a hardened service for each mutation, and a container for each service in which that is broken.
struct Stack {
    engine: Engine,
    folder: tempfile::TempDir,
    project: String,
    containers: usize,
}

struct Report {
    process: u32,
    status: i32,
    json: Value,
    text: String,
    errors: String,
}

/// What `verify` says of a container that is not a pass.
struct Open {
    keys: BTreeSet<&'static str>,
    shown: String,
}

impl Stack {
    fn new(name: &str, mutations: &[Mutation]) -> Self {
        let engine = Engine::connect(None)
            .expect("this test needs a container engine: start Docker, or let `cargo xtask test` do it");
        let project = format!("mutation-{name}-{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let stack = Self { engine, folder, project, containers: mutations.len() };
        let image = stack.image();
        image::load(&stack.engine, &image, "first");
        stack.write_files(mutations, &image);
        stack.engine.create_volume(&format!("{}-data", stack.project), &[]).unwrap();
        for (number, mutation) in mutations.iter().enumerate() {
            stack.start(number, mutation, &image);
        }
        stack.wait();
        stack
    }

    fn image(&self) -> String {
        format!("{}:1", self.project)
    }

    fn container(&self, number: usize) -> String {
        format!("{}-{number}", self.project)
    }

    fn write_files(&self, mutations: &[Mutation], image: &str) {
        let mut compose = format!("name: {}\nservices:\n", self.project);
        let mut settings = String::new();
        for (number, mutation) in mutations.iter().enumerate() {
            compose.push_str(&mutations::service(&format!("s{number}"), image, mutation));
            if let Some(text) = mutation.settings {
                let _ = write!(settings, "[services.s{number}]\n{text}\n");
            }
        }
        compose.push_str("volumes: {data: {}}\n");
        let write = |name: &str, text: &str| std::fs::write(self.folder.path().join(name), text).unwrap();
        write("compose.yml", &compose);
        write("temper.toml", &settings);
        write("Dockerfile", "FROM scratch\nCOPY pause ok /\nUSER 65532:65532\nENTRYPOINT [\"/pause\"]\n");
    }

    fn start(&self, number: usize, mutation: &Mutation, image: &str) {
        let mut body = mutations::hardened();
        body["Image"] = json!(image);
        body["Labels"] = json!({
            "com.docker.compose.project": self.project, "com.docker.compose.service": format!("s{number}"),
            "com.docker.compose.container-number": "1", "com.docker.compose.oneoff": "False",
        });
        (mutation.change)(&mut body);
        if mutation.other_image {
            let own = format!("{}-other:1", self.project);
            image::load(&self.engine, &own, "first");
            body["Image"] = json!(own);
        }
        let created = self.engine.create(&self.container(number), body).unwrap();
        self.engine.start(&created.id).unwrap();
        if mutation.other_image {
            // The name leads to another image from now on.
            image::load(&self.engine, &format!("{}-other:1", self.project), "second");
        }
    }

    /// Until every health check has answered.
    fn wait(&self) {
        let begun = Instant::now();
        for number in 0..self.containers {
            while self.engine.inspect(&self.container(number)).unwrap().health() == Some("starting") {
                assert!(begun.elapsed() < Duration::from_secs(60), "{number} never becomes healthy");
                thread::sleep(Duration::from_millis(100));
            }
        }
    }

    fn verify(&self, arguments: &[&str]) -> Report {
        let path: &Path = self.folder.path();
        let child = Command::new(env!("CARGO_BIN_EXE_temper"))
            .args(["verify", "--format", "json"])
            .args(arguments)
            .arg(path)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let process = child.id();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        let json = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}\n{errors}"));
        Report { process, status: output.status.code().unwrap(), json, text, errors }
    }

    fn open(&self, report: &Report, container: &str) -> Open {
        let resource = format!("container/{container}");
        let all = report.json["findings"].as_array().unwrap();
        let of_container: Vec<&Value> =
            all.iter().filter(|finding| finding["resource"] == *resource).collect();
        let id = |finding: &&Value| {
            let control = finding["control"].as_str().unwrap();
            temper_controls::find(control).unwrap().meta().id
        };
        let shown = of_container.iter().map(|finding| {
            format!(
                "  {} {}: {} {}\n",
                finding["verdict"], finding["control"], finding["message"], finding["missing"]
            )
        });
        Open { keys: of_container.iter().map(id).collect(), shown: shown.collect() }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        for number in 0..self.containers {
            let _ = self.engine.remove(&self.container(number), true, true);
        }
        let _ = self.engine.remove_volume(&format!("{}-data", self.project));
        let _ = self.engine.remove_image(&self.image());
        let _ = self.engine.remove_image(&format!("{}-other:1", self.project));
    }
}
