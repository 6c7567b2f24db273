//! A container drops all capabilities and gets back only those that it needs.
//!
//! ## What it flags
//! A service without `ALL` in `cap_drop`. Also one where that has no effect: with `privileged: true`, or with `ALL` in
//! `cap_add`, which wins over `cap_drop` (moby, `oci/caps/utils.go`, `TweakCapabilities`).
//!
//! In a running container: the bounding, permitted, effective, inheritable and ambient set of every process, against what
//! the files add back.
//!
//! ## Why it matters
//! Docker gives every container 14 capabilities, among them those to ignore file permissions, to become any user and to
//! forge network packets. Whoever takes over a root process in the container has all of them; most services need none.
//!
//! ## Fix safety
//! The fix drops `ALL` and adds what the service is known to need, each with its reason. It is safe when the first process
//! starts as a numeric user other than root, its image is known, and no file carries a set-user-id bit or a capability: such
//! a process has no effective capability and no way to get one (capabilities(7), "Transformation of capabilities during
//! execve()"), so nothing is taken away. Otherwise it needs proof. Of an image that nothing is known of, the five
//! capabilities with which entrypoints change users are kept.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.4: ensure that Linux kernel capabilities are restricted within containers
//! - Pod Security Standards, Restricted: all capabilities must be dropped
//! - <https://docs.docker.com/engine/security/#linux-kernel-capabilities>

use temper_fit::Identity;
use temper_model::compose::{Item, Service};
use temper_model::container::Capabilities;
use temper_text::Loc;

use super::shared::live::{all_of, named, place, processes};
use super::shared::security_opt::{is_privileged, privileged_unknown};
use super::shared::{
    capability_name, fix, missing_in, missing_variables, needs_proof, reason_of, refused, setuid,
};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Safety, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct DropCapabilities;

static META: Meta = Meta {
    id: "drop-capabilities",
    title: "all capabilities are dropped but those it needs",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.4", "nist-sp-800-190:4.4.3", "pss:restricted/capabilities"],
    requires: &["no-privileged"],
    source: include_str!("drop_capabilities.rs"),
};

impl Control for DropCapabilities {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        let drops_all = service.cap_drop.iter().find(|item| is_known_all(item));
        let adds_all = service.cap_add.iter().find(|item| is_known_all(item));
        match drops_all {
            Some(all) if is_privileged(service) => {
                let privileged = service.privileged.as_ref().map_or(all.at, temper_model::Setting::at);
                verdicts
                    .fail(privileged, "`privileged: true` gives all capabilities; `cap_drop` has no effect")
                    .see(all.at, "dropped here, in vain")
                    .fix(refused("remove `privileged`", "see the control `no-privileged`"));
            }
            Some(all) if adds_all.is_some() => {
                let at = adds_all.map_or(all.at, |item| item.at);
                verdicts
                    .fail(at, "`cap_add: ALL` wins over `cap_drop: ALL`: it has every capability")
                    .see(all.at, "dropped here, in vain")
                    .fix(without_added_all(context, at));
            }
            Some(_) if privileged_unknown(service).is_some() => hangs_on_privileged(service, verdicts),
            Some(_) if service.cap_add.iter().any(|item| !item.missing.is_empty()) => {
                hangs_on_added(service, verdicts);
            }
            Some(all) => {
                verdicts.pass(all.at, format!("drops all capabilities{}", added_back(&service.cap_add)));
            }
            None => not_dropped(context, verdicts),
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service.service;
        let at = place(context, service.cap_drop.iter().find(|item| is_known_all(item)).map(|item| item.at));
        let Some(processes) = processes(context, verdicts) else { return };
        let missing = missing_in(&service.cap_add);
        if !missing.is_empty() {
            verdicts.unknown(
                at,
                "what `cap_add` gives back hangs on a variable",
                missing_variables(&missing),
            );
            return;
        }
        let added: Vec<String> = service.cap_add.iter().map(|item| capability_name(&item.value)).collect();
        let allowed = Capabilities::mask(added.iter().map(String::as_str));
        let holds: Vec<_> =
            processes.iter().filter(|process| process.capabilities.any() & !allowed != 0).collect();
        if holds.is_empty() {
            let held = processes.iter().fold(0, |mask, process| mask | process.capabilities.any());
            let held = Capabilities::names(held);
            let rest = if held.is_empty() { String::new() } else { format!(" but {}", held.join(", ")) };
            verdicts.pass(at, format!("no capability{rest} is in any set of {}", all_of(processes)));
            return;
        }
        let extra = holds.iter().fold(0, |mask, process| mask | process.capabilities.any()) & !allowed;
        let names = Capabilities::names(extra).join(", ");
        verdicts.fail(at, format!("{} can have {names}", named(&holds)));
    }
}

fn hangs_on_privileged(service: &Service, verdicts: &mut Verdicts) {
    if let Some((at, missing)) = privileged_unknown(service) {
        let message = "whether `cap_drop` has an effect hangs on `privileged`";
        verdicts.unknown(at, message, missing_variables(missing));
    }
}

/// `ALL` in `cap_add` wins over `cap_drop`, and a variable may say it.
fn hangs_on_added(service: &Service, verdicts: &mut Verdicts) {
    let first = service.cap_add.iter().find(|item| !item.missing.is_empty());
    let at = first.map_or(service.at, |item| item.at);
    let missing = missing_variables(&missing_in(&service.cap_add));
    verdicts.unknown(at, "which capabilities `cap_add` gives back hangs on a variable", missing);
}

