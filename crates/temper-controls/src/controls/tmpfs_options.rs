//! Every tmpfs has a size and belongs to the user that writes it.
//!
//! ## What it flags
//! A tmpfs mount, in short or long form,
//! - without a size: it may then take half of the memory of the host;
//! - whose long-form `mode` is decimal where an octal number is meant: `mode: 1777` is 03361;
//! - that a user other than root cannot be sure to write: it is not open to everybody (`mode=1777`), and its `uid=` is
//!   another one or not given, or its `mode=` is not given. The engine takes the mode of the directory below the mount,
//!   often 0755, and root as owner;
//! - that is `noexec`, as every tmpfs of Docker is by default, although something is executed there (a JIT, extracted
//!   libraries), or `exec` although nothing shows that it is needed.
//!
//! In a running container: the mount table (size, mode, owner, noexec, nosuid, nodev), which has to say what the files say,
//! and attempts to write and to run a file there as the users of its processes.
//!
//! ## Why it matters
//! A tmpfs that the service cannot write breaks it at start or only at the next restart. One without a limit lets a single
//! container use up the memory of the host.
//!
//! ## Fix safety
//! Safe where owner and mode are added for the one user that the service has. A size, another mode and `noexec` need proof,
//! since they may take away what the service uses.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.11: ensure that the memory usage for containers is limited
//! - NIST SP 800-190, 4.4.3
//! - <https://docs.docker.com/engine/storage/tmpfs/>
//! - <https://docs.kernel.org/filesystems/tmpfs.html>

use std::collections::BTreeSet;

use temper_fit::{Identity, PlannedTmpfs, WritablePath, canonical, holds};
use temper_model::compose::Tmpfs;
use temper_model::container::{MountEntry, Outcome, Tried};
use temper_model::{parse_size, show_size};
use temper_text::Loc;

use super::shared::live::{CanWrite, attempts, can_write, mounts, proven};
use super::shared::run_as::is_open_to_all;
use super::shared::writable::replace_tmpfs;
use super::shared::{fix, missing_variables, needs_proof};
use super::{ContainerContext, Control, ServiceContext};
use crate::{Fix, Meta, Safety, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct TmpfsOptions;

static META: Meta = Meta {
    id: "tmpfs-options",
    title: "every tmpfs has a size and belongs to the user that writes it",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.11", "nist-sp-800-190:4.4.3"],
    requires: &[],
    source: include_str!("tmpfs_options.rs"),
};

/// What is wrong with a tmpfs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Problem {
    NoSize,
    DecimalMode { written: u32, meant: u32 },
    NotOwned(String),
    NeedsExec(String),
    ExecForNothing,
}

impl Problem {
    fn text(&self) -> String {
        match self {
            Self::NoSize => "no size, so it may take half of the host's memory".to_owned(),
            Self::DecimalMode { written, meant } => {
                format!("mode {written} is decimal, which is {written:04o} and not {meant:04o}")
            }
            Self::NotOwned(why) => why.clone(),
            Self::NeedsExec(path) => format!("noexec, but files in {path} are executed"),
            Self::ExecForNothing => "exec, and nothing shows that files there are executed".to_owned(),
        }
    }
}

impl Control for TmpfsOptions {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        // `shared-memory` says what to do about a tmpfs over /dev/shm.
        let is_shared_memory = |tmpfs: &&Tmpfs| canonical(&tmpfs.target) == "/dev/shm";
        for tmpfs in context.service.tmpfs.iter().filter(|tmpfs| !is_shared_memory(tmpfs)) {
            judge(context, tmpfs, verdicts);
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let Some(table) = mounts(context, verdicts) else { return };
        let settings = &context.container.settings;
        let long = settings.mounts.iter().filter(|mount| mount.kind == "tmpfs").map(|mount| &mount.target);
        let targets: BTreeSet<String> = settings
            .tmpfs
            .keys()
            .chain(long)
            .chain(context.service.service.tmpfs.iter().map(|tmpfs| &tmpfs.target))
            .map(|target| canonical(target))
            .filter(|target| target != "/dev/shm")
            .collect();
        if targets.is_empty() {
            return;
        }
        let Some(tried) = attempts(context, verdicts) else { return };
        for target in targets {
            in_container(context, &target, table, tried, verdicts);
        }
    }
}

