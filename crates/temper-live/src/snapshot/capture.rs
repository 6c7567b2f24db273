use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{EndpointState, FileState, ImageState, SnapshotError, State, VolumeState};
use crate::engine::{Engine, EngineError, Inspect};
use crate::journal::sha256;

/// What a snapshot is taken of.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The Compose project.
    pub project: String,
    /// Absolute paths of files that a rollout may change; one that is not there is recorded as such.
    pub files: Vec<PathBuf>,
    /// How endpoints answered.
    pub endpoints: Vec<EndpointState>,
}

/// Looks at everything that a rollout may change. Nothing is changed by it.
///
/// # Errors
/// When the engine cannot be asked, or a file cannot be read.
pub fn capture(engine: &Engine, scope: &Scope) -> Result<State, SnapshotError> {
    let containers = containers(engine, &scope.project)?;
    Ok(State {
        project: scope.project.clone(),
        files: scope.files.iter().map(|path| file(path)).collect::<Result<_, _>>()?,
        images: images(engine, &containers)?,
        volumes: volumes(engine, &containers)?,
        networks: networks(engine, &containers)?,
        endpoints: scope.endpoints.clone(),
        containers,
    })
}

fn containers(engine: &Engine, project: &str) -> Result<Vec<Inspect>, EngineError> {
    let all = engine.project(project)?;
    let all: Result<Vec<Inspect>, _> = all.iter().map(|one| engine.inspect(&one.id)).collect();
    let mut all = all?;
    // What was started first is what the others wait for. A container that never ran says year 1: it goes last.
    all.sort_by_key(|one| {
        let started = one.text("/State/StartedAt").to_owned();
        (started.starts_with("0001") || started.is_empty(), started)
    });
    Ok(all)
}

pub(super) fn file(path: &Path) -> Result<FileState, SnapshotError> {
    let failed = |error: std::io::Error| SnapshotError::File {
        path: path.display().to_string(),
        reason: error.to_string(),
    };
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Ok(FileState { path: path.to_path_buf(), sha256: None, text: None, mode: 0 });
        }
        Err(error) => return Err(failed(error)),
    };
    let mode = std::fs::metadata(path).map_err(failed)?.mode() & 0o7777;
    Ok(FileState {
        path: path.to_path_buf(),
        sha256: Some(sha256(&bytes)),
        text: String::from_utf8(bytes).ok(),
        mode,
    })
}

fn images(engine: &Engine, containers: &[Inspect]) -> Result<Vec<ImageState>, EngineError> {
    let ids: BTreeSet<&str> = containers.iter().map(Inspect::image_id).collect();
    let mut all = Vec::new();
    for id in ids {
        let tags = engine.image(id)?.map(|image| image.tags).unwrap_or_default();
        if tags.is_empty() {
            all.push(ImageState { reference: None, id: id.to_owned() });
        }
        all.extend(
            tags.into_iter().map(|reference| ImageState { reference: Some(reference), id: id.to_owned() }),
        );
    }
    Ok(all)
}

fn volumes(engine: &Engine, containers: &[Inspect]) -> Result<Vec<VolumeState>, EngineError> {
    let mounts = containers.iter().filter_map(|one| one.at("/Mounts")?.as_array()).flatten();
    let names: BTreeSet<&str> = mounts
        .filter(|mount| mount.get("Type").and_then(Value::as_str) == Some("volume"))
        .filter_map(|mount| mount.get("Name")?.as_str())
        .collect();
    let mut all = Vec::new();
    for name in names {
        let Some(volume) = engine.volume(name)? else { continue };
        let text = |field: &str| volume.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let labels = volume.get("Labels").and_then(Value::as_object);
        let labels: BTreeMap<String, String> = labels
            .into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
            .collect();
        let mountpoint = PathBuf::from(text("Mountpoint"));
        let owner = if engine.is_local() { owner(&mountpoint) } else { None };
        all.push(VolumeState { name: name.to_owned(), driver: text("Driver"), mountpoint, labels, owner });
    }
    Ok(all)
}

/// User, group and mode; `None` where it cannot be seen.
pub(super) fn owner(path: &Path) -> Option<(u32, u32, u32)> {
    let stat = std::fs::symlink_metadata(path).ok()?;
    Some((stat.uid(), stat.gid(), stat.mode() & 0o7777))
}

fn networks(engine: &Engine, containers: &[Inspect]) -> Result<Vec<Value>, EngineError> {
    let all = containers.iter().filter_map(|one| one.at("/NetworkSettings/Networks")?.as_object());
    let names: BTreeSet<&String> = all.flat_map(|networks| networks.keys()).collect();
    let found: Result<Vec<Option<Value>>, _> = names.into_iter().map(|name| engine.network(name)).collect();
    Ok(found?.into_iter().flatten().collect())
}
