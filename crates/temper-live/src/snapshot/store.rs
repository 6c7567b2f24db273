use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::State;
use crate::journal::{Journal, JournalError, Lock, link, now};

/// A snapshot in the journal.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// What a list shows of it.
    pub head: SnapshotHead,
    /// The stack as it was.
    pub state: State,
}

/// What a list shows of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SnapshotHead {
    /// Its number.
    pub id: i64,
    /// When it was taken, in seconds since 1970.
    pub at: i64,
    /// The Compose project.
    pub project: String,
    /// How many things of each kind it holds.
    pub holds: BTreeMap<String, u32>,
    /// How many runs there had been: those after it have changed the stack since.
    #[serde(skip)]
    pub runs_before: i64,
}

/// One row.
struct Item {
    kind: String,
    name: String,
    content: String,
}

impl Item {
    fn new(kind: &str, name: impl Into<String>, value: &impl Serialize) -> Self {
        // These are maps with texts as keys, which always are JSON.
        let content = serde_json::to_string(value).unwrap_or_default();
        Self { kind: kind.to_owned(), name: name.into(), content }
    }
}

impl Journal {
    /// Stores a snapshot, durably, and returns its number.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add_snapshot(&self, _lock: &Lock, state: &State) -> Result<i64, JournalError> {
        let items = items(state);
        let at = now();
        self.write(|connection| {
            let runs: i64 =
                connection.query_row("SELECT coalesce(max(number), 0) FROM run", [], |row| row.get(0))?;
            let about = json!({ "runs": runs }).to_string();
            let insert = "INSERT INTO snapshot (at, project, about, sha) VALUES (?1, ?2, ?3, '')";
            connection.execute(insert, params![at, state.project, about])?;
            let id = connection.last_insert_rowid();
            let mut sha = head_link(id, at, &state.project, &about);
            let insert = "INSERT INTO snapshot_item (snapshot, ordinal, kind, name, content, sha) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            for (ordinal, Item { kind, name, content }) in items.iter().enumerate() {
                sha = link(&sha, &[kind, name, content]);
                let ordinal = i64::try_from(ordinal).unwrap_or(i64::MAX);
                connection.execute(insert, params![id, ordinal, kind, name, content, sha])?;
            }
            connection.execute("UPDATE snapshot SET sha = ?2 WHERE id = ?1", params![id, sha])?;
            Ok(id)
        })
    }

    /// All snapshots, the latest first, each checked.
    ///
    /// # Errors
    /// When a row is not what was written.
    pub fn snapshots(&self) -> Result<Vec<SnapshotHead>, JournalError> {
        let read = || {
            let mut query = self.connection.prepare("SELECT id FROM snapshot ORDER BY id DESC")?;
            query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()
        };
        let ids = read().map_err(|error| self.failed(&error))?;
        let all = ids.into_iter().filter_map(|id| self.snapshot(id).transpose());
        all.map(|snapshot| Ok(snapshot?.head)).collect()
    }

    /// One snapshot, each row checked against its hash; `None` when there is none of that number.
    ///
    /// # Errors
    /// When a row is not what was written.
    pub fn snapshot(&self, id: i64) -> Result<Option<Snapshot>, JournalError> {
        let query = "SELECT at, project, about, sha FROM snapshot WHERE id = ?1";
        let row = self.connection.query_row(query, [id], |row| {
            Ok((
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
            ))
        });
        let row = row.optional().map_err(|error| self.failed(&error))?;
        let Some((at, project, about, wanted)) = row else { return Ok(None) };
        let items = self.items(id).map_err(|error| self.failed(&error))?;
        let first = head_link(id, at, &project, &about);
        let sha = items.iter().fold(first, |sha, item| link(&sha, &[&item.kind, &item.name, &item.content]));
        if sha != wanted {
            return Err(self.damaged(format!("snapshot {id}: its hash does not match")));
        }
        let runs_before = serde_json::from_str::<serde_json::Value>(&about)
            .ok()
            .and_then(|about| about.get("runs")?.as_i64())
            .ok_or_else(|| self.damaged(format!("snapshot {id} cannot be read")))?;
        let mut holds = BTreeMap::new();
        for item in &items {
            *holds.entry(item.kind.clone()).or_default() += 1;
        }
        let state = state(project.clone(), &items)
            .map_err(|error| self.damaged(format!("snapshot {id} cannot be read: {error}")))?;
        Ok(Some(Snapshot { head: SnapshotHead { id, at, project, holds, runs_before }, state }))
    }

    fn items(&self, id: i64) -> rusqlite::Result<Vec<Item>> {
        let query = "SELECT kind, name, content FROM snapshot_item WHERE snapshot = ?1 ORDER BY ordinal";
        let mut query = self.connection.prepare(query)?;
        let rows = query
            .query_map([id], |row| Ok(Item { kind: row.get(0)?, name: row.get(1)?, content: row.get(2)? }))?;
        rows.collect()
    }
}

fn head_link(id: i64, at: i64, project: &str, about: &str) -> String {
    link("", &[&id.to_string(), &at.to_string(), project, about])
}

fn items(state: &State) -> Vec<Item> {
    let files = state.files.iter().map(|file| Item::new("file", file.path.display().to_string(), file));
    let images = state.images.iter().map(|image| Item::new("image", &image.id, image));
    let containers = state.containers.iter().map(|one| Item::new("container", one.name(), one));
    let volumes = state.volumes.iter().map(|volume| Item::new("volume", &volume.name, volume));
    let name = |value: &serde_json::Value| {
        value.get("Name").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
    };
    let networks = state.networks.iter().map(|network| Item::new("network", name(network), network));
    let endpoints =
        state.endpoints.iter().map(|endpoint| Item::new("endpoint", endpoint.endpoint.name(), endpoint));
    files.chain(images).chain(containers).chain(volumes).chain(networks).chain(endpoints).collect()
}

fn state(project: String, items: &[Item]) -> serde_json::Result<State> {
    Ok(State {
        project,
        files: of_kind(items, "file")?,
        images: of_kind(items, "image")?,
        containers: of_kind(items, "container")?,
        volumes: of_kind(items, "volume")?,
        networks: of_kind(items, "network")?,
        endpoints: of_kind(items, "endpoint")?,
    })
}

fn of_kind<T: DeserializeOwned>(items: &[Item], kind: &str) -> serde_json::Result<Vec<T>> {
    items.iter().filter(|item| item.kind == kind).map(|item| serde_json::from_str(&item.content)).collect()
}
