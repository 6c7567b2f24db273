//! No container starts as root.
//!
//! ## What it flags
//! A Compose service whose first process has uid 0: by `user: root` or `user: "0"`, or because neither `user:` nor the
//! image says otherwise. It also fails for images that start as root and drop their privileges later, and says so. A
//! Dockerfile of which the last stage, or a stage that a service builds, ends as root: its last `USER` is root, or it has
//! none and its base image starts as root. The user of an image that temper does not know is unknown.
//!
//! In a running container: the real, effective, saved and file system user of every process, and the user that the engine
//! starts it with. A container that starts as root fails although its processes drop their privileges later: its start script,
//! `docker exec` and every restart are root.
//!
//! ## Why it matters
//! Root in a container is root for the kernel unless user namespaces are on: a fault in the kernel, the runtime or a mount
//! then gives the host away. As root a process can also change every file of the image and use every capability that the
//! engine leaves it.
//!
//! ## Fix safety
//! Needs proof: files of the image or of volumes that exist already may belong to root. The fix sets `user:` to numbers;
//! for an image that is built here it also creates the user in the Dockerfile, gives it the directories that are written
//! and ends the stage in a numeric `USER`. It is refused where the image has to start as root.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 4.1: ensure that a user for the container has been created
//! - NIST SP 800-190, 4.1.2 and 4.4.3
//! - Pod Security Standards, Restricted: containers must run as non-root users
//! - <https://docs.docker.com/reference/dockerfile/#user>

use std::collections::BTreeSet;

use temper_dockerfile::Resolved;
use temper_dockerfile::facts::TargetFacts;
use temper_fit::images::{self, Role};
use temper_fit::{
    Identity, ImageSource, Profile, TargetUser, canonical, given_directories, holds, needs_root,
    parse_identity, switches_user,
};
use temper_model::{Setting, Stack};
use temper_text::Loc;

use super::shared::live::{all_of, named, observed, place, processes};
use super::shared::run_as::{owned_directories, run_as};
use super::shared::targets::{BuildTarget, base_name, base_user, build_targets, last_from, user_instruction};
use super::shared::{fix, missing_variables, needs_proof, reason_of, refused};
use super::{ContainerContext, Control, DockerfileContext, ServiceContext};
use crate::{Change, ComposeAction, DockerfileAction, Fix, Meta, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct NonRootUser;

/// The comment in a Dockerfile: above the user that is created.
const RUN_AS: &str = "a user without privileges, by number (CIS Docker 4.1)";

static META: Meta = Meta {
    id: "non-root-user",
    title: "the container starts as a user other than root",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Dockerfile, Surface::Container],
    references: &[
        "cis-docker-1.7:4.1",
        "nist-sp-800-190:4.1.2",
        "nist-sp-800-190:4.4.3",
        "pss:restricted/run-as-non-root",
        "pss:restricted/run-as-non-root-user",
    ],
    requires: &[],
    source: include_str!("non_root_user.rs"),
};

impl Control for NonRootUser {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let login = &context.profile.login;
        let at = login.at.unwrap_or(context.service.at);
        let judgement = match &login.start {
            Identity::Root | Identity::Named { uid: Some(0), .. } => verdicts.fail(at, as_root(context)),
            Identity::Unknown { why } => verdicts.unknown(at, "cannot tell whether it starts as root", why),
            Identity::Numeric { uid, .. } => verdicts.pass(at, format!("starts as uid {uid}")),
            Identity::Named { name, .. } => verdicts.pass(at, format!("starts as {name}")),
        };
        judgement.because(login.evidence.iter().cloned());
        if matches!(login.start, Identity::Numeric { .. } | Identity::Named { .. })
            && !matches!(login.start, Identity::Named { uid: Some(0), .. })
        {
            return;
        }
        if let Some(user) = dockerfile_user(context) {
            judgement.see(user, "the user of the image");
        }
        judgement.fix(fix_of_service(context));
    }

    fn dockerfile(&self, context: &DockerfileContext<'_>, verdicts: &mut Verdicts) {
        match build_targets(context.stack, context.dockerfile) {
            Ok(targets) => targets.iter().for_each(|target| judge_target(context, target, verdicts)),
            Err(why) => {
                let at = Loc { file: context.dockerfile.file, span: temper_text::Span::at(0) };
                verdicts.unknown(at, "cannot tell who its containers run as", why);
            }
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = place(context, context.service.profile.login.at);
        let Some(processes) = processes(context, verdicts) else { return };
        let root: Vec<_> = processes.iter().filter(|process| process.is_root()).collect();
        if !root.is_empty() {
            verdicts.fail(at, format!("{} runs as root, of {} in all", named(&root), processes.len()));
            return;
        }
        let users: BTreeSet<u32> = processes.iter().flat_map(|process| process.uids).collect();
        let users = users.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        if parse_identity(&context.container.settings.user) == Identity::Root {
            let message = format!("starts as root; then uid {users} in {}", all_of(processes));
            verdicts.fail(at, message);
            return;
        }
        let groups: BTreeSet<u32> = processes
            .iter()
            .flat_map(|process| process.gids.iter().chain(&process.groups))
            .copied()
            .collect();
        let groups = groups.iter().map(u32::to_string).collect::<Vec<_>>().join(", ");
        verdicts
            .pass(at, format!("uid {users} in {}", all_of(processes)))
            .because([observed(format!("groups {groups}"))]);
    }
}

