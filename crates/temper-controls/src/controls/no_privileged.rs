//! No container runs with `privileged: true`.
//!
//! ## What it flags
//! A service with `privileged: true`.
//!
//! In a running container: what the engine was told, and the capabilities of every process.
//!
//! ## Why it matters
//! A privileged container has every capability, sees every device of the host and runs without seccomp and
//! AppArmor. Whoever takes over its process has the host.
//!
//! ## Fix safety
//! Needs proof: something in the service may use what `privileged` gives. The fix sets `privileged: false`; a
//! service that really needs a device or a capability gets just that one. Refused for an image that is not known and
//! works in the network of the host or on its devices, kernel modules or `/sys`.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.5: ensure that privileged containers are not used
//! - <https://docs.docker.com/reference/compose-file/services/#privileged>

use temper_fit::images::HostKind;
use temper_model::Setting;
use temper_model::container::Capabilities;

use super::shared::host_work::host_work;
use super::shared::image::{host_needs, service_entry};
use super::shared::live::{all_of, named, place, processes};
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct NoPrivileged;

static META: Meta = Meta {
    id: "no-privileged",
    title: "the container is not privileged",
    severity: Severity::Critical,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.5", "nist-sp-800-190:4.4.3", "pss:baseline/privileged"],
    requires: &[],
    source: include_str!("no_privileged.rs"),
};

impl Control for NoPrivileged {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        match &service.privileged {
            None => {
                verdicts.pass(service.at, "`privileged` is not set");
            }
            Some(Setting::Known(set)) if !set.value => {
                verdicts.pass(set.at, "`privileged` is false");
            }
            Some(Setting::Known(set)) => {
                let message = "runs privileged: all capabilities, all devices, no seccomp";
                verdicts.fail(set.at, message).fix(unprivileged(context));
            }
            Some(Setting::Unknown { at, missing, .. }) => {
                verdicts.unknown(*at, "`privileged` hangs on a variable", missing_variables(missing));
            }
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = place(context, context.service.service.privileged.as_ref().map(Setting::at));
        if context.container.settings.privileged {
            verdicts.fail(at, "runs privileged: all capabilities, all devices, no seccomp");
            return;
        }
        let Some(processes) = processes(context, verdicts) else { return };
        // What only `privileged` gives together: the engine's flag is not believed alone.
        let all = Capabilities::mask(["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT"]);
        let has_all: Vec<_> =
            processes.iter().filter(|process| process.capabilities.any() & all == all).collect();
        if has_all.is_empty() {
            verdicts
                .pass(at, format!("not privileged: its capabilities are in no set of {}", all_of(processes)));
        } else {
            verdicts.fail(at, format!("{} has the capabilities of a privileged container", named(&has_all)));
        }
    }
}

fn unprivileged(context: &ServiceContext<'_>) -> Fix {
    const SUMMARY: &str = "set `privileged: false`";
    if let Some(need) = host_needs(context.profile, HostKind::Privileged).next() {
        let least = need.least.as_deref().unwrap_or("waive it in temper.toml with an owner");
        return refused(SUMMARY, format!("the image uses it for {}: {least}", need.reason));
    }
    if let Some(what) = host_work(context.service).filter(|_| service_entry(context.profile).is_none()) {
        let reason = format!(
            "it {what}, which is of no use to it without privileges: give it the capabilities and devices that it \
             needs by `cap_add` and `devices`, or waive it in temper.toml with an owner"
        );
        return refused(SUMMARY, reason);
    }
    let safety = needs_proof("the service may use a device or a capability that `privileged` gives");
    let action = ComposeAction::Set { path: vec!["privileged"], value: Scalar::Bool(false) };
    fix(context, safety, SUMMARY, [(action, "CIS Docker 5.5".to_owned())])
}
