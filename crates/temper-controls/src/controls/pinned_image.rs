//! Images are named by a version or a digest.
//!
//! ## What it flags
//! On Compose services that pull their image, and on every `FROM` of an external image: no tag (then `latest` is
//! pulled), `latest` in any part of the tag, and tags that name no version at all, such as `main`, `edge`, `stable`,
//! `nightly` or `alpine`. A version tag passes, and the message says that it is no digest: a tag can be moved. Images
//! that a service of the stack builds, stages of the same Dockerfile and `scratch` are not judged by their names.
//!
//! In a running container: whether its image is the one that the name leads to now.
//!
//! ## Why it matters
//! A floating tag is another program after each pull: what was tested is not what runs, a rollback by tag returns
//! nothing, and whoever can push to the repository decides what starts here. Two hosts of one stack may run different
//! versions without anybody seeing it.
//!
//! ## Fix safety
//! Refused: which version or digest is meant cannot be known from the files, and temper does not ask registries.
//! `docker buildx imagetools inspect IMAGE` prints the digest.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 4.2 and 5.28
//! - NIST SP 800-190, 4.1.5 and 4.2.2
//! - <https://docs.docker.com/build/building/best-practices/#pin-base-image-versions>

use std::str::FromStr;

use temper_dockerfile::{BuildArgs, StageBase};
use temper_fit::images::ImageRef;
use temper_model::compose::{Build, Service};
use temper_model::{Setting, Stack};
use temper_text::Loc;

use super::shared::live::{observed, place};
use super::shared::{missing_variables, refused};
use super::{ContainerContext, Control, DockerfileContext, ServiceContext};
use crate::{Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct PinnedImage;

static META: Meta = Meta {
    id: "pinned-image",
    title: "images are named by a version or a digest",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Dockerfile, Surface::Container],
    references: &[
        "cis-docker-1.7:4.2",
        "cis-docker-1.7:5.28",
        "nist-sp-800-190:4.1.5",
        "nist-sp-800-190:4.2.2",
    ],
    requires: &[],
    source: include_str!("pinned_image.rs"),
};

impl Control for PinnedImage {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        // With `build`, `image` is the name that the result gets.
        if service.build.is_some() {
            return;
        }
        match &service.image {
            None => {}
            Some(Setting::Known(image)) => judge(context.stack, &image.value, image.at, verdicts),
            Some(Setting::Unknown { at, missing, .. }) => {
                verdicts.unknown(*at, "the image hangs on a variable", missing_variables(missing));
            }
        }
    }

    fn dockerfile(&self, context: &DockerfileContext<'_>, verdicts: &mut Verdicts) {
        let dockerfile = context.dockerfile;
        let mut seen = Vec::new();
        for args in given_arguments(context.stack, &dockerfile.path) {
            for stage in dockerfile.tree.stages_with(&args) {
                if seen.contains(&(stage.index, stage.base.clone())) {
                    continue;
                }
                let at = Loc { file: dockerfile.file, span: stage.image.span };
                judge_base(context.stack, &stage.base, at, verdicts);
                seen.push((stage.index, stage.base));
            }
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = place(context, context.service.service.image.as_ref().map(Setting::at));
        let identity = &context.container.identity;
        let short = |id: &str| id.trim_start_matches("sha256:").chars().take(12).collect::<String>();
        match &identity.image_now {
            Some(now) if *now == identity.image_id => {
                verdicts
                    .pass(at, format!("runs the image that {} names", identity.image))
                    .because([observed(identity.image_id.clone())]);
            }
            Some(now) => {
                let message = format!(
                    "runs image {}, but {} names {} now: make the container again",
                    short(&identity.image_id),
                    identity.image,
                    short(now)
                );
                verdicts.fail(at, message);
            }
            None => {
                let missing = format!("an image named {}: the engine has none any more", identity.image);
                verdicts.unknown(at, "cannot tell whether its image is the one that is meant", missing);
            }
        }
    }
}

fn judge_base(stack: &Stack, base: &StageBase, at: Loc, verdicts: &mut Verdicts) {
    match base {
        StageBase::Image(image) => judge(stack, image, at, verdicts),
        StageBase::Unresolved { missing } => {
            verdicts.unknown(at, "the base image hangs on a variable", missing_variables(missing));
        }
        StageBase::Stage(_) | StageBase::Scratch => {}
    }
}

/// The build arguments of each service that is built from a Dockerfile; none at all when no service is.
fn given_arguments(stack: &Stack, path: &str) -> Vec<BuildArgs> {
    let services = stack.projects.iter().flat_map(|group| group.project.services.values());
    let builds = services.filter_map(|service| service.build.as_ref());
    let builds = builds.filter(|build| build.dockerfile.as_ref().is_some_and(|file| file.value == path));
    let given: Vec<BuildArgs> = builds.map(known_arguments).collect();
    if given.is_empty() { vec![BuildArgs::new()] } else { given }
}

fn known_arguments(build: &Build) -> BuildArgs {
    let known = build.args.iter().filter_map(|(name, value)| {
        let value = value.as_ref()?.known()?;
        Some((name.clone(), value.clone()))
    });
    known.collect()
}