fn in_container(
    context: &ContainerContext<'_>,
    target: &str,
    table: &[MountEntry],
    tried: &[Tried],
    verdicts: &mut Verdicts,
) {
    let written = context.service.service.tmpfs.iter().rfind(|tmpfs| canonical(&tmpfs.target) == target);
    let at = written.map_or(context.service.service.at, |tmpfs| tmpfs.at);
    let mount =
        table.iter().rfind(|mount| canonical(&mount.target) == target && mount.file_system == "tmpfs");
    let Some(mount) = mount else {
        verdicts.fail(at, format!("no tmpfs is mounted on {target}"));
        return;
    };
    let mut problems: Vec<String> = Vec::new();
    let size = mount.option("size").and_then(|size| parse_size(size).ok());
    if size.is_none() && mount.option("nr_blocks").is_none() {
        problems.push("no size, so it may take half of the host's memory".to_owned());
    }
    for flag in ["nosuid", "nodev"] {
        if !mount.has(flag) {
            problems.push(format!("without {flag}"));
        }
    }
    if let Some(written) = written.filter(|written| written.missing.is_empty()) {
        problems.extend(differences(written, mount, size));
    }
    let runs = tried.iter().filter_map(|who| who.execute(&mount.target));
    let runs: Vec<&Outcome> = runs.map(|attempt| &attempt.outcome).collect();
    let is_run = runs.contains(&&Outcome::Done);
    if mount.has("noexec") && is_run {
        problems.push("a file there could be run although it is noexec".to_owned());
    }
    if !mount.has("noexec") && !written.is_some_and(|written| written.exec) {
        problems.push("files there can be run: it is not noexec".to_owned());
    }
    let writer =
        context.service.profile.writable.iter().find(|path| path.path == target).map(|path| path.owner.0);
    let writes = can_write(tried, &mount.target, writer);
    if let CanWrite::No(uid, error) = &writes {
        problems.push(format!("uid {uid} cannot write there ({error})"));
    }
    if !problems.is_empty() {
        verdicts.fail(at, format!("the tmpfs on {target}: {}", problems.join("; ")));
        return;
    }
    match writes {
        CanWrite::Unknown(missing) => {
            verdicts.unknown(
                at,
                format!("cannot tell whether the tmpfs on {target} can be written"),
                missing,
            );
        }
        CanWrite::Yes(uid) => {
            let ran = if is_run { "could be run" } else { "could not be run" };
            verdicts
                .pass(at, format!("the tmpfs on {target} is limited, and uid {uid} could write there"))
                .because([proven(format!("a file was written, and {ran}"))]);
        }
        CanWrite::No(..) => {}
    }
}

/// Where the mount table says something else than the files.
fn differences(written: &Tmpfs, mount: &MountEntry, size: Option<u64>) -> Vec<String> {
    // The kernel counts whole pages, and leaves out what is its default.
    const PAGE: u64 = 4096;
    let mut all = Vec::new();
    if let (Some(said), Some(found)) = (written.size.filter(|size| *size > 0), size)
        && said.abs_diff(found) >= PAGE
    {
        all.push(format!("its size is {}, the files say {}", show_size(found), show_size(said)));
    }
    let mode = mount.option("mode").map_or(Some(0o1777), |mode| u32::from_str_radix(mode, 8).ok());
    if let (Some(said), Some(found)) = (written.mode, mode)
        && said != found
    {
        all.push(format!("its mode is {found:04o}, the files say {said:04o}"));
    }
    for (name, said) in [("uid", written.uid), ("gid", written.gid)] {
        let found = mount.option(name).map_or(Some(0), |number| number.parse().ok());
        if let (Some(said), Some(found)) = (said, found)
            && said != found
        {
            all.push(format!("its {name} is {found}, the files say {said}"));
        }
    }
    if written.exec && mount.has("noexec") {
        all.push("it is noexec, the files say exec".to_owned());
    }
    all
}

