use std::env;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::shell;

/// True when a program of this name is in the `PATH`.
pub(crate) fn has_program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// True when this task may do what only root may. A file system that hides `/proc` counts as not being root.
pub(crate) fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    effective_uid(&status) == Some(0)
}

/// The second number of the line `Uid:` (proc(5): real, effective, saved, file system).
fn effective_uid(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Installs Debian packages on this machine, and says so first: it is the only thing that these tasks change outside the
/// target folder and the engine.
///
/// # Errors
/// When that needs more rights, when this is no Debian, or when apt fails. The message has the command for a person.
pub(crate) fn install(why: &str, packages: &[&str]) -> Result<()> {
    let line = format!("apt-get install --no-install-recommends {}", packages.join(" "));
    if !is_root() || !Path::new("/usr/bin/apt-get").is_file() {
        return Err(Failure::step(format!(
            "{why}, and only root can install it, with Debian's apt; what to do: run `sudo {line}`, or what does the \
             same on this system"
        )));
    }
    shell::say(&format!("packages: {why}: {line}"));
    let mut apt = apt(&["install", "-y", "--no-install-recommends"]);
    apt.args(packages);
    // Lists that are not there, or that name versions which the mirror no longer has, are the usual reason to fail.
    if !shell::succeeds(&mut apt) {
        shell::read(&mut self::apt(&["update"]))?;
        shell::read(&mut apt)?;
    }
    Ok(())
}

fn apt(args: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-qq").args(args).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::{effective_uid, has_program};

    #[test]
    fn effective_user_is_the_second_number() {
        assert_eq!(effective_uid("Name:\tx\nUid:\t1000\t0\t0\t0\nGid:\t7\t7\t7\t7\n"), Some(0));
        assert_eq!(effective_uid("Uid:\t0\t1000\t0\t0\n"), Some(1000));
        assert_eq!(effective_uid(""), None);
    }

    #[test]
    fn program_is_looked_for_in_the_path() {
        assert!(has_program("sh") && !has_program("no-such-program-here"));
    }
}
