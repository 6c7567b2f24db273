use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Map, Value};

use super::capture::file;
use super::written::Written;
use super::{Snapshot, SnapshotError};
use crate::Event;
use crate::action::{Action, Moved, OwnerEntry, Target, runs, stands_for};
use crate::engine::{Inspect, Summary};
use crate::journal::{JournalError, Run};
use crate::names;
use crate::recreate::depends_on;

/// How a container came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Restoring {
    /// It was as it is in the snapshot.
    Unchanged,
    /// It was still there, stopped or under another name.
    Kept,
    /// It was made again from what the engine had said of it.
    Recreated,
}

/// What returning to a snapshot did.
#[derive(Debug, Default, Serialize)]
pub struct Restored {
    /// Containers by name.
    pub containers: Vec<(String, Restoring)>,
    /// Other things that were put back, for people: files, names of images, networks, owners.
    pub others: Vec<String>,
    /// Containers that were removed, because others had taken their place or a run had left them.
    pub removed: Vec<String>,
    /// What was left as it is, because somebody else changed it, for people.
    pub left: Vec<String>,
    /// What could not be put back, for people.
    pub failed: Vec<String>,
    /// How long it took.
    #[serde(rename = "seconds", serialize_with = "seconds")]
    pub duration: Duration,
}

fn seconds<S: serde::Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_secs_f64())
}

/// Brings a stack back to a snapshot. It looks at the actual state, so one that was interrupted is carried on by calling
/// it again. Data in volumes is never touched. Every change is a step of `run`.
///
/// # Errors
/// When the engine has gone or a step cannot be recorded. What cannot be put back for another reason is in the result.
pub fn restore(
    run: &mut Run<'_>,
    snapshot: &Snapshot,
    observer: &mut dyn FnMut(Event),
) -> Result<Restored, SnapshotError> {
    let start = Instant::now();
    let written = Written::since(run.journal(), snapshot)?;
    let originals = Originals::find(run, snapshot)?;
    let mut work = Work {
        run,
        snapshot,
        observer,
        originals,
        moved: Moved::new(),
        restarted: HashSet::new(),
        done: Restored::default(),
    };
    work.files(&written)?;
    work.images(&written)?;
    work.networks()?;
    for wanted in &snapshot.state.containers {
        work.container(wanted, &written)?;
    }
    work.owners(&written, None)?;
    work.leftovers()?;
    let mut done = work.done;
    done.duration = start.elapsed();
    Ok(done)
}

/// The containers of a snapshot as they are now: by id, else the one that stands for it.
struct Originals(Vec<(String, Option<Inspect>)>);

impl Originals {
    fn find(run: &Run<'_>, snapshot: &Snapshot) -> Result<Self, SnapshotError> {
        let engine = run.engine();
        let project = engine.project(&snapshot.state.project)?;
        let now: Result<Vec<Inspect>, _> = project.iter().map(|one| engine.inspect(&one.id)).collect();
        let now = now?;
        let all = snapshot.state.containers.iter().map(|wanted| {
            let itself = now.iter().find(|one| one.id() == wanted.id());
            let named = now.iter().find(|one| one.name() == wanted.name() && stands_for(one, wanted));
            let other = now.iter().find(|one| stands_for(one, wanted));
            (wanted.id().to_owned(), itself.or(named).or(other).cloned())
        });
        Ok(Self(all.collect()))
    }

    fn of(&self, wanted: &Inspect) -> Option<&Inspect> {
        self.0.iter().find(|(id, _)| id == wanted.id())?.1.as_ref()
    }

    fn is_one(&self, id: &str) -> bool {
        self.0.iter().any(|(_, found)| found.as_ref().is_some_and(|found| found.id() == id))
    }
}

struct Work<'w, 'j> {
    run: &'w mut Run<'j>,
    snapshot: &'w Snapshot,
    observer: &'w mut dyn FnMut(Event),
    originals: Originals,
    /// Containers that have other ids than in the snapshot.
    moved: Moved,
    /// Ids in the snapshot of those that were started here: who shares their network must be started after them.
    restarted: HashSet<String>,
    done: Restored,
}