fn judge(stack: &Stack, written: &str, at: Loc, verdicts: &mut Verdicts) {
    let image = match ImageRef::from_str(written) {
        Ok(image) => image,
        Err(_) if written_tag(written).is_some_and(floats) => {
            let message = format!("`{written}` names no version, and Docker refuses the name");
            verdicts
                .fail(at, message)
                .fix(refused("correct and pin the name", "write NAME:VERSION@sha256:DIGEST"));
            return;
        }
        Err(error) => {
            verdicts.unknown(at, format!("`{written}` cannot be read as an image"), error.to_string());
            return;
        }
    };
    if image.digest.is_some() {
        verdicts.pass(at, "pinned by its digest");
        return;
    }
    if let Some(builder) = builder_of(stack, &image) {
        verdicts
            .pass(at, format!("is built here, by service {}", builder.name))
            .see(builder.at, "builds this image");
        return;
    }
    let name = image.familiar_name();
    match image.tag.as_deref() {
        None => {
            let message = format!("{name} has no tag, so `latest` is pulled, whatever that is on the day");
            verdicts.fail(at, message).fix(pin(&name, "latest"));
        }
        Some(tag) if floats(tag) => {
            let message =
                format!("tag `{tag}` of {name} names no version: another image may come with each pull");
            verdicts.fail(at, message).fix(pin(&name, tag));
        }
        Some(tag) if !has_version(tag) => {
            let message = format!("cannot tell whether tag `{tag}` of {name} stays what it is");
            verdicts.unknown(at, message, "a version in the tag, or a digest").fix(pin(&name, tag));
        }
        Some(tag) => {
            verdicts.pass(at, format!("tag `{tag}` names a version; only a digest would pin it fully"));
        }
    }
}

fn pin(name: &str, tag: &str) -> crate::Fix {
    let reason = format!(
        "the digest cannot be known offline: `docker buildx imagetools inspect {name}:{tag}` prints it; \
         write {name}:VERSION@sha256:DIGEST"
    );
    refused(format!("pin {name}"), reason)
}

/// The tag of a name that is no valid image: what follows the colon in its last part.
fn written_tag(written: &str) -> Option<&str> {
    let last = written.rsplit('/').next()?;
    last.split_once(':').map(|(_, tag)| tag)
}

/// The service of the stack that builds the image under this name.
fn builder_of<'s>(stack: &'s Stack, image: &ImageRef) -> Option<&'s Service> {
    let services = stack.projects.iter().flat_map(|group| group.project.services.values());
    services.filter(|service| service.build.is_some()).find(|service| {
        let named = service.image.as_ref().and_then(Setting::known);
        let named = named.and_then(|named| ImageRef::from_str(named).ok());
        named.is_some_and(|named| {
            named.familiar_name() == image.familiar_name() && named.effective_tag() == image.effective_tag()
        })
    })
}

/// Parts of tags that say a channel or a variant, and no version. Code names of distributions (`bookworm`, `jammy`) are
/// versions of theirs and are not here.
const CHANNELS: [&str; 48] = [
    "alpine",
    "apache",
    "beta",
    "buildx",
    "canary",
    "ce",
    "community",
    "cpu",
    "cuda",
    "current",
    "daily",
    "debian",
    "debug",
    "dev",
    "develop",
    "development",
    "edge",
    "experimental",
    "fpm",
    "full",
    "gpu",
    "head",
    "lts",
    "main",
    "mainline",
    "management",
    "master",
    "next",
    "nightly",
    "nonroot",
    "oss",
    "perl",
    "preview",
    "prod",
    "production",
    "rc",
    "release",
    "rocm",
    "rolling",
    "slim",
    "snapshot",
    "stable",
    "staging",
    "test",
    "testing",
    "trunk",
    "unstable",
    "weekly",
];

/// True when a tag moves from version to version: `latest-pg16`, `stable-alpine`, `main`.
fn floats(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    let parts = || tag.split(['-', '_', '.']);
    parts().any(|part| part == "latest") || parts().all(|part| CHANNELS.contains(&part))
}

/// Code names of Debian, Ubuntu and Alpine's like, which stand for one version each.
const CODE_NAMES: [&str; 16] = [
    "bionic", "bookworm", "bullseye", "buster", "focal", "forky", "jammy", "jessie", "noble", "oracular",
    "plucky", "questing", "stretch", "trixie", "trusty", "xenial",
];

/// True when a part of a tag may be a version, a date or a commit: it has a digit, or is the code name of one.
fn has_version(tag: &str) -> bool {
    let tag = tag.to_ascii_lowercase();
    tag.bytes().any(|byte| byte.is_ascii_digit())
        || tag.split(['-', '_', '.']).any(|part| CODE_NAMES.contains(&part))
}

#[cfg(test)]
mod tests {
    use super::{floats, has_version};

    #[test]
    fn a_word_is_no_version() {
        for tag in ["server-web", "blue"] {
            assert!(!has_version(tag) && !floats(tag), "{tag}");
        }
        for tag in ["bookworm-slim", "16", "pg16", "jammy"] {
            assert!(has_version(tag), "{tag}");
        }
    }

    #[test]
    fn a_tag_floats_when_no_part_of_it_is_a_version() {
        for tag in ["latest", "latest-pg16", "main", "alpine", "stable-alpine", "lts-slim", "Nightly"] {
            assert!(floats(tag), "{tag}");
        }
    }

    #[test]
    fn versions_dates_commits_and_code_names_do_not_float() {
        for tag in [
            "16",
            "3.12-slim",
            "v2.1.0",
            "RELEASE.2024-05-01T01-11-10Z",
            "nightly-20240501",
            "bookworm-slim",
            "a1b2c3d",
            "pg16",
        ] {
            assert!(!floats(tag), "{tag}");
        }
    }
}
