//! The root file system of the container is read-only.
//!
//! ## What it flags
//! A service without `read_only: true`.
//!
//! In a running container: the mount table, and an attempt to write in the directories of the root as each user that its
//! processes have. Only a root that is mounted read-only and refused with EROFS passes; being refused for lack of rights is no
//! proof.
//!
//! ## Why it matters
//! Who takes over a process with a writable root can replace programs of the container and bring tools that stay until it
//! is created again. With a read-only root only the declared mounts can be written, and those can be `noexec`.
//!
//! ## Fix safety
//! Needs proof: a path that the service writes only now and then may not be known. The fix sets `read_only: true` and
//! brings, in the same step, a tmpfs or a volume for each path that is known to be written and not covered, and variables
//! that move caches; so it needs no other control's fix. It is refused when nothing is known of the image, when the image
//! is known not to work, and when a path that is written holds the program itself.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.13: ensure that the container's root filesystem is mounted as read only
//! - NIST SP 800-190, 4.4.4
//! - <https://docs.docker.com/reference/compose-file/services/#read_only>

use temper_fit::ImageSource;
use temper_fit::images::{Match, RootfsSupport};
use temper_model::Setting;
use temper_model::container::{Container, Outcome};

use super::shared::live::{attempts, mounts, place, proven, root, tried_at, writes};
use super::shared::writable::{make_writable, of_service};
use super::shared::{missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{Change, ComposeAction, Fix, Meta, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct ReadOnlyRootfs;

static META: Meta = Meta {
    id: "read-only-rootfs",
    title: "the root file system is read-only",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.13", "nist-sp-800-190:4.4.4"],
    requires: &[],
    source: include_str!("read_only_rootfs.rs"),
};

impl Control for ReadOnlyRootfs {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        match &context.service.read_only {
            Some(Setting::Known(set)) if set.value => {
                verdicts.pass(set.at, "`read_only` is true");
            }
            Some(Setting::Known(set)) => {
                verdicts.fail(set.at, "the root file system is writable").fix(read_only(context));
            }
            None => {
                let message = "the root file system is writable: nothing sets `read_only`";
                verdicts.fail(context.service.at, message).fix(read_only(context));
            }
            Some(Setting::Unknown { at, missing, .. }) => {
                verdicts.unknown(*at, "`read_only` hangs on a variable", missing_variables(missing));
            }
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = place(context, context.service.service.read_only.as_ref().map(Setting::at));
        let Some(mounts) = mounts(context, verdicts) else { return };
        let Some(root) = root(mounts) else {
            verdicts.unknown(at, "cannot tell whether its root is read-only", "its mount table has no root");
            return;
        };
        if !root.read_only() {
            verdicts.fail(at, "the root file system is mounted writable");
            return;
        }
        let Some(tried) = attempts(context, verdicts) else { return };
        let on_root = || {
            writes(tried).filter(|(_, attempt)| {
                Container::mount_of(mounts, tried_at(attempt)).is_some_and(|mount| mount.target == "/")
            })
        };
        if let Some((who, attempt)) = on_root().find(|(_, attempt)| attempt.outcome == Outcome::Done) {
            let message =
                format!("uid {} could write in {}, which is on the root", who.uid, tried_at(attempt));
            verdicts.fail(at, message);
            return;
        }
        let erofs = Outcome::Refused("EROFS".to_owned());
        let refused: Vec<String> = on_root()
            .filter(|(_, attempt)| attempt.outcome == erofs)
            .map(|(who, attempt)| format!("uid {}: {} EROFS", who.uid, tried_at(attempt)))
            .collect();
        match refused.len() {
            0 => {
                let missing = "an attempt to write that is refused with EROFS";
                verdicts.unknown(at, "the root is mounted read-only, and no attempt has shown it", missing);
            }
            number => {
                verdicts
                    .pass(at, format!("the root is read-only, and {number} attempts to write were refused"))
                    .because(refused.into_iter().map(proven));
            }
        }
    }
}

fn read_only(context: &ServiceContext<'_>) -> Fix {
    const KEEP: &str = "leave the root file system writable";
    if let Some(why) = &context.profile.blind {
        return refused(
            KEEP,
            format!(
                "{why}: list what it writes as `writable` of services.{} in temper.toml",
                context.service.name
            ),
        );
    }
    if let Some(why) = breaks(&context.profile.image) {
        return refused(KEEP, why);
    }
    let changes = match make_writable(context) {
        Ok(changes) => changes,
        Err(why) => return refused(KEEP, why),
    };
    let summary = summary(&changes);
    let set = ComposeAction::Set { path: vec!["read_only"], value: Scalar::Bool(true) };
    let mut all = vec![of_service(context, set, "CIS Docker 5.13")];
    all.extend(changes);
    let why = "it may write a path that neither its image nor its files tell of";
    Fix { safety: needs_proof(why), summary, changes: all }
}

/// Why the image is known not to work with a read-only root.
fn breaks(image: &ImageSource) -> Option<String> {
    let of = |entry: &Match| {
        let note = entry.image.rootfs.as_ref().filter(|note| note.support == RootfsSupport::Breaks)?;
        Some(format!("image {} does not work with a read-only root: {}", entry.image.id, note.reason))
    };
    match image {
        ImageSource::Known { entry, .. } | ImageSource::Built { base: Some(entry), .. } => of(entry),
        _ => None,
    }
}

fn summary(changes: &[Change]) -> String {
    let count = |wanted: &dyn Fn(&ComposeAction) -> bool| {
        changes
            .iter()
            .filter(|change| matches!(change, Change::Service { action, .. } if wanted(action)))
            .count()
    };
    let appended =
        |to: &'static str| count(&|action| matches!(action, ComposeAction::Append { key, .. } if *key == to));
    let parts = [
        (appended("tmpfs"), "tmpfs mount"),
        (appended("volumes"), "volume"),
        (count(&|action| matches!(action, ComposeAction::SetVariable { .. })), "variable"),
    ];
    let mut summary = "set `read_only: true`".to_owned();
    for (number, what) in parts.iter().filter(|(number, _)| *number > 0) {
        let plural = if *number == 1 { "" } else { "s" };
        summary.push_str(&format!(", add {number} {what}{plural}"));
    }
    summary
}
