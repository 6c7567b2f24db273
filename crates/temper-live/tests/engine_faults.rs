//! The tool is killed (SIGKILL) at every step of a rollout, before the step is taken, while it is taken and after it, and
//! while steps are taken back. Afterwards the journal alone is enough to go forth or back: no container is lost, data is
//! untouched, files are as before or as meant. Needs an engine.
//!
//! The test starts itself once more as the process that is killed. `TEMPER_FAULT_KILLS` sets how many kills at random
//! moments there are.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::signal::{Signal, raise};
use serde_json::{Value, json};
use temper_live::Event;
use temper_live::action::{Action, Moved, OwnerEntry};
use temper_live::engine::Engine;
use temper_live::journal::{Journal, Lock, Run, RunState};
use temper_live::names;
use temper_live::recreate::Recipe;

/// What the killed process is told: folder, project, what to do, when to be killed.
const CHILD: &str = "TEMPER_FAULT_CHILD";
/// Kills at random moments in the usual run.
const KILLS: u64 = 8;
/// Longest time until a random kill, in milliseconds: a little more than the whole sequence takes.
const LONGEST: u64 = 2_500;

/// When the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kill {
    /// Never.
    Not,
    /// When the step is recorded and not taken.
    Before(u32),
    /// When the step was taken, and that is not recorded.
    Taken(u32),
    /// When that is recorded.
    After(u32),
    /// This many milliseconds after the beginning.
    At(u64),
}

impl Kill {
    fn text(self) -> String {
        match self {
            Self::Not => "not:0".to_owned(),
            Self::Before(step) => format!("before:{step}"),
            Self::Taken(step) => format!("taken:{step}"),
            Self::After(step) => format!("after:{step}"),
            Self::At(moment) => format!("at:{moment}"),
        }
    }

    fn parse(text: &str) -> Self {
        let (word, number) = text.split_once(':').expect("word:number");
        let number: u64 = number.parse().expect("a number");
        let step = u32::try_from(number).expect("a step");
        match word {
            "before" => Self::Before(step),
            "taken" => Self::Taken(step),
            "after" => Self::After(step),
            "at" => Self::At(number),
            _ => Self::Not,
        }
    }
}

/// What the process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    /// Begins the run and takes every step.
    Forth,
    /// Takes the steps of the open run back.
    Back,
}

/// A container with a volume, a file, and an image name: what the sequence changes.
struct Stand {
    engine: Engine,
    project: String,
    folder: PathBuf,
}

impl Stand {
    fn web(&self) -> String {
        format!("{}-web-1", self.project)
    }

    fn volume(&self) -> String {
        format!("{}-data", self.project)
    }

    fn image(&self, tag: &str) -> String {
        format!("{}/image:{tag}", self.project)
    }

    fn image_id(&self, tag: &str) -> Option<String> {
        self.engine.image(&self.image(tag)).expect("answers").map(|image| image.id)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("compose.yml")
    }

    fn rows(&self) -> PathBuf {
        let volume = self.engine.volume(&self.volume()).expect("answers").expect("the volume is never lost");
        Path::new(volume["Mountpoint"].as_str().expect("a path")).join("rows")
    }

    fn body(&self, tag: &str) -> Value {
        json!({
            "Image": self.image_id(tag).expect("is there"),
            "Labels": { (names::PROJECT): self.project, (names::SERVICE): "web", (names::NUMBER): "1", "state": tag },
            "HostConfig": { "NetworkMode": "none", "Binds": [format!("{}:/data", self.volume())] },
        })
    }

    /// Everything as it is before.
    fn set_up(&self) {
        self.clear();
        let old = self.image_id("old").expect("is there");
        self.engine.tag(&old, &format!("{}/image", self.project), "current").expect("is there");
        let id = self.engine.create(&self.web(), self.body("old")).expect("a container").id;
        self.engine.start(&id).expect("starts");
        fs::write(self.rows(), "precious").expect("writes as root");
        let mode = fs::Permissions::from_mode(0o640);
        fs::set_permissions(self.rows(), mode).expect("sets");
        fs::write(self.file(), "before").expect("writes");
    }

