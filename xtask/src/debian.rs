use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::failure::{Failure, Result};
use crate::packages::has_program;
use crate::shell;
use crate::workspace::Workspace;

/// Debian 13: the release whose packages the tests are written against, whatever this machine runs.
const RELEASE: &str = "trixie";
pub(crate) const MIRROR: &str = "http://deb.debian.org/debian";

/// Debian's archive keys. Debian 13 ships them as `.pgp`, earlier releases as `.gpg`.
const KEYRINGS: [&str; 2] =
    ["/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"];

/// Downloads packages of Debian 13 and unpacks them into a folder under the target folder, which is gone when dropped.
///
/// apt checks the signatures with Debian's own keys. It reads and writes its sources, lists and cache in that folder
/// alone, so neither root nor a change to this machine's apt is needed.
///
/// # Errors
/// When apt, dpkg or Debian's keys are not there, or the mirror cannot be reached or is not signed by Debian.
pub(crate) fn unpack(workspace: &Workspace, packages: &[&str]) -> Result<TempDir> {
    let tools = workspace.tools();
    fs::create_dir_all(&tools).map_err(|error| Failure::io("make the folder", &tools, &error))?;
    let folder = TempDir::with_prefix_in("debian-", &tools)
        .map_err(|error| Failure::io("write to", &tools, &error))?;
    let apt = Apt::new(folder.path(), keyring()?)?;
    shell::say(&format!("debian: reading the package lists of {RELEASE} from {MIRROR}"));
    shell::read(&mut apt.command(&["update"]))?;
    shell::say(&format!("debian: downloading {}", packages.join(", ")));
    shell::read(&mut apt.command(&[&["download"], packages].concat()))?;
    for package in downloaded(folder.path())? {
        shell::read(Command::new("dpkg").arg("-x").arg(package).arg(folder.path()))?;
    }
    Ok(folder)
}

/// An apt that has nothing to do with the machine's own, except for its settings: a proxy stays in force.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(folder: &Path, keyring: &str) -> Result<Self> {
        for name in ["lists/partial", "cache/archives/partial"] {
            let path = folder.join(name);
            fs::create_dir_all(&path).map_err(|error| Failure::io("make the folder", &path, &error))?;
        }
        let sources = folder.join("sources.list");
        fs::write(&sources, format!("deb [signed-by={keyring}] {MIRROR} {RELEASE} main\n"))
            .map_err(|error| Failure::io("write", &sources, &error))?;
        Ok(Self { folder: folder.to_owned() })
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("apt-get");
        command.arg("-qq").current_dir(&self.folder);
        for (name, file) in [
            ("Dir::Etc::SourceList", "sources.list"),
            ("Dir::State::Lists", "lists"),
            ("Dir::Cache", "cache"),
        ] {
            command.arg("-o").arg(option(name, self.folder.join(file)));
        }
        for (name, file) in [
            ("Dir::Etc::SourceParts", "/dev/null"),
            ("Dir::Etc::Preferences", "/dev/null"),
            ("Dir::Etc::PreferencesParts", "/dev/null"),
            ("APT::Default-Release", ""),
            ("Acquire::Languages", "none"),
            // A list that cannot be fetched is otherwise only a warning, and this machine may allow what is unsigned.
            ("APT::Update::Error-Mode", "any"),
            ("Acquire::AllowInsecureRepositories", "false"),
            ("APT::Get::AllowUnauthenticated", "false"),
        ] {
            command.arg("-o").arg(option(name, file));
        }
        // The folder may lie where only the caller can read, as in /root, and apt's own user then cannot.
        command.args(["-o", "APT::Sandbox::User=root"]).args(args);
        command
    }
}

fn option(name: &str, value: impl Into<OsString>) -> OsString {
    let mut option = OsString::from(format!("{name}="));
    option.push(value.into());
    option
}

fn keyring() -> Result<&'static str> {
    if !has_program("apt-get") || !has_program("dpkg") {
        return Err(Failure::step(
            "apt-get and dpkg are not here, and only with them can a package be unpacked",
        ));
    }
    let keyring = KEYRINGS.iter().copied().find(|path| Path::new(path).is_file());
    keyring.ok_or_else(|| {
        Failure::step(format!(
            "{} is not here, and without it nothing from Debian can be trusted: install the package debian-archive-keyring",
            KEYRINGS[0]
        ))
    })
}

/// Every `.deb` in `folder`.
fn downloaded(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = |error| Failure::io("list", folder, &error);
    let mut packages = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "deb") {
            packages.push(path);
        }
    }
    if packages.is_empty() {
        return Err(Failure::step(format!("apt-get downloaded no package into {}", folder.display())));
    }
    Ok(packages)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Apt, downloaded};

    #[test]
    fn apt_writes_only_inside_its_folder_and_trusts_only_the_given_keys() {
        let folder = tempfile::tempdir().unwrap();
        let apt = Apt::new(folder.path(), "/keys.gpg").unwrap();
        let command = apt.command(&["update"]);
        let args: Vec<String> = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
        for name in ["Dir::Etc::SourceList", "Dir::State::Lists", "Dir::Cache"] {
            let inside = format!("{name}={}/", folder.path().display());
            assert!(args.iter().any(|arg| arg.starts_with(&inside)), "{name} in {args:?}");
        }
        assert_eq!(args.last().map(String::as_str), Some("update"));
        let sources = fs::read_to_string(folder.path().join("sources.list")).unwrap();
        assert!(sources.starts_with("deb [signed-by=/keys.gpg] http"), "{sources}");
    }

    #[test]
    fn download_without_a_package_is_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        assert!(downloaded(folder.path()).is_err());
        fs::write(folder.path().join("a_1.deb"), "").unwrap();
        assert_eq!(downloaded(folder.path()).unwrap(), [folder.path().join("a_1.deb")]);
    }
}
