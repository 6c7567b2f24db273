//! What makes a path writable although the root file system is read-only.

use temper_model::compose::Service;

use crate::profile::Cover;

/// What covers `path` in a service today: the deepest mount that holds it, when that is writable.
pub(crate) fn of(service: &Service, path: &str, image_volumes: &[String]) -> Option<Cover> {
    let path = canonical(path);
    let tmpfs = service.tmpfs.iter().map(|tmpfs| (canonical(&tmpfs.target), Some(Cover::Tmpfs(tmpfs.at))));
    let mounts = service.mounts.iter().map(|mount| {
        let cover = (!mount.read_only).then_some(Cover::Mount(mount.at));
        (canonical(&mount.target), cover)
    });
    // The engine mounts these in every container, read-only root or not (moby, `oci/defaults.go`).
    let engine = ["/dev/shm", "/dev/mqueue"].map(|path| (path.to_owned(), Some(Cover::Engine)));
    let volumes = image_volumes.iter().map(|path| (canonical(path), Some(Cover::ImageVolume)));
    volumes
        .chain(engine)
        .chain(tmpfs)
        .chain(mounts)
        .filter(|(target, _)| holds(target, &path))
        // Of mounts on the same path the last wins: Compose's own entries replace a VOLUME of the image.
        .max_by_key(|(target, _)| target.len())
        .and_then(|(_, cover)| cover)
}

/// True when `path` is `directory` or lies below it. Both in canonical form.
#[must_use]
pub fn holds(directory: &str, path: &str) -> bool {
    path == directory
        || directory == "/"
        || path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// The path without `.`, empty parts and a slash at its end. `/var/run` is a link to `/run`, `/var/lock` to
/// `/run/lock` in Debian, Alpine and Fedora (Filesystem Hierarchy Standard 3.0, 5.13).
#[must_use]
pub fn canonical(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let path = format!("/{}", parts.join("/"));
    for (link, target) in [("/var/run", "/run"), ("/var/lock", "/run/lock")] {
        match path.strip_prefix(link) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => return format!("{target}{rest}"),
            _ => {}
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{canonical, holds};

    #[test]
    fn links_that_every_distribution_has_are_followed() {
        assert_eq!(canonical("/var/run/nginx.pid"), "/run/nginx.pid");
        assert_eq!(canonical("/var/lock/"), "/run/lock");
        assert_eq!(canonical("/var/runner"), "/var/runner");
    }

    #[test]
    fn dots_and_slashes_do_not_matter() {
        assert_eq!(canonical("//a/./b/../c/"), "/a/c");
        assert_eq!(canonical("/.."), "/");
    }

    #[test]
    fn sibling_with_a_common_prefix_is_not_held() {
        assert!(holds("/data", "/data/x") && holds("/data", "/data") && holds("/", "/x"));
        assert!(!holds("/data", "/database"));
    }
}
