//! A user other than root can write the volumes of its service.
//!
//! ## What it flags
//! A service that starts as a user other than root, with a writable volume on a path that the image does not have, or has
//! for somebody else: a new volume takes owner and content from the directory of the image that it is mounted on, and
//! belongs to root where there is none. For a directory of the host, a volume that is made elsewhere, or one that another
//! service gives away with `chown`, the verdict is unknown. Services that start as root are left out: `non-root-user` gives
//! their user the volumes in the same change.
//!
//! In a running container: attempts to write in every writable volume and directory of the host, as the users of its
//! processes.
//!
//! ## Why it matters
//! The service starts, and fails at its first write: on the first machine where the volume is new. Where it worked by
//! chance, because the volume was there already, it fails after a restore or a move.
//!
//! ## Fix safety
//! Needs proof: a volume that exists already keeps its owner and has to be given to the user by hand once. The fix creates
//! the directory in the Dockerfile for the user. For images that are not built here, and for directories of the host, it is
//! refused and names the command.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 4.1: ensure that a user for the container has been created
//! - NIST SP 800-190, 4.4.3
//! - <https://docs.docker.com/engine/storage/volumes/#populate-a-volume-using-a-container>

use temper_fit::{Identity, ImageSource, TargetUser, canonical};
use temper_model::compose::{Mount, MountKind, Service};
use temper_model::container::ContainerMount;
use temper_text::Loc;

use super::shared::live::{CanWrite, attempts, can_write};
use super::shared::owner::{DirectoryOwner, User, in_known_image, in_target};
use super::shared::run_as::{is_open_to_all, run_as, writable_volumes};
use super::shared::{missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct VolumeOwnership;

static META: Meta = Meta {
    id: "volume-ownership",
    title: "the user of the service can write its volumes",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:4.1", "nist-sp-800-190:4.4.3"],
    requires: &[],
    source: include_str!("volume_ownership.rs"),
};

impl Control for VolumeOwnership {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let volumes =
            || writable_volumes(context.service).filter(|mount| !is_open_to_all(&canonical(&mount.target)));
        let user = match &context.profile.login.start {
            Identity::Root | Identity::Named { uid: Some(0), .. } => return,
            Identity::Numeric { uid, .. } => User { uid: Some(*uid), name: None },
            Identity::Named { name, uid, .. } => User { uid: *uid, name: Some(name) },
            Identity::Unknown { why } => {
                if let Some(mount) = volumes().next() {
                    verdicts.unknown(mount.at, "cannot tell whether its user can write its volumes", why);
                }
                return;
            }
        };
        for mount in volumes() {
            judge(context, mount, &user, verdicts);
        }
        let binds = context.service.mounts.iter().filter(|mount| is_writable_directory(mount));
        for mount in binds {
            of_host(context, mount, &user, verdicts);
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service.service;
        let wanted = |mount: &&ContainerMount| {
            mount.writable
                && matches!(mount.kind.as_str(), "volume" | "bind")
                && is_directory_name(&mount.target)
        };
        let mounts: Vec<&ContainerMount> = context.container.settings.mounts.iter().filter(wanted).collect();
        if mounts.is_empty() {
            return;
        }
        let Some(tried) = attempts(context, verdicts) else { return };
        for mount in mounts {
            let path = canonical(&mount.target);
            let written = service.mounts.iter().find(|known| canonical(&known.target) == path);
            let at = written.map_or(service.at, |known| known.at);
            let needed = context.service.profile.writable.iter().find(|known| known.path == path);
            match can_write(tried, &mount.target, needed.map(|known| known.owner.0)) {
                CanWrite::Yes(uid) => verdicts.pass(at, format!("uid {uid} could write in {}", mount.target)),
                CanWrite::No(uid, error) => {
                    verdicts.fail(at, format!("uid {uid} cannot write in {} ({error})", mount.target))
                }
                CanWrite::Unknown(missing) => {
                    let message = format!("cannot tell whether it can write in {}", mount.target);
                    verdicts.unknown(at, message, missing)
                }
            };
        }
    }
}

fn judge(context: &ServiceContext<'_>, mount: &Mount, user: &User<'_>, verdicts: &mut Verdicts) {
    let target = &mount.target;
    if !mount.missing.is_empty() {
        verdicts.unknown(mount.at, "the volume hangs on a variable", missing_variables(&mount.missing));
        return;
    }
    let message = format!("cannot tell whether {} can write the volume on {target}", show(user));
    if let Some(missing) = made_elsewhere(context, mount) {
        verdicts.unknown(mount.at, message, missing).fix(refused(GIVE, chown_volume(context, mount)));
        return;
    }
    if let Some(service) = given_by(context, mount) {
        let missing = format!("what {} does to its owner", service.name);
        verdicts.unknown(mount.at, message, missing).see(service.at, "may change the owner of the volume");
        return;
    }
    match owner(context, target, user) {
        DirectoryOwner::User => {
            verdicts.pass(mount.at, format!("{target} belongs to {} in the image", show(user)));
        }
        DirectoryOwner::Unknown(missing) => {
            verdicts.unknown(mount.at, message, missing).fix(refused(GIVE, chown_volume(context, mount)));
        }
        DirectoryOwner::Other { why, at } => {
            let judgement = verdicts
                .fail(mount.at, format!("{} cannot write a new volume on {target}: it {why}", show(user)));
            if let Some(at) = at.and_then(|span| in_dockerfile(context, span)) {
                judgement.see(at, "the owner is set here");
            }
            judgement.fix(own(context, mount, user));
        }
    }
}

fn owner(context: &ServiceContext<'_>, path: &str, user: &User<'_>) -> DirectoryOwner {
    match &context.profile.image {
        ImageSource::Built { facts, base, .. } => in_target(facts, base.as_ref(), path, user),
        ImageSource::Known { entry, .. } if entry.is_ambiguous() => {
            DirectoryOwner::Unknown(format!("which tag of image {} it is", entry.image.id))
        }
        ImageSource::Known { entry, .. } => in_known_image(entry, path, user.uid),
        ImageSource::Foreign { reference } => {
            DirectoryOwner::Unknown(format!("who owns {path} in image {reference}"))
        }
        ImageSource::Unknown { why } => DirectoryOwner::Unknown(why.clone()),
    }
}

fn show(user: &User<'_>) -> String {
    match (user.name, user.uid) {
        (Some(name), _) => name.to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => "the user".to_owned(),
    }
}

/// Why the content of a volume does not come from the image.
fn made_elsewhere(context: &ServiceContext<'_>, mount: &Mount) -> Option<String> {
    let name = mount.source.as_ref().filter(|_| mount.kind == MountKind::Volume)?;
    let volume = context.project.volumes.get(name)?;
    if volume.external {
        return Some(format!("who made the external volume {name}, and for whom"));
    }
    let has_driver =
        volume.value.get("driver").and_then(|driver| driver.as_str()).is_some_and(|name| name != "local");
    let has_options = volume
        .value
        .get("driver_opts")
        .and_then(|options| options.as_map())
        .is_some_and(|map| !map.is_empty());
    (has_driver || has_options).then(|| format!("what the driver of volume {name} does"))
}

/// Another service that mounts the same volume, starts as root and has `chown` in its command.
fn given_by<'a>(context: &ServiceContext<'a>, mount: &Mount) -> Option<&'a Service> {
    let name = mount.source.as_ref().filter(|_| mount.kind == MountKind::Volume)?;
    let words = |service: &'a Service| {
        let settings = [&service.command, &service.entrypoint].into_iter().flatten();
        settings.filter_map(|setting| setting.known()).flatten()
    };
    context.project.services.values().find(|service| {
        service.name != context.service.name
            && writable_volumes(service).any(|other| other.source.as_ref() == Some(name))
            && words(service)
                .any(|word| word.split_whitespace().any(|part| part == "chown" || part == "chmod"))
    })
}