impl Work<'_, '_> {
    fn take(&mut self, action: Action) -> Result<Option<String>, JournalError> {
        let outcome = self.run.take(action, self.observer)?;
        self.done.left.extend(outcome.left);
        Ok(outcome.container)
    }

    /// Takes steps that may fail without giving up the rest. An engine that has gone ends everything.
    fn attempt(&mut self, actions: Vec<Action>) -> Result<bool, SnapshotError> {
        for action in actions {
            let detail = action.describe();
            match self.take(action) {
                Ok(_) => {}
                Err(JournalError::Step { source, .. }) if !unreachable(&source) => {
                    self.done.failed.push(format!("{detail}: {source}"));
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    fn files(&mut self, written: &Written) -> Result<(), SnapshotError> {
        for (path, (first, last)) in &written.files {
            let recorded = self.snapshot.state.files.iter().find(|file| &file.path == path);
            let wanted = recorded.map_or(first, |file| &file.text);
            let now = file(path)?;
            if now.text == *wanted {
                continue;
            }
            if now.text != *last {
                self.done.left.push(format!("{} was edited since and is left as it is", path.display()));
                continue;
            }
            let mode = recorded.filter(|file| file.sha256.is_some()).map_or(0o644, |file| file.mode);
            let action = match (wanted, now.text) {
                (Some(new), old) => Action::WriteFile { path: path.clone(), old, new: new.clone(), mode },
                (None, Some(text)) => Action::RemoveFile { path: path.clone(), text, mode: now.mode },
                (None, None) => continue,
            };
            if self.attempt(vec![action])? {
                self.done.others.push(format!("file {}", path.display()));
            }
        }
        Ok(())
    }

    fn images(&mut self, written: &Written) -> Result<(), SnapshotError> {
        for (reference, (first, last)) in &written.images {
            let Some(wanted) = first else { continue };
            let now = self.run.engine().image(reference)?.map(|image| image.id);
            if now.as_ref() == Some(wanted) {
                continue;
            }
            if now != *last {
                self.done.left.push(format!("image name {reference} was moved since and is left as it is"));
            } else if self.run.engine().image(wanted)?.is_none() {
                self.done.failed.push(format!("image name {reference}: the image it pointed to is gone"));
            } else {
                let action = Action::TagImage { reference: reference.clone(), old: now, new: wanted.clone() };
                if self.attempt(vec![action])? {
                    self.done.others.push(format!("image name {reference}"));
                }
            }
        }
        Ok(())
    }

    fn networks(&mut self) -> Result<(), SnapshotError> {
        for network in &self.snapshot.state.networks {
            let name = network.get("Name").and_then(Value::as_str).unwrap_or_default();
            if self.run.engine().network(name)?.is_some() {
                continue;
            }
            let action = Action::CreateNetwork { name: name.to_owned(), body: network_body(network) };
            if self.attempt(vec![action])? {
                self.done.others.push(format!("network {name}"));
            }
        }
        Ok(())
    }

    fn container(&mut self, wanted: &Inspect, written: &Written) -> Result<(), SnapshotError> {
        let original = self.originals.of(wanted).cloned();
        let mut in_the_way = self.in_the_way(wanted)?;
        let needs = depends_on(wanted);
        let stale = needs.iter().any(|id| self.moved.contains_key(id));
        let restart = needs.iter().any(|id| self.restarted.contains(id));
        if let Some(now) = &original
            && now.name() == wanted.name()
            && runs(now) == runs(wanted)
            && in_the_way.is_empty()
            && !stale
            && !restart
        {
            self.note_moved(wanted, now.id());
            self.done.containers.push((wanted.name().to_owned(), Restoring::Unchanged));
            return Ok(());
        }
        if original.is_none() && !self.can_be_made(wanted)? {
            return Ok(());
        }
        if stale && let Some(original) = original.clone() {
            // It shares the network of a container that has another id now: it is made again for that one.
            in_the_way.push(original);
        }
        let keep = original.filter(|_| !stale);
        let first = self.run.next_number();
        match self.swap(wanted, keep.as_ref(), &in_the_way, written) {
            Ok(()) => {
                let how = if keep.is_some() { Restoring::Kept } else { Restoring::Recreated };
                self.done.containers.push((wanted.name().to_owned(), how));
                self.done.removed.extend(in_the_way.iter().map(|one| one.name().to_owned()));
                Ok(())
            }
            Err(SnapshotError::Journal(JournalError::Step { detail, source, .. }))
                if !unreachable(&source) =>
            {
                // What ran before this attempt runs again rather than nothing.
                let report = self.run.undo_from(first, self.observer)?;
                let not_back = report.left.iter().chain(report.failed.iter().map(|(left, _)| left));
                self.done.left.extend(not_back.map(|left| format!("{}: {}", left.detail, left.reason)));
                self.done.failed.push(format!("container {}: {detail}: {source}", wanted.name()));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The old one gets its name while the other still runs; then one stops and the other starts.
    fn swap(
        &mut self,
        wanted: &Inspect,
        keep: Option<&Inspect>,
        in_the_way: &[Inspect],
        written: &Written,
    ) -> Result<(), SnapshotError> {
        let name = wanted.name();
        for other in in_the_way.iter().filter(|other| other.name() == name) {
            let id = other.id().get(..12).unwrap_or_else(|| other.id());
            let to = format!("{name}.temper-replaced-{id}");
            self.take(Action::RenameContainer { container: Target::of(other), to })?;
        }
        let id = match keep {
            Some(kept) => {
                if kept.name() != name {
                    let container = Target::of(kept);
                    self.take(Action::RenameContainer { container, to: name.to_owned() })?;
                }
                kept.id().to_owned()
            }
            None => {
                let container = Target { ran: false, ..Target::of(wanted) };
                let action = Action::RestoreContainer {
                    container,
                    inspect: wanted.clone(),
                    moved: self.moved.clone(),
                };
                // This action always says which container it made.
                self.take(action)?.unwrap_or_else(|| name.to_owned())
            }
        };
        self.note_moved(wanted, &id);
        for other in in_the_way {
            let action = Action::stop(self.run.engine(), other.id(), None)?;
            self.take(action)?;
        }
        if keep.is_some_and(runs) {
            // It runs, and must be started after what it shares a network with; or it did not run before.
            let action = Action::stop(self.run.engine(), &id, None)?;
            self.take(action)?;
        }
        self.owners(written, Some(wanted))?;
        if runs(wanted) {
            let action = Action::start(self.run.engine(), &id)?;
            self.take(action)?;
            self.restarted.insert(wanted.id().to_owned());
        }
        for other in in_the_way {
            let action = Action::remove(self.run.engine(), other.id())?;
            self.take(action)?;
        }
        Ok(())
    }

    fn note_moved(&mut self, wanted: &Inspect, id: &str) {
        if id != wanted.id() {
            self.moved.insert(wanted.id().to_owned(), id.to_owned());
        }
    }

    /// Containers that are none of the snapshot and have the name or the place of this one.
    fn in_the_way(&self, wanted: &Inspect) -> Result<Vec<Inspect>, SnapshotError> {
        let engine = self.run.engine();
        let place = |label: &str| wanted.label(label).map(str::to_owned);
        let (service, number) = (place(names::SERVICE), place(names::NUMBER));
        let is = |one: &Summary| {
            let label = |name: &str| one.labels.get(name).cloned();
            let same_place =
                service.is_some() && label(names::SERVICE) == service && label(names::NUMBER) == number;
            one.name == wanted.name() || same_place
        };
        let project = engine.project(&self.snapshot.state.project)?;
        let mut ids: Vec<String> = project.into_iter().filter(is).map(|one| one.id).collect();
        if let Some(other) = engine.find(wanted.name())?
            && !ids.iter().any(|id| id == other.id())
        {
            ids.push(other.id().to_owned());
        }
        ids.retain(|id| !self.originals.is_one(id));
        Ok(ids.iter().map(|id| engine.inspect(id)).collect::<Result<_, _>>()?)
    }

    /// A container can be made again when its image and its volumes are there. Without its data it would start empty and
    /// look well: that is refused.
    fn can_be_made(&mut self, wanted: &Inspect) -> Result<bool, SnapshotError> {
        let engine = self.run.engine();
        let mut missing = Vec::new();
        if engine.image(wanted.image_id())?.is_none() {
            missing.push(format!("its image {} is gone", wanted.text("/Config/Image")));
        }
        for mount in wanted.at("/Mounts").and_then(Value::as_array).into_iter().flatten() {
            let field = |name: &str| mount.get(name).and_then(Value::as_str).unwrap_or_default();
            let gone = field("Type") == "volume" && engine.volume(field("Name"))?.is_none();
            if gone {
                missing.push(format!("its volume {} is gone, with its data", field("Name")));
            }
        }
        let failed = !missing.is_empty();
        self.done.failed.extend(missing.iter().map(|why| format!("container {}: {why}", wanted.name())));
        Ok(!failed)
    }

    /// Gives files back to the owners they had: those that `of` mounts, or all when it is `None`.
    fn owners(&mut self, written: &Written, of: Option<&Inspect>) -> Result<(), SnapshotError> {
        for (path, entries) in &written.owners {
            if of.is_some_and(|one| !mounts(one, path)) || !path.is_dir() {
                continue;
            }
            // What is inside comes first, and the directory that holds it last.
            let changed = entries.values().rev().filter(|entry| entry.old != entry.new);
            let back =
                changed.map(|entry| OwnerEntry { path: entry.path.clone(), old: entry.new, new: entry.old });
            let back: Vec<OwnerEntry> = back.collect();
            if is_back(path, &back) {
                continue;
            }
            let action = Action::ChangeOwner { path: path.clone(), entries: back };
            if self.attempt(vec![action])? {
                self.done.others.push(format!("owners in {}", path.display()));
            }
        }
        Ok(())
    }

    /// What runs of this stack have made and not removed.
    fn leftovers(&mut self) -> Result<(), SnapshotError> {
        let runs: HashSet<String> = self.run.journal().runs()?.into_iter().map(|run| run.id).collect();
        let marked = self.run.engine().containers(&[names::RUN.to_owned()])?;
        let ours = |one: &Summary| one.labels.get(names::RUN).is_some_and(|run| runs.contains(run));
        let now = Originals::find(self.run, self.snapshot)?;
        for one in marked.into_iter().filter(ours).filter(|one| !now.is_one(&one.id)) {
            let stop = Action::stop(self.run.engine(), &one.id, None)?;
            let remove = Action::remove(self.run.engine(), &one.id)?;
            if self.attempt(vec![stop, remove])? {
                self.done.removed.push(one.name);
            }
        }
        Ok(())
    }
}

fn unreachable(error: &crate::action::ActionError) -> bool {
    matches!(error, crate::action::ActionError::Engine(error) if error.is_unreachable())
}

fn mounts(container: &Inspect, path: &Path) -> bool {
    let mounts = container.at("/Mounts").and_then(Value::as_array).into_iter().flatten();
    mounts.filter_map(|mount| mount.get("Source")?.as_str()).any(|source| path.starts_with(source))
}

/// True when every file that is there has the owner and mode it had.
fn is_back(path: &Path, entries: &[OwnerEntry]) -> bool {
    entries
        .iter()
        .all(|entry| super::capture::owner(&path.join(&entry.path)).is_none_or(|now| now == entry.new))
}

/// What makes a network again that the engine had described.
fn network_body(network: &Value) -> Value {
    let fields =
        ["Name", "Driver", "Internal", "Attachable", "EnableIPv6", "IPAM", "Options", "Labels", "Scope"];
    let kept = fields.iter().filter_map(|field| {
        let value = network.get(*field).filter(|value| !value.is_null())?;
        Some(((*field).to_owned(), value.clone()))
    });
    Value::Object(kept.collect::<Map<String, Value>>())
}
