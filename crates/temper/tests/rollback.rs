//! `temper rollback` on a real engine: an interrupted run is undone, a finished one is left by its snapshot, and what is
//! not as it was before is said. Needs an engine.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

#[path = "../../temper-live/tests/support/mod.rs"]
mod support;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use temper_live::action::Action;
use temper_live::engine::Engine;
use temper_live::journal::{Journal, RunState};
use temper_live::names;
use temper_live::probe::{Answer, Endpoint, Origin, Question};
use temper_live::recreate::Recipe;
use temper_live::snapshot::{self, EndpointState, Scope};

const SECRET: &str = "hunter2";

/// One running container of a project, and a journal with a snapshot of it.
struct Stack {
    engine: Engine,
    name: String,
    image: String,
    folder: tempfile::TempDir,
    cleanup: support::Cleanup,
}

impl Stack {
    fn new(project: &str, endpoints: bool) -> Self {
        let engine = support::engine();
        let mut cleanup = support::Cleanup::new(&engine);
        let name = format!("{project}-web-1");
        for one in engine.containers(&[format!("{}={project}", names::PROJECT)]).unwrap() {
            engine.remove(&one.id, true, true).unwrap();
        }
        let reference = format!("{project}/image:1");
        let config = json!({ "Entrypoint": ["/pause"], "StopSignal": "SIGKILL" });
        let image = support::image(&engine, &reference, config);
        cleanup.images.push(reference);
        cleanup.containers.extend([name.clone(), format!("{name}.temper-old"), format!("{name}.temper-new")]);
        let folder = tempfile::tempdir().unwrap();
        let stack = Self { engine, name, image, folder, cleanup };
        let id = stack.engine.create(&stack.name, stack.body(project, "old")).unwrap().id;
        stack.engine.start(&id).unwrap();
        let endpoint = Endpoint {
            service: "web".to_owned(),
            question: Question::Port { port: 80 },
            origin: Origin::Exposed,
            expected_status: None,
        };
        let known = EndpointState { container: stack.name.clone(), endpoint, answers: vec![Answer::Open] };
        let scope = Scope {
            project: project.to_owned(),
            files: vec![stack.folder.path().join("compose.yml")],
            endpoints: if endpoints { vec![known] } else { Vec::new() },
        };
        let journal = Journal::create(stack.folder.path()).unwrap();
        let state = snapshot::capture(&stack.engine, &scope).unwrap();
        journal.add_snapshot(&journal.lock().unwrap(), &state).unwrap();
        stack
    }

    fn body(&self, project: &str, hash: &str) -> Value {
        json!({
            "Image": self.image, "Env": [format!("PASSWORD={SECRET}")], "HostConfig": { "NetworkMode": "none" },
            "Labels": {
                (names::PROJECT): project, (names::SERVICE): "web", (names::NUMBER): "1",
                "com.docker.compose.config-hash": hash,
            },
        })
    }

    /// Swaps the container and writes a file. The run is finished, or left open as by a kill.
    fn roll_out(&self, project: &str, finish: bool) {
        let journal = Journal::open(self.folder.path()).unwrap().unwrap();
        let lock = journal.lock().unwrap();
        let mut run = journal.begin_run(&lock, &self.engine, "deploy", Some(1)).unwrap();
        let mut take = |action: Action| run.take(action, &mut |_| {}).unwrap().container;
        let (engine, name) = (&self.engine, self.name.as_str());
        let old = engine.inspect(name).unwrap().id().to_owned();
        let body = self.body(project, "new");
        let recipe = Recipe { name: format!("{name}.temper-new"), body, networks: Vec::new() };
        let new = take(Action::CreateContainer { recipe }).unwrap();
        take(Action::stop(engine, &old, None).unwrap());
        take(Action::rename(engine, &old, &format!("{name}.temper-old")).unwrap());
        take(Action::rename(engine, &new, name).unwrap());
        take(Action::start(engine, &new).unwrap());
        let path = self.folder.path().join("compose.yml");
        take(Action::WriteFile { path, old: None, new: format!("password: {SECRET}"), mode: 0o600 });
        if finish {
            take(Action::remove(engine, &old).unwrap());
            run.finish(RunState::Completed).unwrap();
        }
    }

    fn temper(&self, args: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_temper"));
        let output = command
            .args(args)
            .current_dir(self.folder.path())
            .env("DOCKER_HOST", self.engine.address())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let shown = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(!shown.contains(SECRET), "{shown}");
        (output.status.code(), text(&output.stdout))
    }

    fn is_back(&self) {
        let now = self.engine.inspect(&self.name).unwrap();
        assert!(now.is_running());
        assert_eq!(now.label("com.docker.compose.config-hash"), Some("old"));
        assert_eq!(now.label(names::RUN), None);
        assert!(!self.folder.path().join("compose.yml").exists());
        for other in &self.cleanup.containers[1..] {
            assert!(self.engine.find(other).unwrap().is_none(), "{other}");
        }
    }
}

#[test]
fn an_interrupted_rollout_is_undone() {
    let project = "temper-rollback-open";
    let stack = Stack::new(project, false);
    stack.roll_out(project, false);
    let (status, shown) = stack.temper(&["rollback"]);
    assert_eq!(status, Some(0), "{shown}");
    assert!(shown.starts_with("undid 6 steps of run "), "{shown}");
    assert!(shown.contains(&format!("container {}: as it was", stack.name)), "{shown}");
    assert!(shown.contains("restored in "), "{shown}");
    stack.is_back();
    let (_, history) = stack.temper(&["rollback", "--list"]);
    assert!(history.contains("deploy ") && history.contains("snapshot 1, rolled-back in "), "{history}");
}

#[test]
fn a_finished_rollout_is_left_by_its_snapshot_and_what_cannot_be_proven_is_said() {
    let project = "temper-rollback-finished";
    let stack = Stack::new(project, true);
    stack.roll_out(project, true);
    fs::write(stack.folder.path().join("other"), "stays").unwrap();
    let (status, shown) = stack.temper(&["rollback", "--to", "1", "--format", "json"]);
    let document: Value = serde_json::from_str(&shown).expect("a JSON document");
    assert_eq!(document["restored"]["containers"], json!([[stack.name, "recreated"]]));
    assert_eq!(document["restored"]["failed"], json!([]));
    assert!(document["seconds"].as_f64().unwrap() > 0.0);
    // The snapshot says that a port was open. Nobody listens there: the stack is not proven to be as it was.
    assert_eq!(document["complete"], json!(false), "{shown}");
    assert_eq!(status, Some(1));
    stack.is_back();
    let (status, _) = stack.temper(&["rollback", "--to", "7"]);
    assert_eq!(status, Some(2));
}
