//! A service that shares memory between processes has a `/dev/shm` that is large enough.
//!
//! ## What it flags
//! A service that is known to need more than the 64 MiB which the engine gives to `/dev/shm` (services with a GPU, PyTorch
//! data loaders, Chromium) and does not set `shm_size` above that. Also a tmpfs over `/dev/shm`, where
//! `shm_size` is meant. Services that use the shared memory of the host or of another container are left out.
//!
//! In a running container: the size of `/dev/shm` in the mount table.
//!
//! ## Why it matters
//! A full `/dev/shm` ends processes with a bus error, or large queries with an error, and only under load. A tmpfs in its
//! place has owner and options of its own and is not what the engine and other tools look at.
//!
//! ## Fix safety
//! Safe: more shared memory takes nothing away; it is used only when something is written, and counts towards the memory
//! limit of the container then.
//!
//! ## References
//! - NIST SP 800-190, 4.4.3
//! - <https://docs.docker.com/reference/compose-file/services/#shm_size>
//! - <https://docs.docker.com/engine/containers/run/#ipc-settings---ipc>

use temper_fit::images::{KernelKind, Match};
use temper_fit::{Evidence, EvidenceKind, ImageSource, canonical};
use temper_model::compose::Tmpfs;
use temper_model::{Setting, parse_size};

use super::shared::live::{mounts, place};
use super::shared::writable::remove_tmpfs;
use super::shared::{fix, missing_variables, reason_of, size_text};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Safety, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct SharedMemory;

static META: Meta = Meta {
    id: "shared-memory",
    title: "shared memory is as large as the service needs",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["nist-sp-800-190:4.4.3"],
    requires: &[],
    source: include_str!("shared_memory.rs"),
};

/// What the engine gives without `shm_size` (moby, `daemon/config`: `DefaultShmSize`).
const DEFAULT: u64 = 64 << 20;

impl Control for SharedMemory {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        if has_no_memory_of_its_own(context) {
            return;
        }
        let need = need(context);
        let over = context.service.tmpfs.iter().find(|tmpfs| canonical(&tmpfs.target) == "/dev/shm");
        if let Some(tmpfs) = over {
            let message = "a tmpfs over /dev/shm, where `shm_size` is meant";
            verdicts.fail(tmpfs.at, message).fix(instead_of(context, tmpfs, need.map(|(bytes, _)| bytes)));
            return;
        }
        if let Some((bytes, evidence)) = need {
            judge(context, bytes, evidence, verdicts);
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let service = &context.service;
        if has_no_memory_of_its_own(service) {
            return;
        }
        let chosen = service.service.shm_size.as_ref().and_then(Setting::known).copied();
        let at = place(context, service.service.shm_size.as_ref().map(Setting::at));
        // A size that a person chose above the default is theirs to know.
        let Some(wanted) =
            chosen.filter(|size| *size > DEFAULT).or_else(|| need(service).map(|(bytes, _)| bytes))
        else {
            return;
        };
        let Some(table) = mounts(context, verdicts) else { return };
        let mount = table.iter().rfind(|mount| mount.target == "/dev/shm");
        let size = mount.and_then(|mount| mount.option("size")).and_then(|size| parse_size(size).ok());
        match size {
            // The kernel counts whole pages.
            Some(size) if size + 4096 > wanted => {
                verdicts.pass(at, format!("/dev/shm has {}", size_text(size)));
            }
            Some(size) => {
                let message = format!("/dev/shm has {}, and it needs {}", size_text(size), size_text(wanted));
                verdicts.fail(at, message);
            }
            None => {
                verdicts.unknown(at, "cannot tell how large /dev/shm is", "its size in the mount table");
            }
        }
    }
}

/// True where `/dev/shm` is that of the host or of another container, or is mounted over by a volume.
fn has_no_memory_of_its_own(context: &ServiceContext<'_>) -> bool {
    let shared =
        |mode: &str| mode == "host" || mode.starts_with("service:") || mode.starts_with("container:");
    let ipc = context.service.ipc.as_ref().and_then(Setting::known);
    ipc.is_some_and(|mode| shared(mode))
        || context.service.mounts.iter().any(|mount| canonical(&mount.target) == "/dev/shm")
}

