//! A second engine beside the one of this machine: Debian 13's, for tests whose outcome hangs on the engine's version.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::docker::{Docker, with_plugins};
use crate::failure::{Failure, Result};
use crate::packages::{self, has_program};
use crate::shell::{self, say};
use crate::workspace::Workspace;
use crate::{compose, debian, docker, engine, images};

/// The engine without its runc, which needs a newer C library than Debian 12 has: this machine's is used.
const PACKAGES: [&str; 2] = ["docker.io", "containerd"];

/// Starts the engine, runs `command` in its network with `DOCKER_HOST` naming it, and stops it.
///
/// # Errors
/// When it cannot be set up, or `command` fails.
pub(crate) fn run(workspace: &Workspace, command: &[&str]) -> Result<()> {
    if !packages::is_root() || !has_program("nsenter") || !has_program("setpriv") {
        return Err(Failure::step("a second engine needs root, and `nsenter` and `setpriv` of util-linux"));
    }
    let docker = with_plugins(workspace, &compose::find_or_install(workspace)?)?;
    engine::find_or_start(workspace)?;
    images::build(workspace, &docker)?;
    let programs = programs(workspace)?;
    let second = Second::start(workspace, &docker, &programs)?;
    second.load(workspace, &docker)?;
    let [program, args @ ..] = command else { return Ok(()) };
    let mut command = second.network.enter();
    command.arg(program).args(args).env("DOCKER_HOST", second.address());
    shell::run(command.env(docker::VARIABLE, &docker.settings))
}

/// The folder with the engine's files, under the target folder.
fn programs(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.tools().join("engine");
    if !folder.join("usr/sbin/dockerd").is_file() {
        let packages = debian::unpack(workspace, &PACKAGES)?;
        fs::create_dir_all(&folder).map_err(|error| Failure::io("make the folder", &folder, &error))?;
        let files = packages.path().join("usr");
        fs::rename(&files, folder.join("usr")).map_err(|error| Failure::io("move", &files, &error))?;
    }
    Ok(folder.join("usr"))
}

/// A network of its own, so that the rules of two engines do not mix: that of a container of the first engine, because
/// from there the mirror can be reached. The container ends when its input does, also when this task is killed.
struct Network {
    container: Child,
    process: String,
}

impl Network {
    fn new(docker: &Docker, name: &str) -> Result<Self> {
        let mut run =
            docker.command(&["run", "--rm", "--interactive", "--name", name, "python:3.11-slim", "cat"]);
        // A group of its own: an interrupt in the terminal is for the command that uses the engine.
        run.stdin(Stdio::piped()).stdout(Stdio::null()).process_group(0);
        let container = run
            .spawn()
            .map_err(|error| Failure::step(format!("engine: cannot start a container: {error}")))?;
        let mut network = Self { container, process: String::new() };
        let deadline = Instant::now() + Duration::from_secs(60);
        while network.process.is_empty() {
            let asked = shell::read(&mut docker.command(&["inspect", "-f", "{{.State.Pid}}", name]));
            network.process = asked.unwrap_or_default().trim().replace(|c: char| !c.is_ascii_digit(), "");
            if network.process == "0" {
                network.process.clear();
            }
            if Instant::now() > deadline {
                return Err(Failure::step(format!("engine: the container {name} does not start")));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(network)
    }

    /// A command that runs what follows in this network.
    fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.process, "--net", "--"]);
        command
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(mut input) = self.container.stdin.take() {
            // Closed by being dropped here; what is left to be written is nothing.
            let _ = input.flush();
        }
        let _ = self.container.wait();
    }
}

/// The engine that runs. Dropped, it stops; killed with this task, it stops as well.
struct Second {
    process: Child,
    folder: PathBuf,
    // Dropped last: the engine is in it.
    network: Network,
}

