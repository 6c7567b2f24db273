//! A container adds no capability beyond those that Docker gives by default.
//!
//! ## What it flags
//! Each `cap_add` entry that is `ALL`, `NET_RAW`, or a capability outside the default set of Docker. Capabilities of the
//! default set may be added, as they have to be after `cap_drop: [ALL]`.
//!
//! In a running container: every set of every process, against Docker's default set, and attempts to mount a file system.
//!
//! ## Why it matters
//! Several capabilities are as good as root on the host: with `SYS_ADMIN`, `SYS_MODULE`, `SYS_RAWIO`, `DAC_READ_SEARCH` or
//! `BPF` a process can leave the container. Others open the network or the processes around it.
//!
//! ## Fix safety
//! Needs proof: the capability was probably added for something. It is refused where the image is known to need the
//! capability or `temper.toml` says so; such a service gets a waiver with its owner. An overlay cannot remove the entry
//! without `!override`.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.4: ensure that Linux kernel capabilities are restricted within containers
//! - Pod Security Standards, Baseline: only the capabilities of the runtime's default set may be added
//! - <https://man7.org/linux/man-pages/man7/capabilities.7.html>

use temper_fit::images::{CapabilityNeed, CapabilityWhen};
use temper_fit::{Evidence, EvidenceKind};
use temper_model::compose::Item;
use temper_model::container::CAPABILITIES;
use temper_model::container::{Attempt, Capabilities, Outcome};

use super::shared::host_work::host_work;
use super::shared::image::service_entry;
use super::shared::live::{all_of, attempts, named, processes};
use super::shared::overlay::see_later_file;
use super::shared::security_opt::{is_privileged, privileged_unknown};
use super::shared::{capability_name, fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct DangerousCapabilities;

static META: Meta = Meta {
    id: "dangerous-capabilities",
    title: "no capability beyond the default set is added",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.4", "nist-sp-800-190:4.4.3", "pss:baseline/capabilities"],
    requires: &[],
    source: include_str!("dangerous_capabilities.rs"),
};

/// What Docker gives every container (moby, `oci/caps/defaults.go`), without `NET_RAW`, which the Pod Security Standards
/// do not allow to be added.
const HARMLESS: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// What a capability gives (capabilities(7)).
const GIVES: [(&str, &str); 27] = [
    ("ALL", "every capability: as good as root on the host"),
    ("SYS_ADMIN", "mounting, namespaces and much of the kernel: as good as root on the host"),
    ("SYS_MODULE", "loading kernel modules: root on the host"),
    ("SYS_RAWIO", "raw access to I/O ports and memory: root on the host"),
    ("SYS_PTRACE", "reading and changing the memory of other processes"),
    ("SYS_BOOT", "rebooting the host and loading another kernel"),
    ("SYS_TIME", "setting the clock of the host"),
    ("SYS_NICE", "raising its priority above other processes of the host"),
    ("SYS_RESOURCE", "going beyond its resource limits"),
    ("SYS_PACCT", "switching process accounting of the host"),
    ("SYS_TTY_CONFIG", "operations on the terminals of the host"),
    ("SYSLOG", "reading kernel messages and kernel addresses"),
    ("DAC_READ_SEARCH", "opening any file of the host's file system by handle"),
    ("BPF", "loading programs into the kernel"),
    ("PERFMON", "observing the kernel and other processes"),
    ("CHECKPOINT_RESTORE", "choosing process ids and reading the memory maps of others"),
    ("MAC_ADMIN", "changing AppArmor and SELinux policy"),
    ("MAC_OVERRIDE", "ignoring mandatory access control"),
    ("NET_ADMIN", "changing interfaces, routes and firewall of its network"),
    ("NET_RAW", "forging packets of its network"),
    ("NET_BROADCAST", "broadcasting and listening to multicasts"),
    ("IPC_LOCK", "locking memory, which then cannot be swapped"),
    ("IPC_OWNER", "ignoring permissions of shared memory"),
    ("LINUX_IMMUTABLE", "changing files that are marked immutable"),
    ("AUDIT_CONTROL", "switching the audit of the kernel off"),
    ("AUDIT_READ", "reading the audit log of the kernel"),
    ("WAKE_ALARM", "waking the host up"),
];

/// What firewalls and VPNs need for their work.
const NETWORK: [&str; 3] = ["NET_ADMIN", "NET_RAW", "SYS_MODULE"];

impl Control for DangerousCapabilities {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        let mut harmless: Vec<String> = Vec::new();
        for item in &service.cap_add {
            let name = capability_name(&item.value);
            if item.missing.is_empty() && HARMLESS.contains(&name.as_str()) {
                harmless.push(name);
            } else {
                judge(context, item, &name, verdicts);
            }
        }
        // A privileged container has every capability; the control on `privileged` says so.
        if harmless.len() < service.cap_add.len()
            || is_privileged(service)
            || privileged_unknown(service).is_some()
        {
            return;
        }
        match service.cap_add.first() {
            Some(first) => {
                let message = format!("adds only {} of Docker's default set", harmless.join(", "));
                verdicts.pass(first.at, message);
            }
            None => {
                verdicts.pass(service.at, "adds no capability");
            }
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let Some(processes) = processes(context, verdicts) else { return };
        // Docker gives NET_RAW to every container; `drop-capabilities` says that it should not be kept.
        let added = context.container.settings.cap_add.iter().any(|name| name == "NET_RAW");
        let usual = HARMLESS.into_iter().chain((!added).then_some("NET_RAW"));
        let usual = Capabilities::mask(usual);
        let holds: Vec<_> =
            processes.iter().filter(|process| process.capabilities.any() & !usual != 0).collect();
        if !holds.is_empty() {
            let extra = holds.iter().fold(0, |mask, process| mask | process.capabilities.any()) & !usual;
            let names = Capabilities::names(extra);
            let gives = GIVES.iter().find(|(name, _)| names.iter().any(|held| held == name));
            let gives = gives.map_or_else(String::new, |(_, what)| format!(": {what}"));
            verdicts.fail(at, format!("{} can have {}{gives}", named(&holds), names.join(", ")));
            return;
        }
        let Some(tried) = attempts(context, verdicts) else { return };
        let mounted =
            tried.iter().find(|tried| tried.attempts.contains(&Attempt::Mount { outcome: Outcome::Done }));
        if let Some(who) = mounted {
            verdicts.fail(at, format!("uid {} could mount a file system", who.uid));
            return;
        }
        verdicts.pass(
            at,
            format!("no capability beyond Docker's default set is in any set of {}", all_of(processes)),
        );
    }
}

fn judge(context: &ServiceContext<'_>, item: &Item, name: &str, verdicts: &mut Verdicts) {
    if !item.missing.is_empty() {
        verdicts.unknown(
            item.at,
            "an added capability hangs on a variable",
            missing_variables(&item.missing),
        );
        return;
    }
    let need = known_need(context, name);
    let judgement = verdicts.fail(item.at, format!("adds {name}: {}", gives(name)));
    judgement.because(need.map(|need| Evidence::general(EvidenceKind::KnownImage, need.reason.clone())));
    judgement.fix(remove(context, item, name, need));
    see_later_file(judgement, context.service, item.at, "cap_add");
}

fn gives(name: &str) -> &'static str {
    match GIVES.iter().find(|(known, _)| *known == name) {
        Some((_, what)) => what,
        None if CAPABILITIES.contains(&name) => "it is outside of Docker's default set",
        None => "the kernel knows no such capability, and the engine refuses to start the container",
    }
}

