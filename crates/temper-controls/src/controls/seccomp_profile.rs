//! A container runs under a seccomp profile.
//!
//! ## What it flags
//! `seccomp:unconfined` in `security_opt`, and `privileged: true`, which switches seccomp off. When nothing is said the
//! engine's default profile applies, and the control passes. What a profile of one's own allows is not judged: unknown.
//!
//! In a running container: `Seccomp` of every process in `/proc`; and what the filter refuses, tried in a sibling container
//! with the same settings.
//!
//! ## Why it matters
//! The default profile of Docker blocks some 44 system calls that containers do not need, among them those of many faults
//! of the kernel. Without it the whole kernel interface is open to whoever takes over the process.
//!
//! ## Fix safety
//! Needs proof: the service may use a system call that the default profile blocks, as debuggers do. The fix removes the
//! entry. An overlay cannot do that without `!override`.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.22: ensure the default seccomp profile is not disabled
//! - Pod Security Standards, Baseline: the seccomp profile must not be Unconfined
//! - <https://docs.docker.com/engine/security/seccomp/>

use temper_model::Setting;
use temper_model::container::{Attempt, Outcome};

use super::shared::live::{all_of, named, place, processes, proven};
use super::shared::overlay::see_later_file;
use super::shared::security_opt::{SecurityOption, is_privileged, privileged_unknown, security_options};
use super::shared::{fix, missing_in, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct SeccompProfile;

static META: Meta = Meta {
    id: "seccomp-profile",
    title: "a seccomp profile applies",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.22", "nist-sp-800-190:4.4.3", "pss:baseline/seccomp"],
    requires: &[],
    source: include_str!("seccomp_profile.rs"),
};

/// `SECCOMP_MODE_FILTER` in `/proc/PID/status`.
const FILTER: u8 = 2;

impl Control for SeccompProfile {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        // The engine reads the entries in order; the last one counts.
        let last = security_options(service).filter(|option| option.name == "seccomp").last();
        if let Some(option) = last.filter(|option| option.item.missing.is_empty()) {
            judge(context, option, verdicts);
        } else if let Some(item) = service.security_opt.iter().find(|item| !item.missing.is_empty()) {
            let missing = missing_variables(&missing_in(&service.security_opt));
            verdicts.unknown(item.at, "an entry of `security_opt` hangs on a variable", missing);
        } else if let Some((at, missing)) = privileged_unknown(service) {
            verdicts.unknown(at, "whether seccomp applies hangs on `privileged`", missing_variables(missing));
        } else if is_privileged(service) {
            let at = service.privileged.as_ref().map_or(service.at, Setting::at);
            verdicts.fail(at, "`privileged: true` runs it without seccomp").fix(by_privileged());
        } else {
            verdicts.pass(service.at, "Docker's default seccomp profile applies: nothing switches it off");
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service.service;
        let option = security_options(service).filter(|option| option.name == "seccomp").last();
        let at = place(context, option.map(|option| option.item.at));
        let Some(processes) = processes(context, verdicts) else { return };
        let without: Vec<_> = processes.iter().filter(|process| process.seccomp != FILTER).collect();
        if !without.is_empty() {
            verdicts.fail(at, format!("{} runs without a seccomp filter", named(&without)));
            return;
        }
        let filtered = format!("a seccomp filter applies to {}", all_of(processes));
        let tried = match context.container.sibling.get() {
            Ok(tried) => tried,
            Err(missing) => {
                let message = format!("{filtered}, and what it refuses was not tried");
                verdicts.unknown(at, message, missing);
                return;
            }
        };
        let refused = |attempt: &Attempt| match attempt {
            Attempt::Personality { outcome: Outcome::Refused(error) } => {
                Some(format!("personality() {error}"))
            }
            _ => None,
        };
        match tried.iter().find_map(refused) {
            Some(evidence) => {
                let message = format!("{filtered}, and it refused a system call");
                verdicts.pass(at, message).because([proven(format!("{evidence}, in a sibling container"))]);
            }
            None => {
                let missing =
                    "a system call that it refuses: the profile lets through what Docker's own refuses";
                verdicts.unknown(at, filtered, missing);
            }
        }
    }
}

fn by_privileged() -> Fix {
    refused("remove `privileged`", "it goes with `privileged`; see the control `no-privileged`")
}

fn judge(context: &ServiceContext<'_>, option: SecurityOption<'_>, verdicts: &mut Verdicts) {
    let at = option.item.at;
    match option.value {
        Some("unconfined") => {
            let judgement = verdicts.fail(at, "runs without seccomp: every system call is allowed");
            let action = ComposeAction::Remove { key: "security_opt", at };
            let safety = needs_proof("the service may use a system call that the default profile blocks");
            let summary = "use Docker's default seccomp profile";
            judgement.fix(fix(context, safety, summary, [(action, "CIS Docker 5.22".to_owned())]));
            see_later_file(judgement, context.service, at, "security_opt");
        }
        Some("builtin") if is_privileged(context.service) => {
            let message = "`privileged: true` runs it without seccomp, also with the profile `builtin`";
            verdicts.fail(at, message).fix(by_privileged());
        }
        Some("builtin") => {
            verdicts.pass(at, "the engine's own seccomp profile applies");
        }
        Some(profile) => {
            let message = format!("uses the seccomp profile {profile}, and what that allows is not known");
            let missing = "temper does not read profiles: see that its `defaultAction` is SCMP_ACT_ERRNO";
            verdicts.unknown(at, message, missing);
        }
        None => {
            let missing = "the engine expects `seccomp:unconfined` or `seccomp:<file>`";
            verdicts.unknown(at, "`seccomp` stands without a value", missing);
        }
    }
}
