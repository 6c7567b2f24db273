use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::failure::{Failure, Result};
use crate::shell::{self, say};
use crate::workspace::Workspace;

/// Where Docker's command line finds its plugins and settings.
pub(crate) const VARIABLE: &str = "DOCKER_CONFIG";

/// Docker's command line with the plugins that the tests need, whatever this machine's has.
pub(crate) struct Docker {
    /// The folder for [`VARIABLE`]. Nothing else is in it, so no login of the caller is used.
    pub(crate) settings: PathBuf,
}

impl Docker {
    /// `docker ARGS`, with those plugins.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(args).env(VARIABLE, &self.settings);
        command
    }
}

/// Makes `docker compose` the Compose that the tests use, and has `docker buildx`.
///
/// # Errors
/// When buildx is not here and cannot be installed under the target folder.
pub(crate) fn with_plugins(workspace: &Workspace, compose: &Path) -> Result<Docker> {
    let docker = Docker { settings: workspace.tools().join("docker") };
    let plugins = docker.settings.join("cli-plugins");
    fs::create_dir_all(&plugins).map_err(|error| Failure::io("make the folder", &plugins, &error))?;
    link(compose, &plugins.join("docker-compose"))?;
    if !shell::succeeds(&mut docker.command(&["buildx", "version"])) {
        install_buildx(workspace, &plugins.join("docker-buildx"))?;
    }
    Ok(docker)
}

/// A link rather than a copy: the tool is 60 MB, and the caller may name another one the next time.
fn link(tool: &Path, plugin: &Path) -> Result<()> {
    if fs::read_link(plugin).is_ok_and(|target| target == tool) {
        return Ok(());
    }
    let new = plugin.with_extension(format!("new-{}", std::process::id()));
    std::os::unix::fs::symlink(tool, &new).map_err(|error| Failure::io("make the link", &new, &error))?;
    // A rename, so that a second task that runs meanwhile never misses the plugin.
    fs::rename(&new, plugin).map_err(|error| Failure::io("move", &new, &error))
}

fn install_buildx(workspace: &Workspace, plugin: &Path) -> Result<()> {
    say("buildx: none found; installing the one of Debian 13 under the target folder");
    let package = debian::unpack(workspace, &["docker-buildx"]).map_err(|failure| {
        Failure::step(format!(
            "{failure}\n\ncannot install Docker's buildx; what to do: install the plugin by hand"
        ))
    })?;
    let program = package.path().join("usr/libexec/docker/cli-plugins/docker-buildx");
    fs::rename(&program, plugin).map_err(|error| Failure::io("move", &program, &error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::link;

    #[test]
    fn plugin_follows_the_tool_that_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let plugin = folder.path().join("docker-compose");
        for tool in ["/a/compose", "/a/compose", "/b/compose"] {
            link(Path::new(tool), &plugin).unwrap();
            assert_eq!(fs::read_link(&plugin).unwrap(), Path::new(tool));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