fn known_need<'a>(context: &'a ServiceContext<'_>, name: &str) -> Option<&'a CapabilityNeed> {
    let image = &service_entry(context.profile)?.image;
    image.capabilities.iter().chain(&image.capabilities_as_service).find(|need| need.name == name)
}

fn remove(context: &ServiceContext<'_>, item: &Item, name: &str, need: Option<&CapabilityNeed>) -> Fix {
    let summary = format!("do not add {name}");
    if let Some(need) = need.filter(|need| need.when != CapabilityWhen::Feature) {
        let reason = format!("the image needs it: {}; waive it in temper.toml with an owner", need.reason);
        return refused(summary, reason);
    }
    let service = &context.service.name;
    if context.profile.capabilities.iter().any(|declared| declared.name == name) {
        let reason = format!(
            "the service is said to need it; see `capabilities` of services.{service} in temper.toml"
        );
        return refused(summary, reason);
    }
    if let Some(what) = host_work(context.service).filter(|_| NETWORK.contains(&name)) {
        return refused(
            summary,
            format!("it {what}, which it needs {name} for; waive it in temper.toml with an owner"),
        );
    }
    let why = match need {
        Some(need) => format!("a feature of the image uses it: {}", need.reason),
        None => "the service may use it".to_owned(),
    };
    let action = ComposeAction::Remove { key: "cap_add", at: item.at };
    fix(context, needs_proof(why), summary, [(action, "CIS Docker 5.4".to_owned())])
}
