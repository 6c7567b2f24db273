//! What a Dockerfile of this stack says, in the words that profiles need.

use temper_dockerfile::facts::{BaseImage, PackageManager, PathAction, TargetFacts, Wrapper};
use temper_dockerfile::{Command, Resolved};
use temper_model::compose::Service;
use temper_model::{Stack, StartScripts};

use crate::cover;

/// A kind of package; the same name means different things to different managers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackageKind {
    Pip,
    Npm,
    Apt,
    Apk,
    Gem,
}

/// The user in effect at the end: `None` as in the base image, an error when it hangs on a variable.
pub(crate) fn user(facts: &TargetFacts) -> Option<Result<String, String>> {
    facts.user.as_ref().map(|user| match &user.value {
        Resolved::Known(user) => Ok(user.clone()),
        Resolved::Unknown { missing } => Err(missing.join(", ")),
    })
}

/// True for `FROM scratch`.
pub(crate) fn from_scratch(facts: &TargetFacts) -> bool {
    matches!(facts.base.value, BaseImage::Scratch)
}

/// The reference of the base image; empty when it hangs on a variable.
pub(crate) fn base_name(facts: &TargetFacts) -> String {
    match &facts.base.value {
        BaseImage::Known(name) => name.clone(),
        BaseImage::Scratch => "scratch".to_owned(),
        BaseImage::Unknown { .. } => String::new(),
    }
}

/// Users that the Dockerfile creates with a number: name, uid, gid, home.
pub(crate) fn accounts(facts: &TargetFacts) -> Vec<(String, u32, Option<u32>, Option<String>)> {
    let users = facts.accounts.users.iter().filter_map(|user| {
        let name = user.name.known()?.to_owned();
        let uid: u32 = user.uid.as_ref()?.known()?.parse().ok()?;
        let gid = group_of(facts, user.group.as_ref().and_then(Resolved::known), uid);
        let home = user.home_or_default().known().map(str::to_owned);
        Some((name, uid, gid, home))
    });
    users.collect()
}

/// The number of a group that is given by number or by the name of a group that the Dockerfile creates.
fn group_of(facts: &TargetFacts, group: Option<&str>, uid: u32) -> Option<u32> {
    // A user without a group gets one of its own, with the number of the user when that is free (shadow-utils,
    // `find_new_gid`; BusyBox `adduser.c`).
    let Some(name) = group else { return Some(uid) };
    name.parse().ok().or_else(|| facts.accounts.group(name)?.gid.as_ref()?.known()?.parse().ok())
}

/// A variable that `ENV` sets to a known value.
pub(crate) fn variable(facts: &TargetFacts, name: &str) -> Option<String> {
    facts.env.get(name)?.value.known().map(str::to_owned)
}

/// The names that `ENV` sets.
pub(crate) fn variables(facts: &TargetFacts) -> impl Iterator<Item = String> + '_ {
    facts.env.keys().cloned()
}

/// The working directory.
pub(crate) fn workdir(facts: &TargetFacts) -> Option<String> {
    facts.workdir.as_ref()?.value.known().map(str::to_owned)
}

/// Known absolute paths of `VOLUME`. A list in single quotes is no JSON: its words name no directory of the image.
#[must_use]
pub fn volumes(facts: &TargetFacts) -> Vec<String> {
    let known = facts.volumes.iter().filter_map(|volume| volume.value.known());
    known.filter(|path| path.starts_with('/')).map(|path| (*path).to_owned()).collect()
}

/// True when the Dockerfile has an entrypoint of its own: the one of the base image does not run then.
pub(crate) fn replaces_entrypoint(facts: &TargetFacts) -> bool {
    facts.entrypoint.is_some()
}

/// Names of the programs that `ENTRYPOINT` and `CMD` start, and of their arguments.
pub(crate) fn programs(facts: &TargetFacts) -> Vec<String> {
    let commands = [&facts.entrypoint, &facts.cmd].into_iter().flatten();
    commands.flat_map(|command| words(&command.value)).collect()
}

fn words(command: &Command) -> Vec<String> {
    match command {
        Command::Exec(words) => {
            words.iter().flat_map(|word| word.text.split_whitespace()).map(program_name).collect()
        }
        Command::Shell { .. } => command
            .commands()
            .iter()
            .flat_map(|command| std::iter::once(&command.name).chain(&command.args))
            .map(|word| program_name(&word.text))
            .collect(),
    }
}

/// `/usr/bin/gunicorn` is `gunicorn`.
pub(crate) fn program_name(word: &str) -> String {
    word.rsplit('/').next().unwrap_or(word).to_owned()
}

/// Packages that `RUN` installs by name.
pub(crate) fn packages(facts: &TargetFacts) -> Vec<(PackageKind, String)> {
    let uses = facts.packages.iter().filter_map(|package| Some((kind_of(package.manager)?, package)));
    uses.flat_map(|(kind, package)| package.operands.iter().map(move |name| (kind, package_name(kind, name))))
        .collect()
}

