//! The tmpfs mounts fit into the memory, and none keeps models.
//!
//! ## What it flags
//! - A project whose tmpfs mounts may together take more memory than the host has (`host.memory` in `temper.toml`). Only
//!   services that the selected profiles enable count, each as often as it has replicas; a mount without a size counts as
//!   half of the host's memory, as the kernel does. Without `host.memory` the verdict is unknown.
//! - A service whose tmpfs mounts may take more than its own memory limit.
//! - A model cache in a tmpfs.
//!
//! ## Why it matters
//! Pages of a tmpfs are memory, charged to the container that writes them: a service that fills its mounts is killed, and
//! many of them together bring the host down. Models in a tmpfs are downloaded again at each start.
//!
//! ## Fix safety
//! For sizes the fix is refused: which mount may be smaller, or which limit larger, only a person knows. A model cache moves
//! to a named volume, which needs proof, since a volume may belong to another user than a tmpfs.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.11: ensure that the memory usage for containers is limited
//! - NIST SP 800-190, 4.4.3
//! - <https://docs.kernel.org/filesystems/tmpfs.html>
//! - <https://docs.kernel.org/admin-guide/cgroup-v2.html>: memory, `shmem`

use temper_fit::{Cover, ImageSource, PathKind, WritablePath, canonical, holds};
use temper_model::Setting;
use temper_model::compose::{Service, Tmpfs};
use temper_text::Loc;

use super::shared::run_as::run_as;
use super::shared::writable::{new_volume, of_service, remove_tmpfs};
use super::shared::{missing_variables, needs_proof, refused, size_text};
use super::{Control, ProjectContext, ServiceContext};
use crate::{Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct TmpfsBudget;

static META: Meta = Meta {
    id: "tmpfs-budget",
    title: "the tmpfs mounts fit into the memory, and none keeps models",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose],
    references: &["cis-docker-1.7:5.11", "nist-sp-800-190:4.4.3"],
    requires: &[],
    source: include_str!("tmpfs_budget.rs"),
};

impl Control for TmpfsBudget {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        for path in context.profile.writable.iter().filter(|path| path.kind == PathKind::Model) {
            models(context, path, verdicts);
        }
        limit(context.service, verdicts);
    }

    fn project(&self, context: &ProjectContext<'_>, verdicts: &mut Verdicts) {
        let services = context.project.services.values();
        let enabled: Vec<&Service> =
            services.filter(|service| context.project.enabled.contains(&service.name)).collect();
        let Some(largest) = largest(enabled.iter().flat_map(|service| &service.tmpfs)) else { return };
        match context.stack.settings.host_memory {
            Some(host) => against_host(&enabled, largest, host, verdicts),
            None => {
                let total = size_text(sum(&enabled, 0).bytes);
                let mounts = enabled.iter().flat_map(|service| &service.tmpfs);
                let others = match mounts.filter(|tmpfs| size(tmpfs).is_none()).count() {
                    0 => String::new(),
                    number => format!(", and {number} more have no size"),
                };
                let message = format!("tmpfs mounts of enabled services may take {total} of memory{others}");
                verdicts.unknown(largest.at, message, "`host.memory` in temper.toml");
            }
        }
    }
}

/// What tmpfs mounts may take together.
#[derive(Default)]
struct Sum {
    bytes: u64,
    /// Variables without a value that sizes or numbers of replicas hang on.
    missing: Vec<String>,
}

fn sum(services: &[&Service], unlimited: u64) -> Sum {
    let mut sum = Sum::default();
    for service in services {
        let replicas = match &service.replicas {
            Some(Setting::Known(replicas)) => replicas.value,
            Some(Setting::Unknown { missing, .. }) if !service.tmpfs.is_empty() => {
                sum.missing.extend(missing.iter().cloned());
                1
            }
            _ => 1,
        };
        for tmpfs in &service.tmpfs {
            sum.missing.extend(tmpfs.missing.iter().cloned());
            let bytes = if tmpfs.missing.is_empty() { size(tmpfs).unwrap_or(unlimited) } else { 0 };
            sum.bytes = sum.bytes.saturating_add(bytes.saturating_mul(replicas));
        }
    }
    sum.missing.sort();
    sum.missing.dedup();
    sum
}

/// `size=0` is no limit.
fn size(tmpfs: &Tmpfs) -> Option<u64> {
    tmpfs.size.filter(|size| *size > 0)
}

/// The tmpfs that may take most; one without a size is the largest.
fn largest<'a>(mounts: impl Iterator<Item = &'a Tmpfs>) -> Option<&'a Tmpfs> {
    mounts.max_by_key(|tmpfs| size(tmpfs).unwrap_or(u64::MAX))
}