/// What is the case, for a service that starts as root.
fn as_root(context: &ServiceContext<'_>) -> String {
    let how = match (&context.service.user, &context.profile.image) {
        (Some(Setting::Known(user)), _) if !user.value.trim().is_empty() => {
            format!("`user: {}` makes it start as root", user.value)
        }
        (_, ImageSource::Built { dockerfile, facts, .. }) if facts.user.is_some() => {
            let user = facts.user.as_ref().and_then(|user| user.value.known()).unwrap_or("root");
            format!("starts as root: {dockerfile} ends in USER {user}")
        }
        (_, ImageSource::Built { dockerfile, facts, .. }) => {
            format!(
                "starts as root: nothing sets a user, neither `user:` nor {dockerfile} on {}",
                base_name(facts)
            )
        }
        (_, ImageSource::Known { reference, .. }) => {
            format!("starts as root: nothing sets `user:`, and image {reference} starts as root")
        }
        _ => "starts as root".to_owned(),
    };
    match &context.profile.login.runs_as {
        Identity::Numeric { uid, .. } => format!("{how}; the service in it then drops to uid {uid}"),
        _ => how,
    }
}

fn dockerfile_user(context: &ServiceContext<'_>) -> Option<Loc> {
    match &context.profile.image {
        ImageSource::Built { dockerfile, facts, .. } => user_instruction(context.stack, dockerfile, facts),
        _ => None,
    }
}

fn fix_of_service(context: &ServiceContext<'_>) -> Fix {
    let target = &context.profile.target;
    let user = match &target.user {
        Some(user) if user.uid != 0 => user,
        Some(_) => return refused(KEEP, "temper.toml says that it runs as root"),
        None => return refused(KEEP, refusal(&context.service.name, target.why_user.as_deref())),
    };
    let ids = format!("{}:{}", user.uid, user.gid);
    let set = ComposeAction::Set { path: vec!["user"], value: Scalar::Str(ids.clone()) };
    let mut actions = vec![(set, reason_of(&user.evidence, "CIS Docker 4.1"))];
    let has_group = |group: &str| context.service.group_add.iter().any(|item| item.value == group);
    for group in target.groups.iter().filter(|group| !has_group(&group.value)) {
        let append = ComposeAction::Append { key: "group_add", item: group.value.clone() };
        actions.push((append, reason_of(&group.evidence, "`user:` drops the groups of the image")));
    }
    let mut fix = fix(context, needs_proof(uncertainty(user)), format!("run as {ids}"), actions);
    if user.needs_dockerfile {
        let owned = owned_directories(context.service, context.profile);
        fix.changes.extend(run_as(&context.profile.image, user, owned, RUN_AS));
        fix.summary = format!("run as {ids}, a user that the Dockerfile creates");
    }
    fix
}

const KEEP: &str = "leave the user as it is";

fn refusal(service: &str, why: Option<&str>) -> String {
    let why = why.unwrap_or("it is not known who it can run as");
    format!("{why}; when another user is known to work, set `user` of services.{service} in temper.toml")
}

fn uncertainty(user: &TargetUser) -> &'static str {
    if user.needs_dockerfile {
        "files of the image, and volumes that exist already, may belong to root"
    } else {
        "volumes and directories of the host that exist already may belong to another user"
    }
}

