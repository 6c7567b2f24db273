//! What Compose would make of a service, as a container that was made and never started.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::derive::scratch_project;
use crate::compose_cli::{Cli, ComposeError, Files};
use crate::engine::{Engine, EngineError, Inspect};
use crate::names;

/// Why a container could not be made from a derived file.
#[derive(Debug, thiserror::Error)]
pub enum TranslateError {
    /// The derived file could not be written.
    #[error("{path}: {reason}")]
    Write {
        /// The file.
        path: String,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Compose refused it.
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// The engine refused it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Compose said that it was done and there is no container.
    #[error("Compose made no container for service {0}")]
    Nothing(String),
}

/// Has Compose make, and not start, the container of the one service of a derived file. `directory` is a folder of the run
/// for the file, which holds secrets.
pub(crate) fn create(
    cli: &Cli,
    engine: &Engine,
    directory: &Path,
    run: &str,
    file: &Value,
    service: &str,
) -> Result<Inspect, TranslateError> {
    let path = directory.join(format!("{service}.json"));
    write_private(&path, &file.to_string())
        .map_err(|reason| TranslateError::Write { path: path.display().to_string(), reason })?;
    let files = Files {
        directory: directory.to_path_buf(),
        files: vec![path.clone()],
        project_directory: Some(directory.to_path_buf()),
        project_name: Some(scratch_project(run)),
        ..Files::default()
    };
    let made = cli.run(&files, &["create", "--no-build", "--force-recreate", service]);
    // The file holds the environment of the service: it goes as soon as Compose has read it.
    let _ = fs::remove_file(&path);
    made?;
    let labels =
        [format!("{}={}", names::PROJECT, scratch_project(run)), format!("{}={service}", names::SERVICE)];
    let made = engine.containers(&labels)?;
    let container = made.first().ok_or_else(|| TranslateError::Nothing(service.to_owned()))?;
    name_network(engine, engine.inspect(&container.id)?)
}

/// Compose names a network of its own project and gives an external one by id. In a derived file every network is external,
/// so the id becomes a name again: the settings of the network, aliases among them, are found by it.
fn name_network(engine: &Engine, made: Inspect) -> Result<Inspect, TranslateError> {
    let mode = made.text("/HostConfig/NetworkMode").to_owned();
    let name = if names::is_engine_id(&mode) { engine.network(&mode)? } else { None };
    let Some(name) = name.and_then(|network| network["Name"].as_str().map(str::to_owned)) else {
        return Ok(made);
    };
    let mut json = made.json().clone();
    json["HostConfig"]["NetworkMode"] = Value::String(name);
    Ok(Inspect::new(json))
}

/// Writes a file that only its owner can read.
pub(super) fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
