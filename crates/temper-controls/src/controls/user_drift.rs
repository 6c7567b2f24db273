//! Compose and the Dockerfile mean the same user.
//!
//! ## What it flags
//! A service that is built from a Dockerfile of the stack and sets `user:` to another uid or gid than the image is made
//! for: the last `USER`, or, where there is none, the user that the Dockerfile creates. Also a `user:` without a group
//! where the Dockerfile names one: the group is 0 unless the uid stands in `/etc/passwd` of the image.
//!
//! ## Why it matters
//! Files that the image gives to one user cannot be written by another, so the service fails at its first write, or only
//! at the first restart. Whoever reads one of the two files also believes the wrong thing about who the service runs as.
//!
//! ## Fix safety
//! A wrong group needs proof: files may have been given to it meanwhile. For two different users the fix is refused, since
//! only a person knows which file is right.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 4.1: ensure that a user for the container has been created
//! - NIST SP 800-190, 4.1.2
//! - <https://docs.docker.com/reference/compose-file/services/#user>
//! - <https://docs.docker.com/reference/dockerfile/#user>

use temper_dockerfile::Resolved;
use temper_dockerfile::facts::{BaseImage, TargetFacts, UserFact};
use temper_fit::{Identity, ImageSource, parse_identity};
use temper_model::{Setting, Spanned};
use temper_text::{Loc, Span};

use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct UserDrift;

static META: Meta = Meta {
    id: "user-drift",
    title: "Compose and the Dockerfile mean the same user",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose],
    references: &["cis-docker-1.7:4.1", "nist-sp-800-190:4.1.2"],
    requires: &[],
    source: include_str!("user_drift.rs"),
};

/// A user of the Dockerfile and where it is said.
struct ImageUser {
    name: Option<String>,
    uid: u32,
    gid: Option<u32>,
    at: Loc,
}

impl Control for UserDrift {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let ImageSource::Built { dockerfile, facts, .. } = &context.profile.image else { return };
        let Some(file) = context.stack.dockerfiles.get(dockerfile).map(|dockerfile| dockerfile.file) else {
            return;
        };
        let user = match &context.service.user {
            None => return,
            Some(Setting::Unknown { at, missing, .. }) => {
                verdicts.unknown(*at, "`user:` hangs on a variable", missing_variables(missing));
                return;
            }
            Some(Setting::Known(user)) if user.value.trim().is_empty() => return,
            Some(Setting::Known(user)) => user,
        };
        match image_users(facts, &|span| Loc { file, span }) {
            Ok(users) if users.is_empty() => {}
            Ok(users) => compare(context, user, &users, facts, verdicts),
            Err((span, missing)) => {
                verdicts
                    .unknown(user.at, "cannot tell whether the image is made for this user", missing)
                    .see(Loc { file, span }, "the user of the image");
            }
        }
    }
}

/// The user of the last USER, or else the users that the Dockerfile creates. The error says what is missing.
fn image_users(facts: &TargetFacts, here: &dyn Fn(Span) -> Loc) -> Result<Vec<ImageUser>, (Span, String)> {
    let Some(user) = &facts.user else {
        return Ok(facts.accounts.users.iter().filter_map(|user| created(facts, user, here)).collect());
    };
    let written = match &user.value {
        Resolved::Known(written) => written,
        Resolved::Unknown { missing } => return Err((user.span, missing_variables(missing))),
    };
    match parse_identity(written) {
        Identity::Numeric { uid, gid } => {
            // Without a group the engine takes that of the user with this number.
            let gid = gid.or_else(|| group_of(facts, facts.created_user(&uid.to_string())?));
            Ok(vec![ImageUser { name: None, uid, gid, at: here(user.span) }])
        }
        Identity::Root => Ok(vec![ImageUser { name: None, uid: 0, gid: None, at: here(user.span) }]),
        Identity::Named { name, gid, .. } => {
            let account = facts.created_user(&name).and_then(|account| created(facts, account, here));
            let missing = || (user.span, format!("the number of {name} in the image"));
            let account = account.ok_or_else(missing)?;
            Ok(vec![ImageUser { gid: gid.or(account.gid), ..account }])
        }
        Identity::Unknown { why } => Err((user.span, why)),
    }
}

fn created(facts: &TargetFacts, user: &UserFact, here: &dyn Fn(Span) -> Loc) -> Option<ImageUser> {
    let uid = user.uid.as_ref()?.known()?.parse().ok()?;
    let name = user.name.known().map(str::to_owned);
    Some(ImageUser { name, uid, gid: group_of(facts, user), at: here(user.span) })
}

