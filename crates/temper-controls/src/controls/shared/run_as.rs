//! The change of a Dockerfile that gives a service its user.

use temper_fit::{Cover, ImageSource, PathKind, Profile, TargetUser, canonical, holds};
use temper_model::compose::{Mount, MountKind, Service};

use crate::{Change, DockerfileAction};

/// Creates the user, gives it `owned` and ends the target in a numeric `USER`. `None` when the image is not built from
/// a Dockerfile of the stack.
pub(in crate::controls) fn run_as(
    image: &ImageSource,
    user: &TargetUser,
    owned: Vec<String>,
    reason: impl Into<String>,
) -> Option<Change> {
    let ImageSource::Built { dockerfile, target, .. } = image else { return None };
    if dockerfile == "dockerfile_inline" {
        return None;
    }
    let action = DockerfileAction::RunAs {
        uid: user.uid,
        gid: user.gid,
        create: user.name.clone().filter(|_| user.needs_dockerfile),
        home: user.home.clone(),
        owned,
    };
    Some(Change::Dockerfile {
        path: dockerfile.clone(),
        target: target.clone(),
        action,
        reason: reason.into(),
    })
}

/// Directories that the image must have and give to the user: a new volume takes its owner from the directory of the
/// image that it is mounted on, and belongs to root where there is none (docs.docker.com/engine/storage/volumes,
/// "Populate a volume using a container").
pub(in crate::controls) fn owned_directories(service: &Service, profile: &Profile) -> Vec<String> {
    let kept = profile.writable.iter().filter(|path| matches!(path.kind, PathKind::State | PathKind::Model));
    let on_volumes = kept.filter(|path| match path.cover {
        None | Some(Cover::ImageVolume) => true,
        Some(Cover::Mount(at)) => service.mounts.iter().any(|mount| mount.at == at && is_volume(mount)),
        Some(Cover::Tmpfs(_) | Cover::Engine) => false,
    });
    let mut owned: Vec<String> = on_volumes.map(|path| path.path.clone()).collect();
    owned.extend(writable_volumes(service).map(|mount| canonical(&mount.target)));
    owned.retain(|path| !is_open_to_all(path));
    owned.sort();
    owned.dedup();
    owned
}

/// Volumes, named or not, that the service may write.
pub(in crate::controls) fn writable_volumes(service: &Service) -> impl Iterator<Item = &Mount> {
    service.mounts.iter().filter(|mount| is_volume(mount) && !mount.read_only)
}

fn is_volume(mount: &Mount) -> bool {
    matches!(mount.kind, MountKind::Volume | MountKind::Anonymous)
}

/// Directories in which everybody may write in every image (Filesystem Hierarchy Standard 3.0, 3.18 and 5.15).
pub(in crate::controls) fn is_open_to_all(path: &str) -> bool {
    path == "/" || path == "/tmp" || path == "/var/tmp" || holds("/dev/shm", path)
}
