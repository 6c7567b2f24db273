//! Programs that get more rights than their caller has: set-user-id bits, file capabilities, `sudo`.

use temper_dockerfile::facts::{BaseImage, TargetFacts, Wrapper};
use temper_dockerfile::{Dockerfile, InstructionKind};
use temper_fit::images::{Confidence, Match};
use temper_fit::{ImageSource, Profile};
use temper_model::compose::Service;
use temper_model::{Setting, Stack};

/// Programs whose only purpose is to run others as another user, by their set-user-id bit.
const CHANGERS: [&str; 4] = ["sudo", "su", "doas", "pkexec"];

/// Why it is not certain that the service works without set-user-id programs and file capabilities; `None` when the
/// image is known and nothing shows such a program.
pub(in crate::controls) fn uncertainty(
    stack: &Stack,
    service: &Service,
    profile: &Profile,
) -> Option<String> {
    if let Some(program) = started_by(service) {
        return Some(format!(
            "its command uses {program}, which needs its set-user-id bit unless it runs as root"
        ));
    }
    match &profile.image {
        ImageSource::Built { dockerfile, facts, base, .. } => {
            let tree = stack.dockerfiles.get(dockerfile).map(|dockerfile| &dockerfile.tree);
            of_build(dockerfile, facts, base.as_ref(), tree)
        }
        ImageSource::Known { entry, .. } if entry.image.confidence == Confidence::Believed => {
            Some(format!("what image {} does was not checked", entry.image.id))
        }
        ImageSource::Known { .. } => None,
        ImageSource::Foreign { reference } => {
            Some(format!("nothing is known of image {reference}: a program in it may rely on it"))
        }
        ImageSource::Unknown { why } => Some(why.clone()),
    }
}

fn started_by(service: &Service) -> Option<&'static str> {
    let words =
        [&service.entrypoint, &service.command].into_iter().flatten().filter_map(Setting::known).flatten();
    words
        .flat_map(|word| word.split_whitespace())
        .find_map(|word| CHANGERS.into_iter().find(|changer| word.rsplit('/').next() == Some(changer)))
}

fn of_build(
    path: &str,
    facts: &TargetFacts,
    base: Option<&Match>,
    tree: Option<&Dockerfile>,
) -> Option<String> {
    let uses = |used: &temper_dockerfile::facts::WrapperUse| match used.wrapper {
        Wrapper::Sudo => Some("sudo"),
        Wrapper::Su if used.at_start => Some("su"),
        _ => None,
    };
    if let Some(program) = facts.start.wrappers.iter().find_map(uses) {
        return Some(format!(
            "{path} uses {program}, which needs its set-user-id bit unless it runs as root"
        ));
    }
    if facts.set_id().next().is_some() {
        return Some(format!("{path} sets a set-user-id or set-group-id bit"));
    }
    if tree.is_some_and(sets_file_capabilities) {
        return Some(format!("{path} gives capabilities to a file"));
    }
    if !facts.unread.is_empty() {
        return Some(format!("a RUN of {path} could not be read"));
    }
    match &facts.base.value {
        BaseImage::Scratch => None,
        BaseImage::Known(image) if base.is_none() => {
            Some(format!("nothing is known of its base image {image}"))
        }
        BaseImage::Known(_) => None,
        BaseImage::Unknown { .. } => Some("its base image hangs on a variable".to_owned()),
    }
}

fn sets_file_capabilities(tree: &Dockerfile) -> bool {
    let commands = tree.instructions.iter().filter_map(|instruction| match &instruction.kind {
        InstructionKind::Run(command) => Some(command.commands()),
        _ => None,
    });
    commands.flatten().any(|command| command.name.text.rsplit('/').next() == Some("setcap"))
}
