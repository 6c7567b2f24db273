//! No container runs with `privileged: true`.
//!
//! ## What it flags
//! A service with `privileged: true`.
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

use temper_fit::canonical;
use temper_model::Setting;
use temper_model::compose::Mount;

use super::shared::image::service_entry;
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct NoPrivileged;

static META: Meta = Meta {
    id: "no-privileged",
    title: "the container is not privileged",
    severity: Severity::Critical,
    surfaces: &[Surface::Compose],
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
}

fn unprivileged(context: &ServiceContext<'_>) -> Fix {
    const SUMMARY: &str = "set `privileged: false`";
    if let Some(what) = works_on_the_host(context) {
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

/// What shows that a service of which nothing is known changes the host itself, as firewalls, VPNs and storage do.
fn works_on_the_host(context: &ServiceContext<'_>) -> Option<String> {
    if service_entry(context.profile).is_some() {
        return None;
    }
    let service = context.service;
    let network = service.network_mode.as_ref().and_then(Setting::known);
    if network.is_some_and(|mode| mode == "host") {
        return Some("works in the network of the host (`network_mode: host`)".to_owned());
    }
    let kernel = |mount: &&Mount| {
        let source = mount.source.as_deref().map(canonical).unwrap_or_default();
        ["/lib/modules", "/dev", "/sys", "/sys/fs/cgroup"].contains(&source.as_str())
    };
    let mount = service.mounts.iter().find(kernel)?;
    Some(format!("mounts {} of the host", mount.source.as_deref().unwrap_or_default()))
}
