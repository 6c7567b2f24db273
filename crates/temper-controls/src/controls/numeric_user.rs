//! A user other than root is given by number.
//!
//! ## What it flags
//! A Compose `user:` or the last `USER` of a Dockerfile that names a user instead of giving a number. Users that are root
//! are left to `non-root-user`.
//!
//! In a running container: the user that the engine starts it with.
//!
//! ## Why it matters
//! The kubelet cannot see from a name that it is not root, and refuses to start such a pod under `runAsNonRoot`. A number
//! also means the same in Compose, in the Dockerfile and on the host, where a name hangs on the `/etc/passwd` of the image.
//!
//! ## Fix safety
//! Safe where the Dockerfile creates the user with a number and without supplementary groups. Otherwise it needs proof:
//! `uid:gid` drops the groups that `/etc/group` of the image gives to the name. Refused where nothing says which number
//! the name has.
//!
//! ## References
//! - NIST SP 800-190, 4.1.2
//! - Pod Security Standards, Restricted: containers must run as non-root users
//! - <https://kubernetes.io/docs/tasks/configure-pod-container/security-context/>
//! - <https://docs.docker.com/reference/dockerfile/#user>

use temper_dockerfile::Resolved;
use temper_dockerfile::facts::{TargetFacts, UserFact, UserSource};
use temper_fit::{Identity, ImageSource, parse_identity};
use temper_model::Setting;
use temper_text::Loc;

use super::shared::live::place;
use super::shared::targets::{BuildTarget, build_targets};
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, DockerfileContext, ServiceContext};
use crate::{
    Change, ComposeAction, DockerfileAction, Fix, Meta, Safety, Scalar, Severity, Surface, Verdicts,
};

/// See the documentation of this module.
pub(super) struct NumericUser;

static META: Meta = Meta {
    id: "numeric-user",
    title: "the user is given by number",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Dockerfile, Surface::Container],
    references: &["nist-sp-800-190:4.1.2", "pss:restricted/run-as-non-root"],
    requires: &[],
    source: include_str!("numeric_user.rs"),
};

impl Control for NumericUser {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let user = match &context.service.user {
            None => return,
            Some(Setting::Unknown { at, missing, .. }) => {
                verdicts.unknown(*at, "`user:` hangs on a variable", missing_variables(missing));
                return;
            }
            Some(Setting::Known(user)) => user,
        };
        match parse_identity(&user.value) {
            Identity::Root | Identity::Unknown { .. } => {}
            Identity::Numeric { .. } => {
                verdicts.pass(user.at, format!("`user: {}` is a number", user.value));
            }
            Identity::Named { name, .. } => {
                let message = format!("`user: {}` is a name, which cannot be checked for root", user.value);
                verdicts.fail(user.at, message).fix(fix_of_service(context, &name));
            }
        }
    }

    fn dockerfile(&self, context: &DockerfileContext<'_>, verdicts: &mut Verdicts) {
        // A file without a stage builds nothing; `non-root-user` says so.
        for target in build_targets(context.stack, context.dockerfile).unwrap_or_default() {
            judge_target(context, &target, verdicts);
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = place(context, context.service.profile.login.at);
        let user = context.container.settings.user.as_str();
        match parse_identity(user) {
            // `non-root-user` says what there is to say of root.
            Identity::Root => {}
            Identity::Numeric { .. } => {
                verdicts.pass(at, format!("starts as {user}"));
            }
            _ => {
                verdicts
                    .fail(at, format!("starts as the user named {user}, whose number only the image knows"));
            }
        }
    }
}

fn fix_of_service(context: &ServiceContext<'_>, name: &str) -> Fix {
    let Identity::Named { uid: Some(uid), gid, .. } = &context.profile.login.start else {
        return refused(
            "give the user by number",
            format!(
                "it is not known which number {name} has in the image: `docker run --rm --entrypoint id IMAGE {name}` tells"
            ),
        );
    };
    let user = numbers(*uid, *gid);
    let safety = match &context.profile.image {
        ImageSource::Built { facts, .. } => safety(facts, name),
        _ => groups_may_be_lost(name),
    };
    let action = ComposeAction::Set { path: vec!["user"], value: Scalar::Str(user.clone()) };
    fix(context, safety, format!("set `user: \"{user}\"`"), [(action, format!("the numbers of {name}"))])
}

fn judge_target(context: &DockerfileContext<'_>, target: &BuildTarget<'_>, verdicts: &mut Verdicts) {
    let Some(user) = &target.facts.user else { return };
    let at = Loc { file: context.dockerfile.file, span: user.span };
    let written = match &user.value {
        Resolved::Known(written) => written,
        Resolved::Unknown { missing } => {
            verdicts.unknown(at, "USER hangs on a variable", missing_variables(missing));
            return;
        }
    };
    match parse_identity(written) {
        Identity::Root | Identity::Unknown { .. } => {}
        Identity::Numeric { .. } => {
            verdicts.pass(at, format!("USER {written} is a number"));
        }
        Identity::Named { name, gid, .. } => {
            let message = format!("USER {written} is a name, which cannot be checked for root");
            let judgement = verdicts.fail(at, message);
            let created = target.facts.created_user(&name);
            if let Some(created) = created {
                judgement.see(Loc { file: at.file, span: created.span }, format!("{name} is created here"));
            }
            judgement.fix(fix_of_target(context, target, at, &name, gid));
        }
    }
}

fn fix_of_target(
    context: &DockerfileContext<'_>,
    target: &BuildTarget<'_>,
    at: Loc,
    name: &str,
    written_gid: Option<u32>,
) -> Fix {
    let created = target.facts.created_user(name);
    let Some(uid) = created.and_then(|user| number(user.uid.as_ref()?)) else {
        let reason = match created {
            Some(_) => {
                format!("{name} is created without a number: give it one with `--uid`, then USER that number")
            }
            None => format!("the base image brings {name}, and it is not known which number it has"),
        };
        return refused("give the user by number", reason);
    };
    let gid = written_gid.or_else(|| created.and_then(|user| primary_group(&target.facts, user, name)));
    let user = numbers(uid, gid);
    Fix {
        safety: safety(&target.facts, name),
        summary: format!("USER {user}"),
        changes: vec![Change::Dockerfile {
            path: context.dockerfile.path.clone(),
            target: target.name.clone(),
            action: DockerfileAction::NumericUser { at, user },
            reason: format!("the numbers of {name}"),
        }],
    }
}

/// Without a group the engine takes the one of `/etc/passwd`, so an unknown one is left out.
fn numbers(uid: u32, gid: Option<u32>) -> String {
    gid.map_or_else(|| uid.to_string(), |gid| format!("{uid}:{gid}"))
}

fn number(value: &Resolved) -> Option<u32> {
    value.known()?.parse().ok()
}

/// A user without a group gets one of its own name.
fn primary_group(facts: &TargetFacts, user: &UserFact, name: &str) -> Option<u32> {
    let group = match &user.group {
        Some(group) => group.known()?,
        None => name,
    };
    group.parse().ok().or_else(|| number(facts.accounts.group(group)?.gid.as_ref()?))
}

fn safety(facts: &TargetFacts, name: &str) -> Safety {
    match facts.created_user(name) {
        Some(user)
            if user.source != UserSource::Usermod
                && user.groups.is_empty()
                && !user.conditional
                && facts.accounts.opaque.is_empty() =>
        {
            Safety::Safe
        }
        _ => groups_may_be_lost(name),
    }
}

fn groups_may_be_lost(name: &str) -> Safety {
    needs_proof(format!("{name} may be in groups of the image that numbers do not bring along"))
}
