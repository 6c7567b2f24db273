//! A stack comes back to a snapshot, whatever has become of it. Needs an engine.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use temper_live::action::{Action, OwnerEntry};
use temper_live::engine::{Engine, Inspect};
use temper_live::journal::{Journal, Lock, Run, RunState};
use temper_live::names;
use temper_live::probe::{Answer, Endpoint, Origin, Question};
use temper_live::recreate::Recipe;
use temper_live::snapshot::{self, EndpointState, Restored, Restoring, Scope, Snapshot};

/// A project of two containers: `db` with a volume, and `side` in its network namespace.
struct Stack {
    engine: Engine,
    project: String,
    folder: tempfile::TempDir,
    journal: Journal,
    image: String,
    cleanup: support::Cleanup,
}

impl Stack {
    fn new(name: &str) -> Self {
        let engine = support::engine();
        let project = format!("temper-snapshot-{name}");
        let mut cleanup = support::Cleanup::new(&engine);
        for one in engine.containers(&[format!("{}={project}", names::PROJECT)]).expect("answers") {
            engine.remove(&one.id, true, true).expect("no test of this name runs");
        }
        let reference = format!("{project}/image:1");
        let config = json!({ "Entrypoint": ["/pause"], "StopSignal": "SIGKILL" });
        let image = support::image(&engine, &reference, config);
        cleanup.images.push(reference);
        cleanup.volumes.push(format!("{project}-data"));
        cleanup.networks.push(format!("{project}-net"));
        for volume in &cleanup.volumes {
            engine.remove_volume(volume).expect("no test of this name runs");
        }
        for network in &cleanup.networks {
            engine.remove_network(network).expect("no test of this name runs");
            engine.create_network(json!({ "Name": network, "Labels": { "of": "test" } })).expect("a network");
        }
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("compose.yml"), "before").expect("writes");
        let journal = Journal::create(folder.path()).expect("a journal");
        let stack = Self { engine, project, folder, journal, image, cleanup };
        stack.start("db", &stack.body("db", &stack.cleanup.networks[0], "one"));
        let db = stack.inspect("db").id().to_owned();
        stack.start("side", &stack.body("side", &format!("container:{db}"), "one"));
        fs::write(stack.data().join("rows"), "precious").expect("writes as root");
        stack
    }

    fn name(&self, service: &str) -> String {
        format!("{}-{service}-1", self.project)
    }

    fn body(&self, service: &str, network: &str, hash: &str) -> Value {
        let binds = if service == "db" { vec![format!("{}-data:/data", self.project)] } else { vec![] };
        json!({
            "Image": self.image,
            "Labels": {
                (names::PROJECT): self.project, (names::SERVICE): service, (names::NUMBER): "1",
                "com.docker.compose.config-hash": hash,
            },
            "HostConfig": { "NetworkMode": network, "Binds": binds },
        })
    }

    fn start(&self, service: &str, body: &Value) {
        let id = self.engine.create(&self.name(service), body.clone()).expect("a container").id;
        self.engine.start(&id).expect("starts");
    }

    fn inspect(&self, service: &str) -> Inspect {
        self.engine.inspect(&self.name(service)).expect("is there")
    }

    /// Where the volume is on the host.
    fn data(&self) -> PathBuf {
        let volume = self.engine.volume(&self.cleanup.volumes[0]).expect("answers").expect("is there");
        PathBuf::from(volume["Mountpoint"].as_str().expect("is a path"))
    }

    fn snapshot(&self, lock: &Lock) -> Snapshot {
        let scope = Scope {
            project: self.project.clone(),
            files: vec![self.file("compose.yml"), self.file("new.yml")],
            endpoints: vec![self.silent_port()],
        };
        let state = snapshot::capture(&self.engine, &scope).expect("is captured");
        let id = self.journal.add_snapshot(lock, &state).expect("is stored");
        let stored = self.journal.snapshot(id).expect("is whole").expect("is there");
        assert_eq!(stored.state, state);
        stored
    }

    /// An endpoint of `db` that was open when it was asked. In truth nobody listens there.
    fn silent_port(&self) -> EndpointState {
        let endpoint = Endpoint {
            service: "db".to_owned(),
            question: Question::Port { port: 5432 },
            origin: Origin::Exposed,
            expected_status: None,
        };
        EndpointState { container: self.name("db"), endpoint, answers: vec![Answer::Open] }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn begin<'j>(&'j self, lock: &'j Lock, kind: &str, snapshot: &Snapshot) -> Run<'j> {
        self.journal.begin_run(lock, &self.engine, kind, Some(snapshot.head.id)).expect("begins")
    }

    /// What a rollout does to `db` and to files. `keep`: the old container stays.
    fn roll_out(&self, run: &mut Run<'_>, keep: bool) {
        let old = self.inspect("db");
        let name = self.name("db");
        let mut take = |action: Action| run.take(action, &mut |_| {}).expect("is taken").container;
        let body = self.body("db", &self.cleanup.networks[0], "two");
        let recipe = Recipe { name: format!("{name}.temper-new"), body, networks: Vec::new() };
        let new = take(Action::CreateContainer { recipe }).expect("has an id");
        take(Action::stop(&self.engine, old.id(), Some(1)).expect("is there"));
        take(Action::rename(&self.engine, old.id(), &format!("{name}.temper-old")).expect("is there"));
        take(Action::rename(&self.engine, &new, &name).expect("is there"));
        take(Action::ChangeOwner { path: self.data(), entries: vec![self.owner()] });
        take(Action::start(&self.engine, &new).expect("is there"));
        if !keep {
            take(Action::remove(&self.engine, old.id()).expect("is there"));
        }
        let old = Some("before".to_owned());
        take(Action::WriteFile { path: self.file("compose.yml"), old, new: "after".to_owned(), mode: 0o644 });
        take(Action::WriteFile { path: self.file("new.yml"), old: None, new: "new".to_owned(), mode: 0o644 });
    }

    fn owner(&self) -> OwnerEntry {
        let now = owner(&self.data().join("rows"));
        OwnerEntry { path: "rows".into(), old: now, new: (65532, 65532, 0o600) }
    }

    fn restore(&self, run: &mut Run<'_>, snapshot: &Snapshot) -> Restored {
        snapshot::restore(run, snapshot, &mut |_| {}).expect("the engine answers")
    }

    /// Everything is as it was when it was made.
    fn is_back(&self, snapshot: &Snapshot) {
        let nothing = Vec::<String>::new();
        let patience = Duration::from_secs(10);
        assert_eq!(
            snapshot::wait_until_well(&self.engine, &snapshot.state, patience).expect("answers"),
            nothing
        );
        assert_eq!(snapshot::check(&self.engine, &snapshot.state).expect("answers"), nothing);
        let found: Vec<String> =
            self.engine.project(&self.project).expect("answers").into_iter().map(|one| one.name).collect();
        assert_eq!(found, [self.name("db"), self.name("side")]);
        assert_eq!(fs::read_to_string(self.data().join("rows")).expect("is there"), "precious");
        assert_eq!(owner(&self.data().join("rows")).0, 0);
        assert_eq!(fs::read_to_string(self.file("compose.yml")).expect("is there"), "before");
        assert!(!self.file("new.yml").exists());
        // `side` is in the network of the `db` that runs now, not of one that is gone.
        let shared = format!("container:{}", self.inspect("db").id());
        assert_eq!(self.inspect("side").text("/HostConfig/NetworkMode"), shared);
        let started = |service: &str| self.inspect(service).text("/State/StartedAt").to_owned();
        assert!(started("db") < started("side"));
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let left = self.engine.containers(&[format!("{}={}", names::PROJECT, self.project)]);
        self.cleanup.containers.extend(left.into_iter().flatten().map(|one| one.id));
    }
}