impl Second {
    fn start(workspace: &Workspace, docker: &Docker, programs: &Path) -> Result<Self> {
        let name = format!("temper-engine-{}", std::process::id());
        let network = Network::new(docker, &name)?;
        // Short, because the path of a socket may have 107 bytes.
        let folder = Path::new("/run").join(&name);
        fs::create_dir_all(&folder).map_err(|error| Failure::io("make the folder", &folder, &error))?;
        let driver = shell::read(&mut docker.command(&["info", "--format", "{{.Driver}}"]))?;
        let log = workspace.tools().join("engine.log");
        let mut start = network.enter();
        start.args(["setpriv", "--pdeathsig", "TERM", "dockerd", "--config-file", "/dev/null"]);
        start.args(["--storage-driver", driver.trim()]);
        start.arg("--data-root").arg(workspace.tools().join("engine-data"));
        start.arg("--exec-root").arg(folder.join("exec")).arg("--pidfile").arg(folder.join("pid"));
        start.arg("--host").arg(address(&folder));
        // Not the addresses of the first engine, whose network this is a part of.
        start.args(["--bip", "10.213.0.1/24", "--default-address-pool", "base=10.214.0.0/16,size=24"]);
        start.env("PATH", path_with(programs));
        let process = engine::spawn(&mut start, &log)?;
        let mut second = Self { process, folder, network };
        let address = second.address();
        let version = ["--host", &address, "version", "--format", "{{.Server.Version}}"];
        engine::wait(&mut second.process, &log, || shell::succeeds(&mut docker.command(&version)))?;
        let version = shell::read(&mut docker.command(&version))?;
        say(&format!("engine: a second one, {}, at {address}", version.trim()));
        Ok(second)
    }

    fn address(&self) -> String {
        address(&self.folder)
    }

    /// Copies the images from the first engine that this one does not have.
    fn load(&self, workspace: &Workspace, docker: &Docker) -> Result<()> {
        let references = images::references(workspace, docker)?;
        let list = ["image", "ls", "--no-trunc", "--format", "{{.ID}} {{.Repository}}:{{.Tag}}"];
        let address = self.address();
        let here = shell::read(&mut docker.command(&[&["--host", &address][..], &list].concat()))?;
        let there = shell::read(&mut docker.command(&list))?;
        let here: BTreeSet<&str> = here.lines().collect();
        let wanted = |line: &&str| {
            line.split_once(' ').is_some_and(|(_, name)| references.iter().any(|wanted| wanted == name))
        };
        let missing: Vec<&str> = there.lines().filter(wanted).filter(|line| !here.contains(line)).collect();
        let missing: Vec<&str> = missing.iter().filter_map(|line| Some(line.split_once(' ')?.1)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        say(&format!("engine: copying {}", missing.join(", ")));
        let archive = workspace.tools().join("engine-images.tar");
        shell::read(docker.command(&["save", "--output"]).arg(&archive).args(&missing))?;
        shell::read(docker.command(&["--host", &address, "load", "--quiet", "--input"]).arg(&archive))?;
        fs::remove_file(&archive).map_err(|error| Failure::io("remove", &archive, &error))
    }
}

impl Drop for Second {
    fn drop(&mut self) {
        // Not killed: it has containers, and its containerd, to end first.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn address(folder: &Path) -> String {
    format!("unix://{}", folder.join("docker.sock").display())
}

/// The programs of the packages before those of this machine.
fn path_with(programs: &Path) -> OsString {
    let machine = env::var_os("PATH").unwrap_or_default();
    let own = ["bin", "sbin"].map(|name| programs.join(name));
    env::join_paths(own.into_iter().chain(env::split_paths(&machine))).unwrap_or(machine)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{address, path_with};

    #[test]
    fn programs_of_the_packages_come_first() {
        let path = path_with(Path::new("/t/usr"));
        assert!(path.to_string_lossy().starts_with("/t/usr/bin:/t/usr/sbin:"), "{}", path.display());
    }

    #[test]
    fn address_is_one_that_docker_host_takes() {
        assert_eq!(address(Path::new("/run/e")), "unix:///run/e/docker.sock");
    }
}
