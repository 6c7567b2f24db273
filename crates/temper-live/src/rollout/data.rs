//! The data of a service, copied for a clone.

use std::fs;
use std::path::Path;

use super::copy::{CopyError, copy};
use super::derive::CloneParts;
use crate::engine::{Engine, EngineError, Inspect};
use crate::names;

/// Bytes that are copied for one clone at most, all its volumes together.
pub(crate) const LIMIT: u64 = 1024 * 1024 * 1024;

/// Why there is no copy of the data.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    /// It could not be copied.
    #[error("its data cannot be copied: {0}")]
    Copy(#[from] CopyError),
    /// The engine refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine keeps the volume where it cannot be read from here.
    #[error(
        "volume {volume} lies at {path}, which cannot be read from here: temper must run as root on the machine of the engine"
    )]
    Unreachable {
        /// The volume.
        volume: String,
        /// Its mount point.
        path: String,
    },
    /// It writes something of the host of which there can be no copy.
    #[error("it may write {0} of the host, of which a clone can have no copy")]
    HostFile(String),
}

/// Copies the named volumes of a container, and the directories of the host that it may write, into volumes of the run.
///
/// The copy is made while the service runs, so it is what a crash would have left: a clone that does not start on it proves
/// nothing until the service as it is was started on the same copy.
pub(crate) fn copies(engine: &Engine, run: &str, container: &Inspect) -> Result<CloneParts, DataError> {
    let mut parts = CloneParts::default();
    let mut left = LIMIT;
    let mounts = container.at("/Mounts").and_then(serde_json::Value::as_array);
    for (number, mount) in mounts.into_iter().flatten().enumerate() {
        let field = |name: &str| mount[name].as_str().unwrap_or_default().to_owned();
        let (kind, source, writable) = (field("Type"), field("Source"), mount["RW"] == true);
        if kind == "volume" && named(container, &field("Destination")) {
            let name = field("Name");
            let to = format!("temper-{run}-{}-{number}", container.name());
            left = left.saturating_sub(into_volume(engine, run, Path::new(&source), &to, left, &name)?);
            parts.volumes.insert(name, to);
        } else if kind == "bind" && writable {
            if !Path::new(&source).is_dir() {
                return Err(DataError::HostFile(source));
            }
            let to = format!("temper-{run}-{}-{number}", container.name());
            left = left.saturating_sub(into_volume(engine, run, Path::new(&source), &to, left, &source)?);
            parts.directories.insert(source, to);
        }
    }
    Ok(parts)
}

/// True for a volume that the files name; one without a name is made anew for the clone, which tests the first start.
fn named(container: &Inspect, target: &str) -> bool {
    let binds = container.texts("/HostConfig/Binds");
    let in_binds = binds.iter().any(|bind| bind.split(':').nth(1) == Some(target));
    let mounts = container.at("/HostConfig/Mounts").and_then(serde_json::Value::as_array);
    let in_mounts = mounts.into_iter().flatten().any(|mount| {
        mount["Target"] == target && mount["Source"].as_str().is_some_and(|source| !source.is_empty())
    });
    in_binds || in_mounts
}

fn into_volume(
    engine: &Engine,
    run: &str,
    from: &Path,
    to: &str,
    limit: u64,
    what: &str,
) -> Result<u64, DataError> {
    let unreachable = || DataError::Unreachable { volume: what.to_owned(), path: from.display().to_string() };
    if !engine.is_local() || fs::read_dir(from).is_err() {
        return Err(unreachable());
    }
    engine.create_volume(to, &[(names::SCRATCH, run)])?;
    let volume = engine.volume(to)?.unwrap_or_default();
    let target = volume["Mountpoint"].as_str().ok_or_else(unreachable)?;
    Ok(copy(from, Path::new(target), limit)?.bytes)
}