fn owner(path: &Path) -> (u32, u32, u32) {
    let stat = fs::metadata(path).expect("is there");
    (stat.uid(), stat.gid(), stat.permissions().mode() & 0o7777)
}

fn how(restored: &Restored) -> Vec<Restoring> {
    restored.containers.iter().map(|(_, how)| *how).collect()
}

#[test]
fn a_finished_rollout_is_taken_back_with_the_containers_that_were_kept() {
    let stack = Stack::new("kept");
    let lock = stack.journal.lock().expect("is free");
    let snapshot = stack.snapshot(&lock);
    let mut run = stack.begin(&lock, "deploy", &snapshot);
    stack.roll_out(&mut run, true);
    run.finish(RunState::Completed).expect("is recorded");
    let mut run = stack.begin(&lock, "rollback", &snapshot);
    let restored = stack.restore(&mut run, &snapshot);
    assert_eq!((restored.failed.len(), restored.left.len()), (0, 0), "{restored:?}");
    assert_eq!(how(&restored), [Restoring::Kept, Restoring::Kept]);
    assert!(restored.duration > Duration::ZERO);
    stack.is_back(&snapshot);
    // Once more: nothing is left to do.
    let steps = run.next_number();
    assert_eq!(how(&stack.restore(&mut run, &snapshot)), [Restoring::Unchanged, Restoring::Unchanged]);
    assert_eq!(run.next_number(), steps);
}

