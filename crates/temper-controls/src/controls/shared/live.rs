//! What several controls ask of a running container.

use temper_fit::{Evidence, EvidenceKind};
use temper_model::container::{Attempt, Container, MountEntry, Outcome, PathAttempt, Process, Tried};
use temper_text::Loc;

use super::super::ContainerContext;
use crate::Verdicts;

/// All processes of the container; says `unknown` when they were not seen.
pub(in crate::controls) fn processes<'c>(
    context: &ContainerContext<'c>,
    verdicts: &mut Verdicts,
) -> Option<&'c [Process]> {
    let at = context.service.service.at;
    match context.container.processes.get() {
        Ok(processes) => Some(processes),
        Err(missing) => {
            verdicts.unknown(at, "its processes were not seen", missing);
            None
        }
    }
}

/// Its mount table; says `unknown` when it was not seen.
pub(in crate::controls) fn mounts<'c>(
    context: &ContainerContext<'c>,
    verdicts: &mut Verdicts,
) -> Option<&'c [MountEntry]> {
    match context.container.mounts.get() {
        Ok(mounts) => Some(mounts),
        Err(missing) => {
            verdicts.unknown(context.service.service.at, "its mount table was not seen", missing);
            None
        }
    }
}

/// What was tried in it; says `unknown` when nothing could be tried.
pub(in crate::controls) fn attempts<'c>(
    context: &ContainerContext<'c>,
    verdicts: &mut Verdicts,
) -> Option<&'c [Tried]> {
    match context.container.attempts.get() {
        Ok(tried) if !tried.is_empty() => Some(tried),
        Ok(_) => {
            verdicts.unknown(context.service.service.at, "nothing was tried in it", "an attempt as its user");
            None
        }
        Err(missing) => {
            verdicts.unknown(context.service.service.at, "nothing could be tried in it", missing);
            None
        }
    }
}

/// `process 29 (nginx)`, by its number in the container; how many more there are of the kind.
pub(in crate::controls) fn named(found: &[&Process]) -> String {
    match found {
        [] => "no process".to_owned(),
        [one] => format!("process {} ({})", one.inner_pid, one.name),
        [first, rest @ ..] => {
            let more = rest.len();
            let noun = if more == 1 { "other" } else { "others" };
            format!("process {} ({}) and {more} {noun}", first.inner_pid, first.name)
        }
    }
}

/// `the only process`, `all 5 processes`.
pub(in crate::controls) fn all_of(processes: &[Process]) -> String {
    match processes.len() {
        1 => "the only process".to_owned(),
        number => format!("all {number} processes"),
    }
}

/// Evidence seen on the running container.
pub(in crate::controls) fn observed(detail: impl Into<String>) -> Evidence {
    Evidence::general(EvidenceKind::Observed, detail)
}

/// Evidence of an attempt.
pub(in crate::controls) fn proven(detail: impl Into<String>) -> Evidence {
    Evidence::general(EvidenceKind::Proven, detail)
}

/// The path that was really tried.
pub(in crate::controls) fn tried_at(attempt: &PathAttempt) -> &str {
    attempt.at.as_deref().unwrap_or(&attempt.path)
}

/// Every attempt to write, with the user who tried.
pub(in crate::controls) fn writes(tried: &[Tried]) -> impl Iterator<Item = (&Tried, &PathAttempt)> {
    tried.iter().flat_map(|tried| {
        tried.attempts.iter().filter_map(move |attempt| match attempt {
            Attempt::Write(path) => Some((tried, path)),
            _ => None,
        })
    })
}

/// Whether the service can write somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::controls) enum CanWrite {
    /// It was done as this user.
    Yes(u32),
    /// It was refused to this user with this error.
    No(u32, String),
    /// It cannot be told: why.
    Unknown(String),
}

/// Whether the service can write at a path. Its processes may be several users, as a master and its workers are: then the
/// one that `writer` names decides, else all of them have to agree.
pub(in crate::controls) fn can_write(tried: &[Tried], path: &str, writer: Option<u32>) -> CanWrite {
    let of_writer = |tried: &&Tried| writer == Some(tried.uid);
    let deciding: Vec<&Tried> = if tried.iter().any(|tried| of_writer(&tried)) {
        tried.iter().filter(of_writer).collect()
    } else {
        tried.iter().collect()
    };
    let mut done = None;
    let mut refused = None;
    for who in deciding {
        match who.write(path).map(|attempt| &attempt.outcome) {
            Some(Outcome::Done) => done = done.or(Some(who.uid)),
            Some(Outcome::Refused(error)) => refused = refused.or_else(|| Some((who.uid, error.clone()))),
            Some(Outcome::NotTried(why)) => return CanWrite::Unknown(why.clone()),
            None => return CanWrite::Unknown(format!("nothing was tried at {path}")),
        }
    }
    match (done, refused) {
        (Some(uid), None) => CanWrite::Yes(uid),
        (None, Some((uid, error))) => CanWrite::No(uid, error),
        (Some(can), Some((cannot, _))) => CanWrite::Unknown(format!(
            "uid {can} can write there and uid {cannot} cannot: which of them has to"
        )),
        (None, None) => CanWrite::Unknown(format!("nothing was tried at {path}")),
    }
}

/// The mount of the root file system: of several on `/`, the last hides the others.
pub(in crate::controls) fn root(mounts: &[MountEntry]) -> Option<&MountEntry> {
    Container::mount_of(mounts, "/")
}

/// The place of a setting in the files, or that of the service.
pub(in crate::controls) fn place(context: &ContainerContext<'_>, setting: Option<Loc>) -> Loc {
    setting.unwrap_or(context.service.service.at)
}