    fn clear(&self) {
        for one in self.engine.containers(&[format!("{}={}", names::PROJECT, self.project)]).expect("answers")
        {
            self.engine.remove(&one.id, true, true).expect("is removed");
        }
        for volume in [self.volume(), format!("{}-copy", self.project)] {
            self.engine.remove_volume(&volume).expect("is removed");
        }
        self.engine.remove_image(&self.image("keep")).expect("is removed");
        let _ = fs::remove_dir_all(self.folder.join(".temper"));
    }

    /// The steps of a rollout in little, each made from what is there when its turn comes.
    fn action(&self, number: u32, ids: &Ids) -> Option<Action> {
        let (engine, web) = (&self.engine, self.web());
        let (old, new) = (ids.old.as_str(), ids.new.as_str());
        let found = |action: Result<Action, _>| action.expect("the engine answers");
        let image = |tag| self.image_id(tag).expect("is there");
        Some(match number {
            1 => Action::KeepImage { image: image("old"), name: self.image("keep") },
            2 => Action::CreateVolume { name: format!("{}-copy", self.project), labels: [].into() },
            3 => Action::WriteFile {
                path: self.file(),
                old: Some("before".to_owned()),
                new: "after".to_owned(),
                mode: 0o644,
            },
            4 => found(Action::tag(engine, &self.image("current"), &image("new"))),
            5 => {
                let recipe = Recipe {
                    name: format!("{web}.temper-new"),
                    body: self.body("new"),
                    networks: Vec::new(),
                };
                Action::CreateContainer { recipe }
            }
            6 => found(Action::stop(engine, old, Some(1))),
            7 => found(Action::rename(engine, old, &format!("{web}.temper-old"))),
            8 => found(Action::rename(engine, new, &web)),
            9 => {
                let entry =
                    OwnerEntry { path: "rows".into(), old: (0, 0, 0o640), new: (65532, 65532, 0o600) };
                let path = self.rows().parent().expect("is in the volume").to_path_buf();
                Action::ChangeOwner { path, entries: vec![entry] }
            }
            10 => found(Action::start(engine, new)),
            11 => found(Action::remove(engine, old)),
            _ => return None,
        })
    }

    /// Takes all steps from where the run stands.
    fn carry_on(&self, run: &mut Run<'_>, observer: &mut dyn FnMut(Event)) {
        run.retake_last(observer).expect("is taken");
        let mut ids = Ids::of(self, run);
        while let Some(action) = self.action(run.next_number(), &ids) {
            run.take(action, observer).expect("is taken");
            if ids.new.is_empty() {
                ids = Ids::of(self, run);
            }
        }
    }

    fn old(&self) -> bool {
        fs::read_to_string(self.file()).expect("is there") == "before"
    }

    /// Everything is as before, or as meant: nothing in between.
    fn check(&self, back: bool, what: &str) {
        let wanted = if back { "old" } else { "new" };
        let all = self.engine.containers(&[format!("{}={}", names::PROJECT, self.project)]).expect("answers");
        let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, [self.web().as_str()], "{what}");
        let web = self.engine.inspect(&self.web()).expect("is there");
        assert_eq!(web.label("state"), Some(wanted), "{what}");
        assert!(web.is_running(), "{what}: {}", web.text("/State/Status"));
        assert_eq!(web.label(names::RUN).is_none(), back, "{what}");
        assert_eq!(self.image_id("current"), self.image_id(wanted), "{what}");
        assert_eq!(self.image_id("keep").is_none(), back, "{what}");
        assert_eq!(self.old(), back, "{what}");
        assert_eq!(fs::read_to_string(self.rows()).expect("is there"), "precious", "{what}");
        let stat = fs::metadata(self.rows()).expect("is there");
        let owner = if back { (0, 0, 0o640) } else { (65532, 65532, 0o600) };
        assert_eq!((stat.uid(), stat.gid(), stat.mode() & 0o7777), owner, "{what}");
        let copy = self.engine.volume(&format!("{}-copy", self.project)).expect("answers");
        assert_eq!(copy.is_none(), back, "{what}");
        let beside: Vec<_> = fs::read_dir(&self.folder).expect("is there").flatten().collect();
        assert_eq!(beside.len(), 2, "{what}: {beside:?}");
    }
}

