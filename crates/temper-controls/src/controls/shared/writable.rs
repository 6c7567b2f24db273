//! The changes that make writable what a service writes.

use temper_fit::{ImageSource, PlannedTmpfs, WritablePath, canonical};
use temper_model::compose::Tmpfs;

use super::super::ServiceContext;
use super::reason_of;
use super::run_as::run_as;
use crate::{Change, ComposeAction};

/// Changes for every path of the profile that nothing covers: tmpfs mounts, volumes and variables.
///
/// # Errors
/// When a path cannot be covered, for people.
pub(in crate::controls) fn make_writable(context: &ServiceContext<'_>) -> Result<Vec<Change>, String> {
    let target = &context.profile.target;
    let planned = |path: &WritablePath| {
        target.tmpfs.iter().any(|tmpfs| tmpfs.path == path.path)
            || target.volumes.iter().any(|(_, at, _)| *at == path.path)
    };
    if let Some(path) = uncovered(context).find(|path| !planned(path)) {
        let why = path.evidence.first().map_or(String::new(), |evidence| format!(" ({})", evidence.detail));
        return Err(format!(
            "{} is written{why}, but the image keeps its program there and a mount would hide it: move what it writes",
            path.path
        ));
    }
    let mut changes: Vec<Change> = Vec::new();
    for tmpfs in &target.tmpfs {
        changes.push(of_service(
            context,
            add_tmpfs(tmpfs),
            reason_of(&tmpfs.evidence, "written by the service"),
        ));
    }
    for (name, path, evidence) in &target.volumes {
        changes.extend(new_volume(context, name, path, &reason_of(evidence, "kept by the service")));
    }
    for redirect in &target.redirects {
        let action =
            ComposeAction::SetVariable { name: redirect.variable.clone(), value: redirect.value.clone() };
        changes.push(of_service(context, action, reason_of(&redirect.evidence, "leads to a writable path")));
    }
    changes.extend(own_new_volumes(context));
    Ok(changes)
}

/// Paths that the service writes and nothing makes writable.
pub(in crate::controls) fn uncovered<'a>(
    context: &ServiceContext<'a>,
) -> impl Iterator<Item = &'a WritablePath> + use<'a> {
    context.profile.writable.iter().filter(|path| path.cover.is_none())
}

/// A change of the service.
pub(in crate::controls) fn of_service(
    context: &ServiceContext<'_>,
    action: ComposeAction,
    reason: impl Into<String>,
) -> Change {
    Change::Service {
        project: context.index,
        service: context.service.name.clone(),
        action,
        reason: reason.into(),
    }
}

/// Mounts a tmpfs.
pub(in crate::controls) fn add_tmpfs(tmpfs: &PlannedTmpfs) -> ComposeAction {
    ComposeAction::Append { key: "tmpfs", item: tmpfs.short_form() }
}

/// Puts another tmpfs in the place of one. The long form cannot say uid and gid, so it becomes the short one.
pub(in crate::controls) fn replace_tmpfs(old: &Tmpfs, item: String) -> Vec<ComposeAction> {
    if old.long_form {
        vec![
            ComposeAction::Remove { key: "volumes", at: old.at },
            ComposeAction::Append { key: "tmpfs", item },
        ]
    } else {
        vec![ComposeAction::Replace { key: "tmpfs", at: old.at, item }]
    }
}

/// Takes a tmpfs away.
pub(in crate::controls) fn remove_tmpfs(tmpfs: &Tmpfs) -> ComposeAction {
    let key = if tmpfs.long_form { "volumes" } else { "tmpfs" };
    ComposeAction::Remove { key, at: tmpfs.at }
}

/// Declares a named volume and mounts it.
pub(in crate::controls) fn new_volume(
    context: &ServiceContext<'_>,
    name: &str,
    path: &str,
    reason: &str,
) -> [Change; 2] {
    let mount = ComposeAction::Append { key: "volumes", item: format!("{name}:{path}") };
    [
        Change::Volume { project: context.index, name: name.to_owned(), reason: reason.to_owned() },
        of_service(context, mount, reason),
    ]
}

/// A new volume on a path that the image does not have belongs to root, so the image has to give it to the user. Where
/// the Dockerfile gets a new user anyway, `non-root-user` brings this change.
fn own_new_volumes(context: &ServiceContext<'_>) -> Option<Change> {
    let target = &context.profile.target;
    let user = target.user.as_ref().filter(|user| user.uid != 0 && !user.needs_dockerfile)?;
    if target.volumes.is_empty() || !matches!(context.profile.image, ImageSource::Built { .. }) {
        return None;
    }
    let owned = target.volumes.iter().map(|(_, path, _)| canonical(path)).collect();
    run_as(&context.profile.image, user, owned, "a new volume takes its owner from the image")
}