fn judge_target(context: &DockerfileContext<'_>, target: &BuildTarget<'_>, verdicts: &mut Verdicts) {
    let facts = &target.facts;
    let here = |span| Loc { file: context.dockerfile.file, span };
    let Some(user) = &facts.user else {
        let from = here(last_from(facts));
        match base_user(facts) {
            Ok(Identity::Root) => {
                let message = format!("no USER: containers start as root, as {} does", base_name(facts));
                verdicts.fail(from, message).fix(fix_of_target(context.stack, context, target));
            }
            Ok(_) => {
                verdicts.pass(
                    from,
                    format!("no USER, and {} starts as another user than root", base_name(facts)),
                );
            }
            Err(missing) => {
                verdicts
                    .unknown(from, "no USER, and the base image decides who containers run as", missing)
                    .fix(refused(
                        KEEP,
                        "whoever knows the base image: end the stage in `USER` with a number that it has",
                    ));
            }
        }
        return;
    };
    match &user.value {
        Resolved::Unknown { missing } => {
            verdicts.unknown(here(user.span), "USER hangs on a variable", missing_variables(missing));
        }
        Resolved::Known(name) if is_root(facts, name) => {
            let message = format!("the last USER is {name}: containers start as root");
            verdicts.fail(here(user.span), message).fix(fix_of_target(context.stack, context, target));
        }
        Resolved::Known(name) => {
            verdicts.pass(here(user.span), format!("ends in USER {name}"));
        }
    }
}

/// By number, by name, or by a name that the file gives uid 0.
fn is_root(facts: &TargetFacts, user: &str) -> bool {
    let created = || {
        let uid = facts.created_user(user.split(':').next().unwrap_or(user))?.uid.as_ref()?;
        uid.known()?.parse::<u32>().ok()
    };
    parse_identity(user) == Identity::Root || created() == Some(0)
}

/// The same change as that of the service that builds the target, so that both are made once.
fn fix_of_target(stack: &Stack, context: &DockerfileContext<'_>, target: &BuildTarget<'_>) -> Fix {
    for service in &target.services {
        let profile = temper_fit::profile(stack, service);
        if let Some(fix) = fix_by_service(&profile, owned_directories(service, &profile)) {
            return fix;
        }
    }
    if let Some(service) = target.services.first() {
        let profile = temper_fit::profile(stack, service);
        return refused(KEEP, refusal(&service.name, profile.target.why_user.as_deref()));
    }
    if let Some(tool) = switches_user(&target.facts) {
        return refused(KEEP, format!("it starts as root so that {tool} can change users"));
    }
    if let Some(image) = drops_by_itself(&target.facts) {
        let reason =
            format!("image {image} starts as root and becomes its own user, who owns what it writes");
        return refused(KEEP, reason);
    }
    if starts_nothing(&target.facts) {
        return refused(KEEP, "it starts nothing of its own: it is there to build with, or to build upon");
    }
    let given = given_directories(&target.facts);
    let volumes = temper_fit::volumes(&target.facts);
    let own = |path: &str| {
        let directories = given.iter().map(|(directory, _)| directory).chain(&volumes);
        directories.into_iter().any(|directory| holds(&canonical(directory), path))
    };
    let scripts = stack.scripts_of(&context.dockerfile.path);
    if let Some(why) = scripts.and_then(|scripts| needs_root(scripts, own)) {
        return refused(KEEP, why);
    }
    own_user(stack, context, target)
}

/// True when neither the Dockerfile nor the image below says what a container would run.
fn starts_nothing(facts: &TargetFacts) -> bool {
    let base = images::lookup(base_name(facts));
    let runs_its_base = base.is_some_and(|base| base.image.role == Role::Service);
    facts.entrypoint.is_none() && facts.cmd.is_none() && !runs_its_base
}

fn fix_by_service(profile: &Profile, owned: Vec<String>) -> Option<Fix> {
    let user = profile.target.user.as_ref().filter(|user| user.uid != 0)?;
    let change = run_as(&profile.image, user, owned, RUN_AS)?;
    Some(Fix {
        safety: needs_proof(uncertainty(user)),
        summary: format!("end in USER {}:{}", user.uid, user.gid),
        changes: vec![change],
    })
}

/// The user of `temper.toml` for a Dockerfile that no service builds.
fn own_user(stack: &Stack, context: &DockerfileContext<'_>, target: &BuildTarget<'_>) -> Fix {
    let user = &stack.settings.user;
    let action = DockerfileAction::RunAs {
        uid: user.uid,
        gid: user.gid,
        create: Some(user.name.clone()),
        home: format!("/home/{}", user.name),
        owned: temper_fit::volumes(&target.facts),
    };
    Fix {
        safety: needs_proof("the program may write files that belong to root, or need a privilege of root"),
        summary: format!("end in USER {}:{}, a user that the Dockerfile creates", user.uid, user.gid),
        changes: vec![Change::Dockerfile {
            path: context.dockerfile.path.clone(),
            target: target.name.clone(),
            action,
            reason: RUN_AS.to_owned(),
        }],
    }
}

/// The name of a service image that the target is built on, when that drops its privileges by itself.
fn drops_by_itself(facts: &TargetFacts) -> Option<String> {
    let entry = images::lookup(base_name(facts))?;
    let drops = entry.image.role == Role::Service && entry.image.drops_to.is_some();
    drops.then(|| entry.image.id.clone())
}