/// Ids that steps are about: they are in the records, or in the engine.
#[derive(Default)]
struct Ids {
    old: String,
    new: String,
}

impl Ids {
    fn of(stand: &Stand, run: &Run<'_>) -> Self {
        let mut ids = Self::default();
        for step in &run.record().steps {
            match (&step.action, &step.outcome) {
                (Action::CreateContainer { .. }, Some(outcome)) => {
                    ids.new = outcome.container.clone().expect("says which");
                }
                (Action::StopContainer { container, .. }, _) => ids.old.clone_from(&container.id),
                _ => {}
            }
        }
        if ids.old.is_empty() {
            ids.old = stand.engine.inspect(&stand.web()).expect("is there").id().to_owned();
        }
        ids
    }
}

fn die() {
    raise(Signal::SIGKILL).expect("a process may kill itself");
}

/// The process that is killed. In a usual run of the tests it has nothing to do.
#[test]
fn child() {
    let Ok(told) = std::env::var(CHILD) else { return };
    let told: Vec<&str> = told.split('|').collect();
    let [folder, project, task, kill] = told[..] else { panic!("four things are told") };
    let stand =
        Stand { engine: support::engine(), project: project.to_owned(), folder: PathBuf::from(folder) };
    let (task, kill) = (if task == "back" { Task::Back } else { Task::Forth }, Kill::parse(kill));
    if let Kill::At(moment) = kill {
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(moment));
            die();
        });
    }
    let journal = Journal::create(&stand.folder).expect("a journal");
    let lock = journal.lock().expect("is free");
    work(&stand, &journal, &lock, task, kill);
}

fn work(stand: &Stand, journal: &Journal, lock: &Lock, task: Task, kill: Kill) {
    let open = journal.resume_run(lock, &stand.engine).expect("reads");
    let mut run = match open {
        Some(run) => run,
        None if task == Task::Back => return,
        None => journal.begin_run(lock, &stand.engine, "deploy", None).expect("begins"),
    };
    let id = run.id().to_owned();
    let mut observer = |event: Event| match (kill, event) {
        (Kill::Before(step), Event::StepBegun { number, .. }) if step == number => die(),
        (Kill::Taken(step), Event::StepBegun { number, .. }) if step == number => {
            take_unrecorded(stand, &id, number, task);
            die();
        }
        (Kill::After(step), Event::StepDone { number }) if step == number => die(),
        _ => {}
    };
    match task {
        Task::Forth => {
            stand.carry_on(&mut run, &mut observer);
            run.finish(RunState::Completed).expect("is recorded");
        }
        Task::Back => {
            let report = run.undo_all(&mut observer).expect("the engine answers");
            assert!(report.is_complete(), "{report:?}");
            run.finish(RunState::RolledBack).expect("is recorded");
        }
    }
}

/// Does what the journal does next, without recording that it was done.
fn take_unrecorded(stand: &Stand, run: &str, number: u32, task: Task) {
    // A second connection sees what is on the disk: the step that was just recorded.
    let journal = Journal::open(&stand.folder).expect("opens").expect("is there");
    let record = journal.run(run).expect("reads");
    let index = usize::try_from(number).expect("fits") - 1;
    let action = &record.steps[index].action;
    match task {
        Task::Forth => action.perform(&stand.engine, run).map(|_| ()).expect("is taken"),
        Task::Back => {
            let moved: Moved = record.moved();
            action.undo(&stand.engine, run, &moved).map(|_| ()).expect("is taken back");
        }
    }
}

/// Runs the process until it has ended or was killed.
fn process(stand: &Stand, task: Task, kill: Kill) -> ExitStatus {
    let task = if task == Task::Back { "back" } else { "forth" };
    let told = format!("{}|{}|{task}|{}", stand.folder.display(), stand.project, kill.text());
    let output = Command::new(std::env::current_exe().expect("is known"))
        .args(["--exact", "child", "--nocapture"])
        .env(CHILD, told)
        .output()
        .expect("starts");
    let killed = output.status.signal() == Some(9);
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(killed || output.status.success(), "{task} {kill:?}: {text}");
    output.status
}