fn judge(context: &ServiceContext<'_>, need: u64, evidence: Evidence, verdicts: &mut Verdicts) {
    let wanted = size_text(need);
    let judgement = match &context.service.shm_size {
        // A size that a person chose above the default is theirs to know.
        Some(Setting::Known(set)) if set.value > DEFAULT => {
            verdicts.pass(set.at, format!("`shm_size` is {}", size_text(set.value)))
        }
        Some(Setting::Known(set)) => {
            let message = format!("`shm_size` is {}, and it needs about {wanted}", size_text(set.value));
            verdicts.fail(set.at, message).fix(set_size(context, need, &evidence))
        }
        Some(Setting::Unknown { at, missing, .. }) => {
            verdicts.unknown(*at, "`shm_size` hangs on a variable", missing_variables(missing))
        }
        None => {
            let message =
                format!("/dev/shm has 64 MiB, and it needs about {wanted}: nothing sets `shm_size`");
            verdicts.fail(context.service.at, message).fix(set_size(context, need, &evidence))
        }
    };
    judgement.because([evidence]);
}

/// How much shared memory it needs, when that is more than the engine gives.
fn need(context: &ServiceContext<'_>) -> Option<(u64, Evidence)> {
    let by_class = || {
        let bytes = context.profile.target.shm_size?;
        let detail = format!("shared memory of class {}", context.profile.class.value);
        Some((bytes, Evidence::general(EvidenceKind::Declared, detail)))
    };
    let need = by_class().or_else(|| of_image(&context.profile.image));
    need.filter(|(bytes, _)| *bytes > DEFAULT)
}

fn of_image(image: &ImageSource) -> Option<(u64, Evidence)> {
    let of_entry = |entry: &Match| {
        let need = entry.image.kernel.iter().find(|need| need.kind == KernelKind::Shm && need.required)?;
        let detail = format!("image {}: {}", entry.image.id, need.reason);
        Some((parse_size(&need.value).ok()?, Evidence::general(EvidenceKind::KnownImage, detail)))
    };
    match image {
        ImageSource::Known { entry, .. } | ImageSource::Built { base: Some(entry), .. } => of_entry(entry),
        _ => None,
    }
}

fn set_size(context: &ServiceContext<'_>, bytes: u64, evidence: &Evidence) -> Fix {
    let size = size_text(bytes);
    let reason = reason_of(std::slice::from_ref(evidence), "shared memory");
    fix(context, Safety::Safe, format!("set `shm_size: {size}`"), [(set(size), reason)])
}

fn set(size: String) -> ComposeAction {
    ComposeAction::Set { path: vec!["shm_size"], value: Scalar::Str(size) }
}

fn instead_of(context: &ServiceContext<'_>, tmpfs: &Tmpfs, need: Option<u64>) -> Fix {
    let known = match &context.service.shm_size {
        Some(Setting::Known(set)) => Some(set.value),
        _ => None,
    };
    let bytes = tmpfs.size.into_iter().chain(need).chain(known).max().unwrap_or(DEFAULT);
    let size = size_text(bytes);
    let summary = format!("set `shm_size: {size}` in place of the tmpfs");
    let actions = [
        (remove_tmpfs(tmpfs), "`shm_size` takes its place".to_owned()),
        (set(size), "in place of a tmpfs on /dev/shm".to_owned()),
    ];
    fix(context, Safety::Safe, summary, actions)
}

#[cfg(test)]
mod tests {
    use temper_model::parse_size;

    #[test]
    fn every_size_of_the_known_images_is_read() {
        let needs = temper_fit::images::all().iter().flat_map(|image| &image.kernel);
        for need in needs.filter(|need| need.kind == temper_fit::images::KernelKind::Shm) {
            assert!(parse_size(&need.value).is_ok_and(|bytes| bytes > super::DEFAULT), "{}", need.value);
        }
    }
}