#[test]
fn containers_that_are_gone_are_made_again_and_what_shares_with_them_too() {
    let stack = Stack::new("recreated");
    let lock = stack.journal.lock().expect("is free");
    let snapshot = stack.snapshot(&lock);
    let mut run = stack.begin(&lock, "deploy", &snapshot);
    stack.roll_out(&mut run, false);
    run.finish(RunState::Completed).expect("is recorded");
    let mut run = stack.begin(&lock, "rollback", &snapshot);
    let restored = stack.restore(&mut run, &snapshot);
    assert_eq!((restored.failed.len(), restored.left.len()), (0, 0), "{restored:?}");
    assert_eq!(how(&restored), [Restoring::Recreated, Restoring::Recreated]);
    assert_eq!(stack.inspect("db").label(names::RUN), None);
    stack.is_back(&snapshot);
    run.finish(RunState::Completed).expect("is recorded");

    // Everything is taken down, as by `docker compose down`.
    for service in ["side", "db"] {
        stack.engine.remove(&stack.name(service), true, false).expect("is there");
    }
    stack.engine.remove_network(&stack.cleanup.networks[0]).expect("nobody uses it");
    let mut run = stack.begin(&lock, "rollback", &snapshot);
    let restored = stack.restore(&mut run, &snapshot);
    assert_eq!(restored.failed, Vec::<String>::new());
    assert_eq!(restored.others, [format!("network {}", stack.cleanup.networks[0])]);
    stack.is_back(&snapshot);
    run.finish(RunState::Completed).expect("is recorded");
}

#[test]
fn an_open_rollout_is_undone_in_reverse_also_where_the_old_container_is_gone() {
    for keep in [true, false] {
        let stack = Stack::new(&format!("undo-{keep}"));
        let lock = stack.journal.lock().expect("is free");
        let snapshot = stack.snapshot(&lock);
        let mut run = stack.begin(&lock, "deploy", &snapshot);
        stack.roll_out(&mut run, keep);
        let report = run.undo_all(&mut |_| {}).expect("the engine answers");
        assert!(report.is_complete() && report.unrecorded.is_none(), "{report:?}");
        let again = run.undo_all(&mut |_| {}).expect("the engine answers");
        assert!(again.undone.is_empty());
        run.finish(RunState::RolledBack).expect("is recorded");
        // What shares a network with a container that has another id is put right by the snapshot.
        let mut run = stack.begin(&lock, "rollback", &snapshot);
        stack.restore(&mut run, &snapshot);
        let side = stack.inspect("side").id().to_owned();
        stack.engine.restart(&side).expect("starts");
        stack.is_back(&snapshot);
    }
}

#[test]
fn a_container_whose_data_is_gone_is_not_made_again_with_an_empty_volume() {
    let stack = Stack::new("no-data");
    let lock = stack.journal.lock().expect("is free");
    let snapshot = stack.snapshot(&lock);
    for service in ["side", "db"] {
        stack.engine.remove(&stack.name(service), true, false).expect("is there");
    }
    stack.engine.remove_volume(&stack.cleanup.volumes[0]).expect("nobody uses it");
    let mut run = stack.begin(&lock, "rollback", &snapshot);
    let restored = stack.restore(&mut run, &snapshot);
    let volume = &stack.cleanup.volumes[0];
    let missing = format!("container {}: its volume {volume} is gone, with its data", stack.name("db"));
    assert_eq!(restored.failed[0], missing);
    assert!(stack.engine.volume(volume).expect("answers").is_none());
}

#[test]
fn what_the_user_edited_since_is_left_and_said() {
    let stack = Stack::new("edited");
    let lock = stack.journal.lock().expect("is free");
    let snapshot = stack.snapshot(&lock);
    let mut run = stack.begin(&lock, "deploy", &snapshot);
    stack.roll_out(&mut run, true);
    run.finish(RunState::Completed).expect("is recorded");
    fs::write(stack.file("compose.yml"), "by the user").expect("writes");
    let mut run = stack.begin(&lock, "rollback", &snapshot);
    let restored = stack.restore(&mut run, &snapshot);
    let path = stack.file("compose.yml");
    assert_eq!(restored.left, [format!("{} was edited since and is left as it is", path.display())]);
    assert_eq!(fs::read_to_string(path).expect("is there"), "by the user");
}
