//! No process of a container gains privileges that its parent does not have.
//!
//! ## What it flags
//! A service without `no-new-privileges:true` in `security_opt`, or with `no-new-privileges:false`.
//!
//! In a running container: `NoNewPrivs` of every process, and an attempt to become another user through a program with the
//! set-user-id bit, which temper brings along.
//!
//! ## Why it matters
//! Without it a process that runs as an ordinary user becomes root by a set-user-id program such as `su` or `mount` that
//! has a fault. The flag makes the kernel ignore set-user-id bits and file capabilities at `execve`.
//!
//! ## Fix safety
//! Safe for an image that is known, or built here on one that is, and shows no set-user-id program: `gosu`, `su-exec` and
//! `setpriv` change users by capabilities and work under it. Needs proof where `sudo`, `su`, a set-user-id bit or a file
//! capability is seen, and where nothing is known of the image.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.26: ensure that the container is restricted from acquiring additional privileges
//! - Pod Security Standards, Restricted: privilege escalation must not be allowed
//! - <https://docs.kernel.org/userspace-api/no_new_privs.html>

use temper_fit::images::{Confidence, Support};
use temper_model::container::{Attempt, Outcome};
use temper_text::Loc;

use super::shared::image::service_entry;
use super::shared::live::{all_of, attempts, named, place, processes, proven};
use super::shared::security_opt::{SecurityOption, security_options};
use super::shared::{fix, missing_in, missing_variables, needs_proof, refused, setuid};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Safety, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct NoNewPrivileges;

static META: Meta = Meta {
    id: "no-new-privileges",
    title: "processes cannot gain privileges",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.26", "nist-sp-800-190:4.4.3", "pss:restricted/privilege-escalation"],
    requires: &[],
    source: include_str!("no_new_privileges.rs"),
};

const ON: &str = "no-new-privileges:true";
const NAME: &str = "no-new-privileges";

impl Control for NoNewPrivileges {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        // The engine reads the entries in order; the last one counts.
        let last = security_options(service).filter(|option| option.name == NAME).last();
        match last {
            Some(option) if !option.item.missing.is_empty() => {
                let missing = missing_variables(&option.item.missing);
                verdicts.unknown(option.item.at, "`no-new-privileges` hangs on a variable", missing);
            }
            Some(option) if is_on(option) && unread_after(context, option).is_some() => {
                let after = unread_after(context, option).unwrap_or(option);
                let missing = missing_variables(&after.item.missing);
                let message = "a later entry of `security_opt` hangs on a variable, and may switch it off";
                verdicts.unknown(after.item.at, message, missing);
            }
            Some(option) if is_on(option) => {
                verdicts.pass(option.item.at, "processes cannot gain privileges");
            }
            Some(option) => {
                let at = option.item.at;
                let message = "`no-new-privileges` is switched off";
                verdicts.fail(at, message).fix(turn_on(context, Some(at)));
            }
            None => not_set(context, verdicts),
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service.service;
        let at = place(
            context,
            security_options(service)
                .filter(|option| option.name == NAME)
                .last()
                .map(|option| option.item.at),
        );
        let Some(processes) = processes(context, verdicts) else { return };
        let without: Vec<_> = processes.iter().filter(|process| !process.no_new_privileges).collect();
        if !without.is_empty() {
            verdicts.fail(at, format!("{} can gain privileges: NoNewPrivs is 0", named(&without)));
            return;
        }
        let Some(tried) = attempts(context, verdicts) else { return };
        for who in tried {
            let outcome = who.attempts.iter().find_map(|attempt| match attempt {
                Attempt::SetUserId { outcome } => Some(outcome),
                _ => None,
            });
            let message = "NoNewPrivs is 1, and no set-user-id program was tried";
            match outcome {
                Some(Outcome::Refused(_)) => {}
                Some(Outcome::Done) => {
                    verdicts.fail(
                        at,
                        format!("uid {} became another user through a set-user-id program", who.uid),
                    );
                    return;
                }
                Some(Outcome::NotTried(why)) => {
                    verdicts.unknown(at, message, why);
                    return;
                }
                None => {
                    verdicts.unknown(at, message, format!("an attempt as uid {}", who.uid));
                    return;
                }
            }
        }
        let message = format!(
            "NoNewPrivs is 1 for {}, and a set-user-id program gave no other user",
            all_of(processes)
        );
        verdicts
            .pass(at, message)
            .because(tried.iter().map(|who| proven(format!("tried as uid {}", who.uid))));
    }
}

/// A later entry of which not even the name is known.
fn unread_after<'a>(context: &ServiceContext<'a>, option: SecurityOption<'a>) -> Option<SecurityOption<'a>> {
    let mut later =
        security_options(context.service).skip_while(move |other| other.item.at != option.item.at);
    later.find(|other| other.name.is_empty() && !other.item.missing.is_empty())
}

fn not_set(context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
    let service = context.service;
    let missing = missing_in(&service.security_opt);
    if missing.is_empty() {
        let message = "processes can gain privileges: `no-new-privileges` is not in `security_opt`";
        verdicts.fail(service.at, message).fix(turn_on(context, None));
        return;
    }
    let at =
        service.security_opt.iter().find(|item| !item.missing.is_empty()).map_or(service.at, |item| item.at);
    verdicts.unknown(at, "an entry of `security_opt` hangs on a variable", missing_variables(&missing));
}

/// The engine reads the value with Go's `strconv.ParseBool`; alone, the word means true.
fn is_on(option: SecurityOption<'_>) -> bool {
    matches!(option.value, None | Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
}

/// `at` is the entry that switches it off.
fn turn_on(context: &ServiceContext<'_>, at: Option<Loc>) -> Fix {
    const SUMMARY: &str = "add `no-new-privileges:true`";
    let safety = match safety(context) {
        Safety::Refused { reason } => return refused(SUMMARY, reason),
        safety => safety,
    };
    let item = ON.to_owned();
    let action = match at {
        Some(at) => ComposeAction::Replace { key: "security_opt", at, item },
        None => ComposeAction::Append { key: "security_opt", item },
    };
    fix(context, safety, SUMMARY, [(action, "CIS Docker 5.26".to_owned())])
}

fn safety(context: &ServiceContext<'_>) -> Safety {
    let entry = service_entry(context.profile);
    let note = entry.and_then(|entry| Some((entry, entry.image.no_new_privileges.as_ref()?)));
    if let Some((entry, note)) = note {
        let confidence = note.confidence.unwrap_or(entry.image.confidence);
        match note.works {
            Support::No => {
                let reason =
                    format!("the image does not work under it: {}; waive it in temper.toml", note.reason);
                return Safety::Refused { reason };
            }
            Support::Conditional => return needs_proof(&note.reason),
            Support::Yes if confidence == Confidence::Believed => {
                return needs_proof(format!("image {} is only believed to work under it", entry.image.id));
            }
            Support::Yes => {}
        }
    }
    if let (Some(entry), None) = (entry, note) {
        return needs_proof(format!("it is not known whether image {} works under it", entry.image.id));
    }
    setuid::uncertainty(context.stack, context.service, context.profile).map_or(Safety::Safe, needs_proof)
}