fn judge(context: &ServiceContext<'_>, tmpfs: &Tmpfs, verdicts: &mut Verdicts) {
    if !tmpfs.missing.is_empty() {
        let missing = missing_variables(&tmpfs.missing);
        verdicts.unknown(tmpfs.at, "the tmpfs hangs on a variable", missing);
        return;
    }
    let mut problems = Vec::new();
    if !has_size(tmpfs) {
        problems.push(Problem::NoSize);
    }
    let decimal = decimal_mode(tmpfs);
    problems.extend(decimal.clone());
    let mode = match &decimal {
        Some(Problem::DecimalMode { meant, .. }) => Some(*meant),
        _ => tmpfs.mode,
    };
    let owner = ownership(context, tmpfs, mode);
    if let Ok(Some(why)) = &owner {
        problems.push(Problem::NotOwned(why.clone()));
    }
    problems.extend(execution(context, tmpfs));
    if problems.is_empty() {
        match owner {
            Err(missing) => {
                let message = format!("cannot tell whether its user may write the tmpfs on {}", tmpfs.target);
                verdicts.unknown(tmpfs.at, message, missing);
            }
            Ok(_) => {
                verdicts.pass(tmpfs.at, format!("the tmpfs on {} is limited and owned", tmpfs.target));
            }
        }
        return;
    }
    let texts: Vec<String> = problems.iter().map(Problem::text).collect();
    let at = place(context, tmpfs, &problems);
    verdicts
        .fail(at, format!("the tmpfs on {}: {}", tmpfs.target, texts.join("; ")))
        .fix(with_options(context, tmpfs, mode, &problems));
}

/// The mode itself when that is all that is wrong.
fn place(context: &ServiceContext<'_>, tmpfs: &Tmpfs, problems: &[Problem]) -> Loc {
    let mode = || {
        let mounts = context.service.value.get("volumes")?.as_seq()?;
        let mount = mounts.iter().find(|mount| mount.at == tmpfs.at)?;
        mount.path(&["tmpfs", "mode"]).map(|mode| mode.at)
    };
    match problems {
        [Problem::DecimalMode { .. }] => mode().unwrap_or(tmpfs.at),
        _ => tmpfs.at,
    }
}

/// `size=0` means no limit, `size=50%` is one (kernel, `Documentation/filesystems/tmpfs.rst`).
fn has_size(tmpfs: &Tmpfs) -> bool {
    let in_other_words = |option: &String| {
        option.starts_with("nr_blocks=") || (option.starts_with("size=") && option.ends_with('%'))
    };
    tmpfs.size.is_some_and(|size| size > 0) || tmpfs.options.iter().any(in_other_words)
}

/// A long-form mode whose decimal digits are a mode that people write, such as 1777 and 755.
fn decimal_mode(tmpfs: &Tmpfs) -> Option<Problem> {
    const USUAL: [u32; 9] = [0o700, 0o711, 0o750, 0o755, 0o770, 0o775, 0o777, 0o1770, 0o1777];
    let written = tmpfs.mode.filter(|_| tmpfs.long_form)?;
    let meant = u32::from_str_radix(&written.to_string(), 8).ok()?;
    USUAL.contains(&meant).then_some(Problem::DecimalMode { written, meant })
}

/// Why its user may not be able to write it; an error when the user is not known and that matters.
fn ownership(
    context: &ServiceContext<'_>,
    tmpfs: &Tmpfs,
    mode: Option<u32>,
) -> Result<Option<String>, String> {
    const ALL_MAY_WRITE: u32 = 0o002;
    if mode.is_some_and(|mode| mode & ALL_MAY_WRITE != 0) {
        return Ok(None);
    }
    let uid = match &context.profile.login.start {
        Identity::Root => return Ok(None),
        Identity::Numeric { uid, .. } | Identity::Named { uid: Some(uid), .. } => *uid,
        Identity::Named { name, .. } => return Err(format!("the number of {name} in the image")),
        Identity::Unknown { why } => return Err(why.clone()),
    };
    Ok(match (tmpfs.uid, mode) {
        (Some(owner), _) if owner != uid => {
            Some(format!("it belongs to uid {owner}, but the service runs as {uid}"))
        }
        (Some(_), Some(_)) => None,
        (Some(_), None) => Some("no mode, so it takes that of the directory below it".to_owned()),
        (None, _) => Some(format!("it belongs to root, but the service runs as {uid}")),
    })
}

