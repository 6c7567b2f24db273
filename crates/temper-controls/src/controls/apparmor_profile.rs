//! A container is confined by AppArmor or SELinux, and its `/proc` is masked.
//!
//! ## What it flags
//! `apparmor:unconfined`, `label:disable` (SELinux) and `systempaths:unconfined` in `security_opt`, and `privileged: true`
//! without an AppArmor profile, which runs unconfined. When nothing is said, the profile `docker-default` applies on hosts
//! that have AppArmor, and the control passes.
//!
//! In a running container: what the engine was told, the label of every process, and the mounts that mask `/proc`.
//!
//! ## Why it matters
//! These are the second line after namespaces and capabilities: they keep a process from writing to `/proc/sys`, from
//! mounting, and from files of the host, even when it became root. Switching them off is rarely needed and removes that line
//! for the whole container.
//!
//! ## Fix safety
//! Needs proof: the service may mount, trace or write where the profile forbids it. The fix removes the entry; an overlay
//! cannot do that without `!override`.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.2: ensure that, if applicable, an AppArmor profile is enabled; 5.3: SELinux options are set
//! - Pod Security Standards, Baseline: AppArmor, SELinux and the masks of /proc
//! - <https://docs.docker.com/engine/security/apparmor/>

use temper_model::Setting;
use temper_model::compose::Service;
use temper_model::container::{Container, MountEntry};
use temper_text::Loc;

use super::shared::live::{mounts, named, processes};
use super::shared::overlay::see_later_file;
use super::shared::security_opt::{SecurityOption, is_privileged, privileged_unknown, security_options};
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct ApparmorProfile;

static META: Meta = Meta {
    id: "apparmor-profile",
    title: "AppArmor, SELinux and the masks of /proc are not switched off",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &[
        "cis-docker-1.7:5.2",
        "cis-docker-1.7:5.3",
        "nist-sp-800-190:4.4.3",
        "pss:baseline/apparmor",
        "pss:baseline/selinux",
        "pss:baseline/proc-mount",
    ],
    requires: &[],
    source: include_str!("apparmor_profile.rs"),
};

/// Entries that switch something off: name, value, message, benchmark item.
const OFF: [(&str, &str, &str, &str); 4] = [
    ("apparmor", "unconfined", "runs without AppArmor", "CIS Docker 5.2"),
    ("label", "disable", "runs without the separation of SELinux", "CIS Docker 5.3"),
    ("label", "type:spc_t", "runs without the separation of SELinux", "CIS Docker 5.3"),
    (
        "systempaths",
        "unconfined",
        "sees and writes all of /proc and /sys: their masks are switched off",
        "masks of /proc",
    ),
];

/// What an entry switches off: message, benchmark item.
fn switched_off(option: &SecurityOption<'_>) -> Option<(&'static str, &'static str)> {
    let found = OFF.iter().find(|(name, value, ..)| *name == option.name && option.value == Some(value))?;
    Some((found.2, found.3))
}

impl Control for ApparmorProfile {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        let mut is_clean = true;
        let mut profile: Option<(&str, Loc)> = None;
        for option in security_options(service) {
            let at = option.item.at;
            if !option.item.missing.is_empty() {
                is_clean = false;
                let missing = missing_variables(&option.item.missing);
                verdicts.unknown(at, "an entry of `security_opt` hangs on a variable", missing);
            } else if let Some((message, item)) = switched_off(&option) {
                is_clean = false;
                fail(context, at, message, item, verdicts);
            } else if option.name == "apparmor" {
                profile = option.value.map(|value| (value, at));
            }
        }
        if !is_clean {
            return;
        }
        match profile {
            // A profile of AppArmor holds, but the labels of SELinux and the masks of /proc go with `privileged`.
            Some((name, at)) if !is_privileged(service) && privileged_unknown(service).is_none() => {
                verdicts
                    .pass(at, format!("confined by the AppArmor profile {name}, which the host has to load"));
            }
            _ => by_default(service, profile, verdicts),
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let settings = &context.container.settings;
        // The engine adds `label=disable` by itself there; `no-host-namespaces` says what there is to say.
        let by_engine = settings.pid_mode == "host" || settings.ipc_mode == "host";
        let options =
            settings.security_opt.iter().filter(|option| !(by_engine && *option == "label=disable"));
        let off = options.filter_map(|option| {
            let (name, value) = option.split_once('=').or_else(|| option.split_once(':'))?;
            OFF.iter().find(|(known, word, ..)| *known == name && *word == value)
        });
        let off: Vec<_> = off.collect();
        for (_, _, message, _) in &off {
            verdicts.fail(at, *message);
        }
        if !off.is_empty() {
            return;
        }
        let Some(processes) = processes(context, verdicts) else { return };
        let Some(mounts) = mounts(context, verdicts) else { return };
        let unconfined: Vec<_> = processes
            .iter()
            .filter(|process| process.label.as_deref().is_some_and(|label| label.starts_with("unconfined")))
            .collect();
        if !unconfined.is_empty() {
            verdicts.fail(at, format!("{} is unconfined", named(&unconfined)));
            return;
        }
        // The engine mounts kernel settings read-only, unless the masks are switched off.
        if !Container::mount_of(mounts, "/proc/sys").is_some_and(MountEntry::read_only) {
            verdicts.fail(at, "sees and writes all of /proc and /sys: their masks are not mounted");
            return;
        }
        let message = match processes.first().and_then(|process| process.label.as_deref()) {
            Some(label) => format!("confined by {label}, and /proc is masked"),
            None => "/proc is masked; the kernel has neither AppArmor nor SELinux".to_owned(),
        };
        verdicts.pass(at, message);
    }
}

/// What applies when `security_opt` names no profile, or when `privileged` makes that not enough.
fn by_default(service: &Service, profile: Option<(&str, Loc)>, verdicts: &mut Verdicts) {
    if let Some((at, missing)) = privileged_unknown(service) {
        verdicts.unknown(at, "whether AppArmor applies hangs on `privileged`", missing_variables(missing));
    } else if is_privileged(service) {
        let at = service.privileged.as_ref().map_or(service.at, Setting::at);
        let fix =
            refused("remove `privileged`", "it goes with `privileged`; see the control `no-privileged`");
        let message = match profile {
            None => "`privileged: true` runs it without AppArmor and SELinux",
            Some(_) => "`privileged: true` runs it without SELinux, and without the masks of /proc",
        };
        verdicts.fail(at, message).fix(fix);
    } else {
        let message = "nothing is switched off: docker-default applies where the host has AppArmor";
        verdicts.pass(service.at, message);
    }
}

fn fail(context: &ServiceContext<'_>, at: Loc, message: &str, item: &str, verdicts: &mut Verdicts) {
    let action = ComposeAction::Remove { key: "security_opt", at };
    let safety = needs_proof("the service may mount, trace or write where the default forbids it");
    let fix =
        fix(context, safety, "remove the entry, so that the default applies", [(action, item.to_owned())]);
    let judgement = verdicts.fail(at, message);
    judgement.fix(fix);
    see_later_file(judgement, context.service, at, "security_opt");
}