/// A bind mount of what looks like a directory: the owner of a file or socket matters only to its own program.
fn is_writable_directory(mount: &Mount) -> bool {
    mount.kind == MountKind::Bind && !mount.read_only && is_directory_name(&mount.target)
}

fn is_directory_name(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    !last.trim_start_matches('.').contains('.')
}

fn of_host(context: &ServiceContext<'_>, mount: &Mount, user: &User<'_>, verdicts: &mut Verdicts) {
    let source = mount.source_written.as_deref().unwrap_or("the directory");
    let message = format!("{} may write {source} of the host on {}", show(user), mount.target);
    let ids = ids(context);
    verdicts
        .unknown(mount.at, message, format!("who owns {source} on the host"))
        .fix(refused(GIVE, format!("temper does not change the host: `sudo chown -R {ids} {source}`")));
}

const GIVE: &str = "give the directory to the user";

/// User and group as `chown` takes them.
fn ids(context: &ServiceContext<'_>) -> String {
    match &context.profile.login.start {
        Identity::Numeric { uid, gid } | Identity::Named { uid: Some(uid), gid, .. } => {
            gid.map_or_else(|| uid.to_string(), |gid| format!("{uid}:{gid}"))
        }
        _ => "UID:GID".to_owned(),
    }
}

fn chown_volume(context: &ServiceContext<'_>, mount: &Mount) -> String {
    let ids = ids(context);
    let volume = mount.source.as_deref().unwrap_or("VOLUME");
    format!(
        "a volume cannot say who owns it: `docker run --rm -v {volume}:/v busybox chown -R {ids} /v` does it once"
    )
}

fn in_dockerfile(context: &ServiceContext<'_>, span: temper_text::Span) -> Option<Loc> {
    let ImageSource::Built { dockerfile, .. } = &context.profile.image else { return None };
    Some(Loc { file: context.stack.dockerfiles.get(dockerfile)?.file, span })
}

fn own(context: &ServiceContext<'_>, mount: &Mount, user: &User<'_>) -> Fix {
    let path = canonical(&mount.target);
    let target = context.profile.target.user.as_ref().filter(|target| user.uid == Some(target.uid));
    let change = target.and_then(|target: &TargetUser| {
        run_as(&context.profile.image, target, vec![path.clone()], "a new volume takes its owner from here")
    });
    match change {
        Some(change) => Fix {
            safety: needs_proof("a volume that exists already keeps its owner"),
            summary: format!("create {path} for {} in the Dockerfile", show(user)),
            changes: vec![change],
        },
        None => refused(GIVE, chown_volume(context, mount)),
    }
}