fn execution(context: &ServiceContext<'_>, tmpfs: &Tmpfs) -> Option<Problem> {
    let path = canonical(&tmpfs.target);
    let executed = context.profile.writable.iter().find(|written| {
        written.exec
            && written.cover == Some(temper_fit::Cover::Tmpfs(tmpfs.at))
            && holds(&path, &written.path)
    });
    match executed {
        Some(written) if !tmpfs.exec => Some(Problem::NeedsExec(written.path.clone())),
        None if tmpfs.exec && context.profile.blind.is_none() => Some(Problem::ExecForNothing),
        _ => None,
    }
}

fn with_options(context: &ServiceContext<'_>, tmpfs: &Tmpfs, mode: Option<u32>, problems: &[Problem]) -> Fix {
    let planned = planned(context, tmpfs, mode);
    let mut item = planned.short_form();
    for option in tmpfs.options.iter().filter(|option| !is_stated(option)) {
        item.push(',');
        item.push_str(option);
    }
    let summary = format!("mount {item}");
    let reason = match problems.first() {
        Some(Problem::NoSize) => "limits what it may take of the memory",
        Some(Problem::DecimalMode { .. }) => "octal mode",
        Some(Problem::NeedsExec(_)) => "files there are executed",
        Some(Problem::ExecForNothing) => "nothing there is executed",
        Some(Problem::NotOwned(_)) | None => "the user of the service may write it",
    };
    let actions = replace_tmpfs(tmpfs, item).into_iter().map(|action| (action, reason.to_owned()));
    fix(context, safety(context, problems), summary, actions)
}

/// Options that [`PlannedTmpfs::short_form`] states itself.
fn is_stated(option: &str) -> bool {
    let name = option.split('=').next().unwrap_or(option);
    matches!(
        name,
        "size"
            | "nr_blocks"
            | "uid"
            | "gid"
            | "mode"
            | "exec"
            | "noexec"
            | "suid"
            | "nosuid"
            | "dev"
            | "nodev"
            | "rw"
    )
}

fn planned(context: &ServiceContext<'_>, tmpfs: &Tmpfs, mode: Option<u32>) -> PlannedTmpfs {
    let path = canonical(&tmpfs.target);
    let written = context.profile.writable.iter().find(|written| written.path == path);
    let (uid, gid) = written.map(|written| written.owner).unwrap_or_else(|| owner(context));
    let usual_mode = if is_open_to_all(&path) { 0o1777 } else { 0o700 };
    let executed = context.profile.writable.iter().any(|written| written.exec && holds(&path, &written.path));
    PlannedTmpfs {
        path: tmpfs.target.clone(),
        size: tmpfs.size.filter(|size| *size > 0).unwrap_or_else(|| usual_size(context, &path, written)),
        uid,
        gid,
        mode: mode.or(written.map(|written| written.mode)).unwrap_or(usual_mode),
        exec: executed || (tmpfs.exec && context.profile.blind.is_some()),
        evidence: Vec::new(),
    }
}

fn owner(context: &ServiceContext<'_>) -> (u32, u32) {
    let target = context.profile.target.user.as_ref().map(|user| (user.uid, user.gid));
    target.unwrap_or(match &context.profile.login.start {
        Identity::Numeric { uid, gid } | Identity::Named { uid: Some(uid), gid, .. } => {
            (*uid, gid.unwrap_or(0))
        }
        _ => (0, 0),
    })
}

fn usual_size(context: &ServiceContext<'_>, path: &str, written: Option<&WritablePath>) -> u64 {
    let sizes = context.stack.settings.sizes(context.profile.class.value);
    let usual = if is_open_to_all(path) { sizes.tmp } else { sizes.cache };
    written.map(|written| written.size).filter(|size| *size > 0).unwrap_or(usual)
}

fn safety(context: &ServiceContext<'_>, problems: &[Problem]) -> Safety {
    let login = &context.profile.login;
    let one_user = login.start == login.runs_as && login.start != Identity::Root;
    match problems {
        [Problem::NotOwned(_)] if one_user => Safety::Safe,
        [Problem::NeedsExec(_)] => Safety::Safe,
        problems if problems.contains(&Problem::NoSize) => {
            needs_proof("the service may write more than the limit")
        }
        problems if problems.contains(&Problem::ExecForNothing) => {
            needs_proof("the service may execute files there")
        }
        _ => needs_proof("another process of the container may write there too"),
    }
}
