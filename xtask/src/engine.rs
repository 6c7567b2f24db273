use std::env;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Result};
use crate::packages::{self, has_program};
use crate::shell::{self, say};
use crate::workspace::Workspace;

/// Tells the tests where the container engine listens, as `DOCKER_HOST` does (`unix:///var/run/docker.sock`).
///
/// A test that needs an engine fails without it.
pub(crate) const VARIABLE: &str = "TEMPER_TEST_ENGINE";

/// How long an engine may take to answer after it was started. It takes about 4 seconds on two busy cores.
const START: Duration = Duration::from_secs(60);

/// The address of a Docker engine that answers: the caller's, the machine's, or one started here.
///
/// # Errors
/// When none answers and none can be started. The message says what to do.
pub(crate) fn find_or_start(workspace: &Workspace) -> Result<String> {
    if !has_program("docker") {
        packages::install("engine: there is no `docker` here", &client_packages())?;
    }
    match version() {
        Ok(version) => found(&version),
        Err(why) => {
            start(workspace, &why.to_string())?;
            found(&version()?)
        }
    }
}

fn found(version: &str) -> Result<String> {
    let address = address()?;
    say(&format!("engine: {version} at {address}"));
    Ok(address)
}

/// Debian 13 has the client in a package of its own, Debian 12 in the engine's.
fn client_packages() -> Vec<&'static str> {
    let split = shell::succeeds(Command::new("apt-cache").args(["show", "docker-cli"]));
    if split { vec!["docker.io", "docker-cli"] } else { vec!["docker.io"] }
}

fn version() -> Result<String> {
    let said = shell::read(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]))?;
    Ok(said.trim().to_owned())
}

/// Where the client finds the engine: `DOCKER_HOST`, else what the context in use names.
fn address() -> Result<String> {
    if let Ok(host) = env::var("DOCKER_HOST")
        && !host.is_empty()
    {
        return Ok(host);
    }
    let format = "{{.Endpoints.docker.Host}}";
    let said = shell::read(Command::new("docker").args(["context", "inspect", "--format", format]))?;
    Ok(said.trim().to_owned())
}

/// Starts the engine of this machine, and installs it first where it is not there. `why` is what the client said when it
/// found none.
fn start(workspace: &Workspace, why: &str) -> Result<()> {
    if let Some(advice) = not_ours_to_start(why, env::var("DOCKER_HOST").ok().as_deref()) {
        return Err(Failure::step(format!("engine: {advice}\n\n{why}")));
    }
    if !has_program("dockerd") {
        packages::install("engine: there is no Docker engine here", &["docker.io"])?;
        // Where systemd runs, installing it has started it.
        if version().is_ok() {
            return Ok(());
        }
    }
    if !packages::is_root() {
        return Err(Failure::step(format!(
            "engine: none answers, and only root can start it; what to do: run `sudo systemctl start docker`, or \
             `sudo dockerd`\n\n{why}"
        )));
    }
    let log = workspace.tools().join("dockerd.log");
    let mut engine = spawn(&mut Command::new("dockerd"), &log)?;
    say(&format!(
        "engine: none answered, so dockerd was started (process {}, log {}); it keeps running",
        engine.id(),
        workspace.relative(&log)
    ));
    wait(&mut engine, &log, || version().is_ok())
}

/// Why no engine is to be started here though none answers, and what to do instead.
fn not_ours_to_start(why: &str, host: Option<&str>) -> Option<String> {
    if let Some(host) = host.filter(|host| !host.is_empty()) {
        return Some(format!(
            "DOCKER_HOST is {host}, and no engine answers there; start it, or unset DOCKER_HOST"
        ));
    }
    why.contains("permission denied").then(|| {
        "an engine is there, and this user may not talk to it; what to do: `sudo usermod -aG docker $USER`, then log \
         in again, or run this as root"
            .to_owned()
    })
}

/// Starts an engine that outlives this task and the terminal, with what it says in `log`.
pub(crate) fn spawn(command: &mut Command, log: &Path) -> Result<Child> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).map_err(|error| Failure::io("make the folder", folder, &error))?;
    }
    let output = File::create(log).map_err(|error| Failure::io("write", log, &error))?;
    let errors = output.try_clone().map_err(|error| Failure::io("write", log, &error))?;
    // A process group of its own: an interrupt in the terminal is for this task.
    command.stdin(Stdio::null()).stdout(output).stderr(errors).process_group(0);
    command.spawn().map_err(|error| Failure::step(format!("engine: cannot start it: {error}")))
}

/// Waits until the engine answers.
///
/// # Errors
/// When it ends instead, or does not answer in time, with the end of its log.
pub(crate) fn wait(engine: &mut Child, log: &Path, answers: impl Fn() -> bool) -> Result<()> {
    let deadline = Instant::now() + START;
    loop {
        if answers() {
            return Ok(());
        }
        if let Ok(Some(status)) = engine.try_wait() {
            return Err(failed(&format!("it ended: {status}"), log));
        }
        if Instant::now() > deadline {
            return Err(failed(&format!("no answer after {} s", START.as_secs()), log));
        }
        thread::sleep(Duration::from_millis(200));
    }
}

fn failed(what: &str, log: &Path) -> Failure {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let end = lines[lines.len().saturating_sub(15)..].join("\n");
    Failure::step(format!(
        "engine: dockerd was started and does not serve: {what}\n\n{end}\n\nwhat to do: make `docker version` answer by \
         hand (the whole log is {}), or set DOCKER_HOST to an engine that runs",
        log.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{not_ours_to_start, spawn, wait};

    #[test]
    fn engine_of_the_caller_is_not_replaced() {
        let advice = not_ours_to_start("cannot connect", Some("tcp://other:2375")).unwrap();
        assert!(advice.contains("tcp://other:2375"), "{advice}");
    }

    #[test]
    fn missing_rights_are_told_from_a_missing_engine() {
        assert!(not_ours_to_start("dial unix: permission denied", None).unwrap().contains("usermod"));
        assert_eq!(not_ours_to_start("Is the docker daemon running?", None), None);
        assert_eq!(not_ours_to_start("Is the docker daemon running?", Some("")), None);
    }

    #[test]
    fn engine_that_ends_is_a_failure_with_the_end_of_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("tools/dockerd.log");
        let mut engine =
            spawn(Command::new("sh").args(["-c", "echo no cgroups here >&2; exit 3"]), &log).unwrap();
        let failure = wait(&mut engine, &log, || false).unwrap_err().to_string();
        assert!(failure.contains("no cgroups here") && failure.contains("exit status: 3"), "{failure}");
    }
}
