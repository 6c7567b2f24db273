use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::debian;
use crate::failure::{Failure, Result};
use crate::shell::{self, say};
use crate::workspace::Workspace;

/// Where the tests look for Docker Compose. Set by the caller, it overrules the search.
pub(crate) const VARIABLE: &str = "TEMPER_TEST_COMPOSE";

/// `include` came with 2.20, and the tests read stacks that use it (Compose release notes, 2.20.0).
const OLDEST: Version = Version { major: 2, minor: 20 };

/// Where Docker's command line looks for plugins after the user's own folder (docker/cli, `cli-plugins/manager`).
const PLUGIN_FOLDERS: [&str; 4] = [
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
];

const PROGRAM: &str = "docker-compose";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    major: u32,
    minor: u32,
}

impl Version {
    /// Reads what `version --short` prints: `2.26.1-4`, `v2.29.7`, `2.40.3-desktop.1`.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut numbers = text.strip_prefix('v').unwrap_or(text).split('.');
        Some(Self { major: numbers.next()?.parse().ok()?, minor: numbers.next()?.parse().ok()? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The path of a Docker Compose that is new enough: the caller's, the machine's, or one installed under `target/tools`.
///
/// # Errors
/// When there is none and it cannot be installed. The message says what to do by hand.
pub(crate) fn find_or_install(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(path) = env::var_os(VARIABLE) {
        // Tests run in the folders of their crates, where a relative path would mean something else.
        let path =
            std::path::absolute(&path).map_err(|error| Failure::io("find", Path::new(&path), &error))?;
        let version = usable(&path).map_err(|why| Failure::step(format!("{VARIABLE}: {why}")))?;
        return Ok(found(workspace, path, &version));
    }
    let own = workspace.tools().join(PROGRAM);
    // The own copy comes first: it is there only because the machine had none, and asking an old one costs a second.
    for path in std::iter::once(own.clone()).chain(candidates()).filter(|path| path.is_file()) {
        match usable(&path) {
            Ok(version) => return Ok(found(workspace, path, &version)),
            Err(why) => say(&format!("compose: passed over: {why}")),
        }
    }
    install(workspace, &own)?;
    let version = usable(&own).map_err(Failure::step)?;
    Ok(found(workspace, own, &version))
}

fn found(workspace: &Workspace, path: PathBuf, version: &str) -> PathBuf {
    say(&format!("compose: {version} at {}", workspace.relative(&path)));
    path
}

/// Every place where Docker Compose is usually installed. The plugin also runs by itself.
fn candidates() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let user = env::var_os("DOCKER_CONFIG")
        .map(PathBuf::from)
        .or_else(|| env::home_dir().map(|home| home.join(".docker")))
        .map(|config| config.join("cli-plugins"));
    let folders = env::split_paths(&path).chain(user).chain(PLUGIN_FOLDERS.iter().map(PathBuf::from));
    folders.map(|folder| folder.join(PROGRAM)).collect()
}

/// The version of the Docker Compose at `path`, as it prints it, or why it does not serve.
fn usable(path: &Path) -> std::result::Result<String, String> {
    let said = shell::read(Command::new(path).args(["version", "--short"]))
        .map_err(|failure| failure.to_string())?;
    judged(path, said.trim())
}

fn judged(path: &Path, said: &str) -> std::result::Result<String, String> {
    match Version::parse(said) {
        Some(version) if version >= OLDEST => Ok(said.to_owned()),
        Some(version) => Err(format!("{} is {version}, the tests need {OLDEST} or newer", path.display())),
        None => Err(format!("{} prints no version: {said:?}", path.display())),
    }
}

fn install(workspace: &Workspace, own: &Path) -> Result<()> {
    say("compose: none found that is new enough; installing the one of Debian 13 under the target folder");
    let package = debian::unpack(workspace, &[PROGRAM]).map_err(|failure| {
        Failure::step(format!(
            "{failure}\n\ncannot install Docker Compose; what to do: install {OLDEST} or newer \
             (https://docs.docker.com/compose/install/), or set {VARIABLE} to the path of one"
        ))
    })?;
    let program = package.path().join("usr/libexec/docker/cli-plugins").join(PROGRAM);
    // A rename, so that a second task that runs meanwhile never sees half a file.
    fs::rename(&program, own).map_err(|error| Failure::io("move", &program, &error))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{OLDEST, Version, judged, usable};

    #[test]
    fn version_is_read_in_every_form_that_is_printed() {
        for text in ["2.26.1-4", "v2.26.0", "2.26.3-desktop.1\n"] {
            assert_eq!(Version::parse(text), Some(Version { major: 2, minor: 26 }), "{text}");
        }
        for text in ["", "dev", "2", "v", "docker-compose version 2.1"] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn versions_compare_by_number() {
        assert!(Version { major: 2, minor: 9 } < OLDEST && OLDEST < Version { major: 5, minor: 0 });
    }

    #[test]
    fn old_and_silent_programs_do_not_serve() {
        let verdict = |said| judged(Path::new("/bin/compose"), said);
        assert_eq!(verdict("2.26.1-4"), Ok("2.26.1-4".to_owned()));
        assert_eq!(verdict("1.29.2"), Err("/bin/compose is 1.29, the tests need 2.20 or newer".to_owned()));
        assert_eq!(verdict(""), Err("/bin/compose prints no version: \"\"".to_owned()));
    }

    #[test]
    fn program_that_fails_does_not_serve() {
        assert!(usable(Path::new("false")).is_err());
    }
}