fn against_host(enabled: &[&Service], largest: &Tmpfs, host: u64, verdicts: &mut Verdicts) {
    // Without a size a tmpfs may take half of the memory (kernel, `Documentation/filesystems/tmpfs.rst`).
    let sum = sum(enabled, host / 2);
    let (total, memory) = (size_text(sum.bytes), size_text(host));
    if sum.bytes > host {
        let message = format!("tmpfs mounts of enabled services may take {total}, and the host has {memory}");
        let judgement = verdicts.fail(largest.at, message);
        for (service, bytes) in top(enabled, host / 2) {
            judgement.see(service.at, format!("{} may take {}", service.name, size_text(bytes)));
        }
        let reason = "lower the sizes of services that write less, or enable fewer services at a time";
        judgement.fix(refused("make the tmpfs mounts smaller", reason));
    } else if sum.missing.is_empty() {
        let message = format!("tmpfs mounts of enabled services may take {total} of {memory}");
        verdicts.pass(largest.at, message);
    } else {
        let message = "cannot tell whether the tmpfs mounts fit into the memory of the host";
        verdicts.unknown(largest.at, message, missing_variables(&sum.missing));
    }
}

/// The three services that may take most.
fn top<'a>(services: &[&'a Service], unlimited: u64) -> Vec<(&'a Service, u64)> {
    let mut sums: Vec<_> =
        services.iter().map(|service| (*service, sum(&[service], unlimited).bytes)).collect();
    sums.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
    sums.retain(|(_, bytes)| *bytes > 0);
    sums.truncate(3);
    sums
}

fn limit(service: &Service, verdicts: &mut Verdicts) {
    let Some(largest) = largest(service.tmpfs.iter()) else { return };
    let limit = match &service.memory_limit {
        None => return,
        Some(Setting::Unknown { at, missing, .. }) => {
            let message = "cannot tell whether its tmpfs mounts fit into its memory limit";
            verdicts.unknown(*at, message, missing_variables(missing));
            return;
        }
        // A limit of 0 is none.
        Some(Setting::Known(limit)) if limit.value == 0 => return,
        Some(Setting::Known(limit)) => limit,
    };
    let mut bytes: u64 = 0;
    let mut missing: Vec<String> = Vec::new();
    for tmpfs in &service.tmpfs {
        missing.extend(tmpfs.missing.iter().cloned());
        // `tmpfs-options` says that a mount has no size.
        let known = size(tmpfs).filter(|_| tmpfs.missing.is_empty());
        bytes = bytes.saturating_add(known.unwrap_or(0));
    }
    let (total, memory) = (size_text(bytes), size_text(limit.value));
    if bytes > limit.value {
        let message = format!("its tmpfs mounts may take {total}, and its memory limit is {memory}");
        let reason = "raise the memory limit, or lower the sizes to what the service writes";
        verdicts
            .fail(largest.at, message)
            .see(limit.at, "the memory limit")
            .fix(refused("make the tmpfs mounts fit into the memory limit", reason));
    } else if !missing.is_empty() {
        let message = "cannot tell whether its tmpfs mounts fit into its memory limit";
        verdicts.unknown(largest.at, message, missing_variables(&missing));
    } else if service.tmpfs.iter().all(|tmpfs| size(tmpfs).is_some()) {
        verdicts.pass(largest.at, format!("its tmpfs mounts may take {total} of its {memory}"));
    }
}

fn models(context: &ServiceContext<'_>, path: &WritablePath, verdicts: &mut Verdicts) {
    let Some(Cover::Tmpfs(at)) = path.cover else { return };
    let judgement =
        verdicts.fail(at, format!("{} is in a tmpfs: models are downloaded again at each start", path.path));
    judgement.because(path.evidence.iter().cloned());
    judgement.fix(to_volume(context, path, at));
}

fn to_volume(context: &ServiceContext<'_>, path: &WritablePath, at: Loc) -> Fix {
    let name = volume_name(&context.service.name, &path.path);
    let mut changes = Vec::new();
    let inside = context.service.tmpfs.iter().find(|tmpfs| tmpfs.at == at);
    // A tmpfs above the models keeps what else is written there; the engine mounts the deeper path over it.
    if let Some(tmpfs) = inside.filter(|tmpfs| holds(&path.path, &canonical(&tmpfs.target))) {
        changes.push(of_service(context, remove_tmpfs(tmpfs), "models are kept in a volume"));
    }
    changes.extend(new_volume(context, &name, &path.path, "models are kept"));
    let user = context.profile.target.user.as_ref().filter(|user| user.uid != 0);
    match (user, &context.profile.image) {
        (Some(user), ImageSource::Built { .. }) => {
            let owned = vec![path.path.clone()];
            changes.extend(run_as(
                &context.profile.image,
                user,
                owned,
                "owner of the volume with the models",
            ));
        }
        (Some(user), _) => {
            let reason = format!(
                "a new volume belongs to root unless the image has {}: give it to {}:{} first",
                path.path, user.uid, user.gid
            );
            return refused("keep the models in a named volume", reason);
        }
        (None, _) => {}
    }
    Fix {
        safety: needs_proof("the volume has to belong to the user of the service"),
        summary: format!("keep {} in the volume {name}", path.path),
        changes,
    }
}

/// `api` and `/models/hub` give `api-hub`, as for volumes that a read-only root needs.
fn volume_name(service: &str, path: &str) -> String {
    let last = path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("models");
    let name = format!("{service}-{last}");
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}
