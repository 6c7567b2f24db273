use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::shell;

/// Where the repository is, and where cargo builds it.
pub(crate) struct Workspace {
    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, wherever `CARGO_TARGET_DIR` or the settings put it.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo, from the folder of this crate: the current folder may be any other.
    pub(crate) fn find() -> Result<Self> {
        let mut command = Command::new(CARGO);
        command
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        Self::from_metadata(&shell::read(&mut command)?)
    }

    fn from_metadata(json: &str) -> Result<Self> {
        let metadata: Value = serde_json::from_str(json)
            .map_err(|error| Failure::step(format!("`cargo metadata` printed no JSON: {error}")))?;
        let path = |key: &str| {
            let text = metadata.get(key).and_then(Value::as_str);
            text.map(PathBuf::from).ok_or_else(|| Failure::step(format!("`cargo metadata` names no {key}")))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// Where tools are kept that the tests need and the machine does not have.
    pub(crate) fn tools(&self) -> PathBuf {
        self.target.join("tools")
    }

    /// `cargo ARGS`, run at the root of the repository.
    pub(crate) fn cargo(&self, args: &[&str]) -> Command {
        self.command(CARGO, args)
    }

    /// `program ARGS`, run at the root of the repository.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.root);
        command
    }

    /// `path` as a person at the root of the repository would name it.
    pub(crate) fn relative<'a>(&self, path: &'a Path) -> std::path::Display<'a> {
        path.strip_prefix(&self.root).unwrap_or(path).display()
    }
}

/// The cargo of the `PATH`. Under rustup it is the toolchain that runs this task, because rustup says so in the environment.
const CARGO: &str = "cargo";

#[cfg(test)]
mod tests {
    use super::Workspace;

    #[test]
    fn folders_come_from_cargo_metadata() {
        let json = r#"{"workspace_root": "/r", "target_directory": "/elsewhere/t", "packages": []}"#;
        let workspace = Workspace::from_metadata(json).unwrap();
        assert_eq!(workspace.root.to_str(), Some("/r"));
        assert_eq!(workspace.tools().to_str(), Some("/elsewhere/t/tools"));
    }

    #[test]
    fn metadata_without_a_target_folder_is_a_failure() {
        assert!(Workspace::from_metadata(r#"{"workspace_root": "/r"}"#).is_err());
    }
}