fn stand(name: &str) -> (tempfile::TempDir, Stand, support::Cleanup) {
    let engine = support::engine();
    let folder = tempfile::tempdir().expect("a folder");
    let project = format!("temper-faults-{name}");
    let stand = Stand { engine: engine.clone(), project, folder: folder.path().to_path_buf() };
    let mut cleanup = support::Cleanup::new(&engine);
    for tag in ["old", "new"] {
        let config = json!({ "Entrypoint": ["/pause"], "StopSignal": "SIGKILL", "Labels": { "tag": tag } });
        support::image(&engine, &stand.image(tag), config);
    }
    for tag in ["current", "keep", "old", "new"] {
        cleanup.images.push(stand.image(tag));
    }
    for suffix in ["", ".temper-new", ".temper-old"] {
        cleanup.containers.push(format!("{}{suffix}", stand.web()));
    }
    cleanup.volumes.extend([stand.volume(), format!("{}-copy", stand.project)]);
    (folder, stand, cleanup)
}

/// Number of steps of the sequence; each test proves that it is right by being killed in the last one.
const STEPS: u32 = 11;

fn all_kills() -> impl Iterator<Item = Kill> {
    (1..=STEPS).flat_map(|step| [Kill::Before(step), Kill::Taken(step), Kill::After(step)])
}

/// The kill happened, and where the run had not come to its end it is open.
fn killed(stand: &Stand, task: Task, kill: Kill) {
    assert_eq!(process(stand, task, kill).signal(), Some(9), "{kill:?} of {task:?} comes to pass");
}

#[test]
fn a_rollout_that_is_killed_at_any_step_can_be_taken_back() {
    let (_folder, stand, _cleanup) = stand("back");
    for kill in all_kills() {
        stand.set_up();
        killed(&stand, Task::Forth, kill);
        process(&stand, Task::Back, Kill::Not);
        stand.check(true, &format!("{kill:?}, then back"));
    }
}

#[test]
fn a_rollout_that_is_killed_at_any_step_can_be_carried_on() {
    let (_folder, stand, _cleanup) = stand("forth");
    for kill in all_kills() {
        stand.set_up();
        killed(&stand, Task::Forth, kill);
        process(&stand, Task::Forth, Kill::Not);
        stand.check(false, &format!("{kill:?}, then forth"));
    }
}

#[test]
fn taking_back_that_is_killed_at_any_step_can_be_taken_up_again() {
    let (_folder, stand, _cleanup) = stand("undo");
    for kill in all_kills() {
        stand.set_up();
        killed(&stand, Task::Forth, Kill::After(STEPS));
        killed(&stand, Task::Back, kill);
        process(&stand, Task::Back, Kill::Not);
        stand.check(true, &format!("{kill:?} while taking back"));
    }
}

#[test]
fn kills_at_random_moments_lose_nothing() {
    let kills =
        std::env::var("TEMPER_FAULT_KILLS").ok().map_or(KILLS, |text| text.parse().expect("a number"));
    let (_folder, stand, _cleanup) = stand("random");
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").subsec_nanos();
    let mut seed = u64::from(nanos) | 1;
    let mut random = || {
        // Xorshift (Marsaglia 2003): moments only have to differ from run to run.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let mut done = 0;
    while done < kills {
        stand.set_up();
        let mut history = String::new();
        let back = random() % 2 == 0;
        for task in [Task::Forth, if back { Task::Back } else { Task::Forth }] {
            let kill = Kill::At(random() % LONGEST);
            let status = process(&stand, task, kill);
            done += u64::from(status.signal() == Some(9));
            history.push_str(&format!("{task:?} {kill:?}, "));
            if status.success() {
                break;
            }
        }
        // The run may have come to its end before the kill; then the other way is not open any more.
        let journal = Journal::open(&stand.folder).expect("opens");
        let state = journal.and_then(|journal| journal.runs().expect("reads").first().map(|run| run.state));
        let back = match state {
            None => true,
            Some(RunState::Open) => back,
            Some(state) => state == RunState::RolledBack,
        };
        if state == Some(RunState::Open) {
            process(&stand, if back { Task::Back } else { Task::Forth }, Kill::Not);
        }
        let journal = Journal::create(&stand.folder).expect("opens");
        assert!(journal.open_run().expect("reads").is_none(), "{history}");
        stand.check(back, &history);
    }
}