/// The primary group; a user without one gets a group of its own name.
fn group_of(facts: &TargetFacts, user: &UserFact) -> Option<u32> {
    let group = match &user.group {
        Some(group) => group.known()?,
        None => user.name.known()?,
    };
    group.parse().ok().or_else(|| facts.accounts.group(group)?.gid.as_ref()?.known()?.parse().ok())
}

fn compare(
    context: &ServiceContext<'_>,
    user: &Spanned<String>,
    users: &[ImageUser],
    facts: &TargetFacts,
    verdicts: &mut Verdicts,
) {
    let (uid, gid) = match &context.profile.login.start {
        Identity::Root => (0, None),
        Identity::Numeric { uid, gid } | Identity::Named { uid: Some(uid), gid, .. } => (*uid, *gid),
        Identity::Named { name, .. } => {
            let missing = format!("the number of {name} in the image");
            verdicts.unknown(user.at, "cannot tell whether the image is made for this user", missing);
            return;
        }
        Identity::Unknown { .. } => return,
    };
    let Some(same) = users.iter().find(|of_image| of_image.uid == uid) else {
        return differs(context, user, users, verdicts);
    };
    let has_group = user.value.contains(':');
    match (same.gid, gid) {
        (Some(of_image), Some(gid)) if of_image != gid => {
            let message = format!("runs with group {gid}, but the image is made for group {of_image}");
            verdicts
                .fail(user.at, message)
                .see(same.at, describe(same))
                .fix(with_group(context, uid, of_image));
        }
        (Some(of_image), None) if uid != 0 && !has_group => {
            no_group(context, user, same, of_image, facts, verdicts);
        }
        _ => {
            verdicts
                .pass(user.at, format!("the image is made for uid {uid} too"))
                .see(same.at, describe(same));
        }
    }
}

/// `user: "1000"`: the group is the one of `/etc/passwd`, or 0 where the uid is not in it (runc, `user.GetExecUser`).
fn no_group(
    context: &ServiceContext<'_>,
    user: &Spanned<String>,
    same: &ImageUser,
    of_image: u32,
    facts: &TargetFacts,
    verdicts: &mut Verdicts,
) {
    let has_no_accounts = facts.base.value == BaseImage::Scratch
        && facts.accounts.users.is_empty()
        && facts.accounts.opaque.is_empty();
    let judgement = if has_no_accounts {
        let message =
            format!("`user:` gives no group, so it is 0, but the image is made for group {of_image}");
        verdicts.fail(user.at, message)
    } else {
        let missing = format!("whether uid {} stands in /etc/passwd of the image", same.uid);
        verdicts.unknown(
            user.at,
            format!("`user:` gives no group, and the image is made for group {of_image}"),
            missing,
        )
    };
    judgement.see(same.at, describe(same)).fix(with_group(context, same.uid, of_image));
}

fn differs(
    context: &ServiceContext<'_>,
    user: &Spanned<String>,
    users: &[ImageUser],
    verdicts: &mut Verdicts,
) {
    let made_for = |user: &ImageUser| match &user.name {
        Some(name) => format!("{name} (uid {})", user.uid),
        None => format!("uid {}", user.uid),
    };
    let names: Vec<String> = users.iter().map(made_for).collect();
    let message = format!("runs as {}, but the image is made for {}", user.value, names.join(", "));
    let judgement = verdicts.fail(user.at, message);
    for of_image in users {
        judgement.see(of_image.at, describe(of_image));
    }
    let reason = format!(
        "only a person knows which of the two is meant: remove `user:` from {}, or create its number in the Dockerfile",
        context.service.name
    );
    judgement.fix(refused("make both files name the same user", reason));
}

fn describe(user: &ImageUser) -> String {
    match &user.name {
        Some(name) => format!("the Dockerfile means {name}, uid {}", user.uid),
        None => format!("the Dockerfile means uid {}", user.uid),
    }
}

fn with_group(context: &ServiceContext<'_>, uid: u32, gid: u32) -> Fix {
    let user = format!("{uid}:{gid}");
    let action = ComposeAction::Set { path: vec!["user"], value: Scalar::Str(user.clone()) };
    let why = "files that exist already may belong to the other group";
    fix(
        context,
        needs_proof(why),
        format!("set `user: \"{user}\"`"),
        [(action, "the group of the image".to_owned())],
    )
}