fn kind_of(manager: PackageManager) -> Option<PackageKind> {
    match manager {
        PackageManager::Apt => Some(PackageKind::Apt),
        PackageManager::Apk => Some(PackageKind::Apk),
        PackageManager::Pip
        | PackageManager::Uv
        | PackageManager::Poetry
        | PackageManager::Pipenv
        | PackageManager::Pdm
        | PackageManager::Conda => Some(PackageKind::Pip),
        PackageManager::Npm | PackageManager::Yarn | PackageManager::Pnpm | PackageManager::Bun => {
            Some(PackageKind::Npm)
        }
        PackageManager::Gem | PackageManager::Bundle => Some(PackageKind::Gem),
        _ => None,
    }
}

/// The name without version, extras and markers, as each registry compares names (PEP 503 for PyPI).
pub(crate) fn package_name(kind: PackageKind, written: &str) -> String {
    let written = written.trim();
    let end = match kind {
        // A scope begins with `@`, a version follows the next.
        PackageKind::Npm => written.get(1..).and_then(|rest| rest.find('@')).map(|at| at + 1),
        _ => written.find(['=', '<', '>', '!', '~', '[', ';', ' ', '@', ':']),
    };
    let name = written.get(..end.unwrap_or(written.len())).unwrap_or(written);
    match kind {
        PackageKind::Pip => temper_model::pypi_name(written),
        _ => name.to_owned(),
    }
}

/// Directories that `RUN` gives to a user or makes writable for everybody, and what says so.
#[must_use]
pub fn given_directories(facts: &TargetFacts) -> Vec<(String, String)> {
    let mut given: Vec<(String, String)> = Vec::new();
    for fact in &facts.paths {
        let Some(path) = fact.path.known().filter(|path| is_data_directory(path)) else { continue };
        // A volume over cloned code would keep the code of its first start, whatever a later image brings.
        if clones(facts).any(|clone| clone == cover::canonical(path)) {
            continue;
        }
        let owner = fact.owner.as_ref().and_then(Resolved::known).unwrap_or("a user");
        let why = match fact.action {
            PathAction::ChangeOwner => {
                (!is_root(owner)).then(|| format!("the Dockerfile gives {path} to {owner}"))
            }
            PathAction::ChangeMode => {
                let mode = fact.mode.as_ref().and_then(Resolved::known).unwrap_or_default();
                opens_to_all(mode).then(|| format!("the Dockerfile makes {path} writable for everybody"))
            }
            PathAction::CreateDirectory => created_for(facts, path),
            PathAction::CreateFile => None,
        };
        given.extend(why.map(|why| (path.to_owned(), why)));
    }
    given.sort();
    given.dedup_by(|later, first| later.0 == first.0);
    given
}

/// A directory that is made and then given away with its parent is there to be written when its name says so; the
/// others hold code or what the build fetched.
fn created_for(facts: &TargetFacts, path: &str) -> Option<String> {
    const DATA: [&str; 24] = [
        "cache",
        "data",
        "db",
        "downloads",
        "files",
        "input",
        "log",
        "logs",
        "media",
        "models",
        "output",
        "outputs",
        "results",
        "runtime",
        "sessions",
        "spool",
        "state",
        "storage",
        "temp",
        "tmp",
        "uploads",
        "var",
        "work",
        "workspace",
    ];
    let name = path.rsplit('/').find(|part| !part.is_empty())?.trim_start_matches('.').to_ascii_lowercase();
    let path = cover::canonical(path);
    let given = facts.paths.iter().find(|fact| {
        let owner = fact.owner.as_ref().and_then(Resolved::known).unwrap_or("a user");
        let above = fact.path.known().is_some_and(|above| cover::holds(&cover::canonical(above), &path));
        fact.action == PathAction::ChangeOwner && fact.recursive && above && !is_root(owner)
    })?;
    let owner = given.owner.as_ref().and_then(Resolved::known).unwrap_or("a user");
    DATA.contains(&name.as_str()).then(|| format!("the Dockerfile creates {path} and gives it to {owner}"))
}

fn is_root(owner: &str) -> bool {
    matches!(owner.split([':', '.']).next(), Some("root" | "0" | ""))
}

/// `777`, `1777`, `a+w`, `o+rwx`: others may write.
fn opens_to_all(mode: &str) -> bool {
    match u32::from_str_radix(mode, 8) {
        Ok(bits) => bits & 0o002 != 0,
        Err(_) => mode
            .split(',')
            .any(|part| part.starts_with(['a', 'o', '+']) && part.contains('w') && !part.contains('-')),
    }
}

/// Directories of the system itself are created for packages, not for the service to write.
fn is_data_directory(path: &str) -> bool {
    const SYSTEM: [&str; 9] =
        ["/usr", "/etc", "/bin", "/sbin", "/lib", "/boot", "/root", "/var/lib/apt", "/var/lib/dpkg"];
    let path = cover::canonical(path);
    path != "/" && !SYSTEM.iter().any(|directory| cover::holds(directory, &path))
}