fn not_dropped(context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
    let service = context.service;
    let at = service.cap_drop.first().map_or(service.at, |item| item.at);
    let missing = missing_in(&service.cap_drop);
    if !missing.is_empty() {
        let message = "what `cap_drop` names hangs on a variable";
        verdicts.unknown(at, message, missing_variables(&missing)).fix(drop_all(context));
        return;
    }
    let judgement = verdicts.fail(at, message(context));
    judgement.because(context.profile.capabilities.iter().flat_map(|need| need.evidence.iter().cloned()));
    judgement.fix(drop_all(context));
}

fn message(context: &ServiceContext<'_>) -> String {
    let service = context.service;
    if is_privileged(service) {
        return "drops no capability, and `privileged: true` gives it all of them".to_owned();
    }
    if service.cap_drop.is_empty() {
        return "keeps Docker's 14 default capabilities: `cap_drop` is not set".to_owned();
    }
    let names: Vec<String> = service.cap_drop.iter().map(|item| capability_name(&item.value)).collect();
    format!("drops only {}, the rest of Docker's default capabilities stays", names.join(", "))
}

/// `ALL` in any case; `CAP_ALL` is no capability (moby, `oci/caps/utils.go`, `NormalizeLegacyCapabilities`).
fn is_known_all(item: &Item) -> bool {
    item.missing.is_empty() && item.value.trim().eq_ignore_ascii_case("ALL")
}

fn added_back(added: &[Item]) -> String {
    if added.is_empty() {
        return ", adds none back".to_owned();
    }
    let names: Vec<String> = added.iter().map(|item| capability_name(&item.value)).collect();
    format!(", adds back {}", names.join(", "))
}

fn without_added_all(context: &ServiceContext<'_>, at: Loc) -> Fix {
    let remove = (ComposeAction::Remove { key: "cap_add", at }, "CIS Docker 5.4".to_owned());
    let safety = needs_proof("the service may use a capability that `ALL` gives");
    let actions = std::iter::once(remove).chain(needed(context)).chain(start_user(context));
    fix(context, safety, "add only the capabilities that are needed", actions)
}

fn drop_all(context: &ServiceContext<'_>) -> Fix {
    if let Some(why) = context.profile.blind.as_ref().filter(|_| !starts_without_root(context)) {
        let name = &context.service.name;
        return refused(
            "drop all capabilities",
            format!(
                "{why}, and it may start as root: list `writable` and `capabilities` of services.{name} in temper.toml"
            ),
        );
    }
    let drop = ComposeAction::Append { key: "cap_drop", item: "ALL".to_owned() };
    let added: Vec<(ComposeAction, String)> = needed(context).collect();
    let names: Vec<&str> = context.profile.capabilities.iter().map(|need| need.name.as_str()).collect();
    let summary = match names.as_slice() {
        [] => "drop all capabilities".to_owned(),
        names => format!("drop all capabilities but {}", names.join(", ")),
    };
    let user = start_user(context);
    let summary = if user.is_some() { format!("{summary}, and start as its service user") } else { summary };
    let actions = std::iter::once((drop, "CIS Docker 5.4".to_owned())).chain(added).chain(user);
    fix(context, safety(context), summary, actions)
}

/// Capabilities that the service needs and does not have yet.
fn needed<'a>(context: &'a ServiceContext<'_>) -> impl Iterator<Item = (ComposeAction, String)> + 'a {
    let added: Vec<String> =
        context.service.cap_add.iter().map(|item| capability_name(&item.value)).collect();
    let lacking = context.profile.capabilities.iter().filter(move |need| !added.contains(&need.name));
    lacking.map(|need| {
        let add = ComposeAction::Append { key: "cap_add", item: need.name.clone() };
        (add, reason_of(&need.evidence, "needed"))
    })
}

/// The capabilities of the profile are those of the user that the service is going to run as. An image that starts as
/// root and drops its privileges would need others, so that both changes have to come together.
fn start_user(context: &ServiceContext<'_>) -> Option<(ComposeAction, String)> {
    let user = context.profile.target.user.as_ref()?;
    let is_root =
        matches!(context.profile.login.start, Identity::Root | Identity::Named { uid: Some(0), .. });
    if !is_root || user.uid == 0 || user.needs_dockerfile {
        return None;
    }
    let ids = Scalar::Str(format!("{}:{}", user.uid, user.gid));
    let set = ComposeAction::Set { path: vec!["user"], value: ids };
    Some((set, reason_of(&user.evidence, "CIS Docker 4.1")))
}

/// True for a start that has no capability to lose.
fn starts_without_root(context: &ServiceContext<'_>) -> bool {
    match context.profile.login.start {
        Identity::Numeric { uid, .. } | Identity::Named { uid: Some(uid), .. } => uid != 0,
        _ => false,
    }
}

fn safety(context: &ServiceContext<'_>) -> Safety {
    if is_privileged(context.service) {
        return needs_proof("it has no effect before `privileged` is gone");
    }
    let profile = context.profile;
    if let Some(why) = &profile.blind {
        return needs_proof(format!("{why}, so it may use a capability that is dropped"));
    }
    match &profile.login.start {
        Identity::Numeric { uid, .. } | Identity::Named { uid: Some(uid), .. } if *uid != 0 => {
            setuid::uncertainty(context.stack, context.service, profile).map_or(Safety::Safe, |why| {
                needs_proof(format!("a non-root user has no capability, but {why}"))
            })
        }
        Identity::Unknown { why } => needs_proof(format!("it may start as root: {why}")),
        Identity::Named { name, .. } => {
            needs_proof(format!("it starts as {name}, and which number that is no file says"))
        }
        _ if profile.target.user.as_ref().is_some_and(|user| user.uid != 0) => needs_proof(
            "it starts as root today; as the user it is to run as, it is believed to need no more",
        ),
        _ => needs_proof("it starts as root, and may use a capability that is not known of"),
    }
}
