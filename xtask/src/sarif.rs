use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::shell::{self, say};
use crate::workspace::Workspace;

/// Tells the tests where the schema of SARIF 2.1.0 is.
pub(crate) const VARIABLE: &str = "TEMPER_SARIF_SCHEMA";

/// A crate that carries the schema of OASIS as it is. Its version is fixed, and cargo checks its hash.
const PACKAGE: &str = "serde-sarif";
const VERSION: &str = "0.8.0";

/// The path of the JSON schema of SARIF 2.1.0: the caller's, or a copy under `target/tools`.
///
/// # Errors
/// When it is not there and cargo cannot download the crate that carries it.
pub(crate) fn find_or_download(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(VARIABLE) {
        // Tests run in the folders of their crates, where a relative path would mean something else.
        return std::path::absolute(&path).map_err(|error| Failure::io("find", Path::new(&path), &error));
    }
    let own = workspace.tools().join("sarif-schema-2.1.0.json");
    if !own.is_file() {
        download(workspace, &own)?;
    }
    say(&format!("sarif: schema at {}", workspace.relative(&own)));
    Ok(own)
}

fn download(workspace: &Workspace, own: &Path) -> Result<()> {
    say(&format!("sarif: downloading {PACKAGE} {VERSION} for the schema in it"));
    let tools = workspace.tools();
    fs::create_dir_all(&tools).map_err(|error| Failure::io("make the folder", &tools, &error))?;
    let folder =
        TempDir::with_prefix_in("sarif-", &tools).map_err(|error| Failure::io("write to", &tools, &error))?;
    let manifest = manifest_of_package(workspace, folder.path())?;
    let schema = manifest.with_file_name("src").join("schema.json");
    let copy = folder.path().join("schema.json");
    fs::copy(&schema, &copy).map_err(|error| Failure::io("copy", &schema, &error))?;
    // A rename, so that a second task that runs meanwhile never sees half a file.
    fs::rename(&copy, own).map_err(|error| Failure::io("move", &copy, &error))
}

/// Has cargo download the package, as a dependency of a package that is nothing else, and says where it put it.
fn manifest_of_package(workspace: &Workspace, folder: &Path) -> Result<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"schema\"\nversion = \"0.0.0\"\n\n[lib]\npath = \"lib.rs\"\n\n\
         [dependencies]\n{PACKAGE} = \"={VERSION}\"\n\n[workspace]\n"
    );
    fs::write(&manifest, text).map_err(|error| Failure::io("write", &manifest, &error))?;
    let library = folder.join("lib.rs");
    fs::write(&library, "").map_err(|error| Failure::io("write", &library, &error))?;
    let mut command = workspace.cargo(&["metadata", "--format-version", "1", "--manifest-path"]);
    let json = shell::read(command.arg(&manifest))?;
    found_in(&json).ok_or_else(|| Failure::step(format!("`cargo metadata` names no {PACKAGE}")))
}

fn found_in(json: &str) -> Option<PathBuf> {
    let metadata: Value = serde_json::from_str(json).ok()?;
    let packages = metadata.get("packages")?.as_array()?;
    let package =
        packages.iter().find(|package| package.get("name").and_then(Value::as_str) == Some(PACKAGE))?;
    package.get("manifest_path").and_then(Value::as_str).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::found_in;

    #[test]
    fn package_is_found_in_what_cargo_prints() {
        let json = r#"{"packages": [{"name": "a", "manifest_path": "/a"},
            {"name": "serde-sarif", "manifest_path": "/s/Cargo.toml"}]}"#;
        assert_eq!(found_in(json).unwrap().to_str(), Some("/s/Cargo.toml"));
        assert_eq!(found_in(r#"{"packages": []}"#), None);
        assert_eq!(found_in("no JSON"), None);
    }
}
