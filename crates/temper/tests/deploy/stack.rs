//! A Compose project of its own in a folder of its own. Everything of it is gone when it is dropped.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;
use temper_live::engine::{Engine, Inspect};
use temper_live::journal::{Journal, RunRecord};
use temper_live::names;

/// On images that a test builds.
const LABEL: &str = "io.temper.test.project";

pub(crate) struct Stack {
    pub(crate) engine: Engine,
    pub(crate) project: String,
    folder: tempfile::TempDir,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: Option<i32>,
    /// Standard output and standard error.
    pub(crate) shown: String,
}

impl Stack {
    /// Writes the files of a project; `PROJECT` in them becomes its name. Nothing is started.
    pub(crate) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let named = std::env::var("TEMPER_TEST_ENGINE").ok();
        let engine = Engine::connect(named.as_deref()).expect(
            "this test needs a container engine with the images of `cargo xtask images`; none was reached",
        );
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let project = format!("deploytest-{name}-{}-{now}", std::process::id());
        let stack = Self { engine, project, folder: tempfile::tempdir().unwrap() };
        for (path, text) in files {
            stack.write(path, &text.replace("PROJECT", &stack.project));
        }
        stack
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Names of the files at the root, but for the folder of the journal.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != ".temper");
        names.sort();
        names
    }

    /// Builds and starts everything, and waits until it is healthy.
    pub(crate) fn up(&self) {
        self.compose(&["up", "-d", "--build", "--wait"]);
    }

    pub(crate) fn compose(&self, args: &[&str]) -> String {
        let output = self.docker().arg("compose").args(args).output().unwrap();
        let ended = ended(&output);
        assert_eq!(ended.status, Some(0), "docker compose {args:?}: {}", ended.shown);
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) fn docker(&self) -> Command {
        let mut command = Command::new("docker");
        command.current_dir(self.folder.path()).env("DOCKER_HOST", self.engine.address());
        command.env_remove("COMPOSE_FILE").env_remove("COMPOSE_PROJECT_NAME").stdin(Stdio::null());
        command
    }

    /// `temper ARGS` in the folder of the stack.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_temper"));
        command.args(args).current_dir(self.folder.path()).env("DOCKER_HOST", self.engine.address());
        command.env_remove("COMPOSE_FILE").env_remove("COMPOSE_PROJECT_NAME").stdin(Stdio::null());
        command
    }

    pub(crate) fn temper(&self, args: &[&str]) -> Ended {
        ended(&self.command(args).output().unwrap())
    }

    /// `temper ARGS`, which must end with `status`. Returns what it showed.
    pub(crate) fn expect(&self, status: i32, args: &[&str]) -> String {
        let ended = self.temper(args);
        assert_eq!(ended.status, Some(status), "temper {args:?}:\n{}\n{}", ended.shown, self.logs());
        ended.shown
    }

    /// What the services wrote, for the message of a test that failed.
    pub(crate) fn logs(&self) -> String {
        let output = self.docker().args(["compose", "logs", "--no-color", "--tail", "20"]).output().unwrap();
        ended(&output).shown
    }

    /// The one container of a service, whatever state it is in.
    pub(crate) fn container(&self, service: &str) -> Inspect {
        let name = format!("{}-{service}-1", self.project);
        self.engine.find(&name).unwrap().unwrap_or_else(|| panic!("{name} is gone"))
    }

    /// Ids of all containers of the project, by name.
    pub(crate) fn containers(&self) -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> =
            self.engine.project(&self.project).unwrap().into_iter().map(|one| (one.name, one.id)).collect();
        all.sort();
        all
    }

    /// What a program in the container of a service prints.
    pub(crate) fn exec(&self, service: &str, command: &[&str]) -> String {
        let name = format!("{}-{service}-1", self.project);
        let output = self.docker().args(["exec", &name]).args(command).output().unwrap();
        let shown = ended(&output).shown;
        assert!(output.status.success(), "{service} {command:?}: {shown}");
        shown.trim().to_owned()
    }

    /// Asks an HTTP server in a container, from inside of it: status and body.
    pub(crate) fn get(&self, service: &str, path: &str) -> String {
        let program = format!(
            "import urllib.request as r, urllib.error as e\n\
             try: a = r.urlopen('http://127.0.0.1:8000{path}', timeout=5)\n\
             except e.HTTPError as error: a = error\n\
             print(a.status, a.read().decode())"
        );
        self.exec(service, &["python3", "-c", &program])
    }

    /// The run that is not finished.
    pub(crate) fn open_run(&self) -> Option<RunRecord> {
        Journal::open(self.root()).unwrap().and_then(|journal| journal.open_run().unwrap())
    }

    /// Whatever temper made for a moment, in any of its runs on this stack, and has not removed.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let mut left: Vec<String> = self.containers().into_iter().map(|(name, _)| name).collect();
        left.retain(|name| name.contains(".temper-"));
        let Some(journal) = Journal::open(self.root()).unwrap() else { return left };
        // Compose takes names of projects in lower case only.
        let runs: Vec<String> =
            journal.runs().unwrap().into_iter().map(|run| run.id.to_lowercase()).collect();
        let ours = |text: &str| runs.iter().any(|run| text.to_lowercase().contains(run.as_str()));
        let containers = self.engine.containers(&[]).unwrap();
        let of_runs = containers.into_iter().filter(|one| {
            let project = one.labels.get(names::PROJECT).map_or("", String::as_str);
            let scratch = one.labels.get(names::SCRATCH).map_or("", String::as_str);
            ours(scratch) || ours(project) || ours(&one.name)
        });
        left.extend(of_runs.map(|one| one.name));
        left.extend(self.engine.volumes(names::SCRATCH).unwrap().into_iter().filter(|name| ours(name)));
        let output =
            self.docker().args(["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]).output().unwrap();
        let images = String::from_utf8_lossy(&output.stdout).into_owned();
        left.extend(images.lines().filter(|name| ours(name)).map(str::to_owned));
        left
    }

    fn ids(&self, args: &[&str]) -> Vec<String> {
        let output = self.docker().args(args).output();
        let text =
            output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // Best effort: a failure here must not hide the one that the test is about.
        if self.path(".temper").exists() {
            // Takes away what a killed rollout has left.
            let _ = self.command(&["rollback", "--timeout", "0"]).output();
        }
        let project = format!("label={}={}", names::PROJECT, self.project);
        for id in self.ids(&["ps", "-aq", "--filter", &project]) {
            let _ = self.engine.remove(&id, true, true);
        }
        for kind in ["volume", "network"] {
            for id in self.ids(&[kind, "ls", "-q", "--filter", &project]) {
                let _ = self.docker().args([kind, "rm", &id]).output();
            }
        }
        let label = format!("label={LABEL}={}", self.project);
        for id in self.ids(&["image", "ls", "-q", "--no-trunc", "--filter", &label]) {
            let _ = self.docker().args(["image", "rm", "-f", &id]).output();
        }
    }
}

pub(crate) fn ended(output: &Output) -> Ended {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { status: output.status.code(), shown: format!("{}{}", text(&output.stdout), text(&output.stderr)) }
}

/// A setting of a container, as the engine tells it.
pub(crate) fn setting(container: &Inspect, pointer: &str) -> Value {
    container.at(pointer).cloned().unwrap_or(Value::Null)
}