/// True when the image has files there that a mount would hide: COPY and ADD wrote them.
pub(crate) fn holds_code(facts: &TargetFacts, path: &str) -> bool {
    let path = cover::canonical(path);
    let copied = facts.copies.iter().filter_map(|copy| copy.dest.known()).map(cover::canonical);
    copied.chain(clones(facts)).any(|dest| cover::holds(&path, &dest))
}

/// Directories that hold cloned code.
fn clones(facts: &TargetFacts) -> impl Iterator<Item = String> + '_ {
    facts.clones.iter().filter_map(Resolved::known).map(cover::canonical)
}

/// Supplementary groups that the Dockerfile gives to a user, and what says so.
pub(crate) fn supplementary_groups(facts: &TargetFacts) -> Vec<(String, String)> {
    let groups = facts.accounts.users.iter().flat_map(|user| user.groups.iter());
    let named = groups.filter_map(|group| group.known()).map(|group| {
        (
            group.to_owned(),
            format!("the Dockerfile adds its user to {group}, and `user:` by number drops that"),
        )
    });
    named.collect()
}

/// What the start scripts of a service do: those of its image, unless the service starts something else.
pub(crate) fn start_scripts<'a>(stack: &'a Stack, service: &Service) -> Option<&'a StartScripts> {
    let build = service.build.as_ref().filter(|_| service.entrypoint.is_none())?;
    let key = (build.context.clone()?, build.dockerfile.as_ref()?.value.clone());
    stack.start_scripts.get(&key)
}

/// Why an image whose start scripts do this has to start as root. What is written to a directory of `own` is written by
/// its user.
#[must_use]
pub fn needs_root(scripts: &StartScripts, own: impl Fn(&str) -> bool) -> Option<String> {
    if let Some(root) = &scripts.root {
        let runs = if root.conditional { "may run" } else { "runs" };
        return Some(format!("{} {runs} {}, which needs root", root.script, root.program));
    }
    let write = scripts.writes.iter().find(|write| {
        let path = cover::canonical(&write.path);
        !ANYBODY.iter().any(|directory| cover::holds(directory, &path)) && !own(&path)
    })?;
    let writes = if write.conditional { "may write" } else { "writes" };
    Some(format!(
        "{} {writes} {}, where nothing says that another user than root can",
        write.script, write.path
    ))
}

/// Where every user can write.
const ANYBODY: [&str; 4] = ["/tmp", "/var/tmp", "/dev", "/proc"];

/// The program with which the image changes users after it started as root, if it does.
#[must_use]
pub fn switches_user(facts: &TargetFacts) -> Option<&'static str> {
    let wrapper = facts.start.wrappers.iter().find_map(|used| match used.wrapper {
        Wrapper::Gosu => Some("gosu"),
        Wrapper::SuExec => Some("su-exec"),
        Wrapper::Setuidgid => Some("s6-setuidgid"),
        Wrapper::S6Overlay => Some("s6-overlay"),
        Wrapper::Supervisord if used.at_start => Some("supervisord"),
        // These are part of every Debian image; only a start command that names them says something.
        Wrapper::Setpriv if used.at_start => Some("setpriv"),
        Wrapper::Su if used.at_start => Some("su"),
        Wrapper::Sudo if used.at_start => Some("sudo"),
        _ => None,
    });
    wrapper.or_else(|| root_daemon(facts))
}

/// A daemon that starts as root to act for other users, and that the image installs by itself.
fn root_daemon(facts: &TargetFacts) -> Option<&'static str> {
    const DAEMONS: [&str; 9] = [
        "cron",
        "cronie",
        "dcron",
        "dovecot",
        "dovecot-core",
        "openssh-server",
        "postfix",
        "proftpd",
        "vsftpd",
    ];
    let installed = packages(facts);
    DAEMONS.into_iter().find(|daemon| {
        let of_system = |kind: &PackageKind| matches!(kind, PackageKind::Apt | PackageKind::Apk);
        installed.iter().any(|(kind, name)| of_system(kind) && name == daemon)
    })
}

#[cfg(test)]
mod tests {
    use super::{PackageKind, opens_to_all, package_name};

    #[test]
    fn package_names_lose_version_and_extras() {
        assert_eq!(package_name(PackageKind::Pip, "Flask_Cors[x]>=2; python_version<'3'"), "flask-cors");
        assert_eq!(package_name(PackageKind::Npm, "@scope/pkg@1.2.3"), "@scope/pkg");
        assert_eq!(package_name(PackageKind::Npm, "next@latest"), "next");
        assert_eq!(package_name(PackageKind::Apt, "ffmpeg=7:5.1"), "ffmpeg");
    }

    #[test]
    fn modes_that_let_everybody_write_are_seen_in_both_notations() {
        for mode in ["777", "0777", "1777", "a+rwx", "o+w", "+w"] {
            assert!(opens_to_all(mode), "{mode}");
        }
        for mode in ["755", "0700", "u+w", "g+w", "o-w"] {
            assert!(!opens_to_all(mode), "{mode}");
        }
    }
}
