//! Which build targets of a Dockerfile become containers.

use temper_dockerfile::facts::{BaseImage, TargetFacts};
use temper_fit::{Identity, images};
use temper_model::compose::Service;
use temper_model::{Dockerfile, Setting, Stack};
use temper_text::{Loc, Span};

/// A build target, and the services that are built from it.
pub(in crate::controls) struct BuildTarget<'a> {
    /// `build.target` as the first of these services writes it; `None` for the last stage.
    pub(in crate::controls) name: Option<String>,
    /// What it produces with the defaults of its arguments.
    pub(in crate::controls) facts: TargetFacts,
    /// Services that build it.
    pub(in crate::controls) services: Vec<&'a Service>,
}

/// The targets that services name, and the last stage, which `docker build` makes.
///
/// # Errors
/// When the file has no build stage, for people.
pub(in crate::controls) fn build_targets<'a>(
    stack: &'a Stack,
    dockerfile: &Dockerfile,
) -> Result<Vec<BuildTarget<'a>>, String> {
    let mut targets: Vec<BuildTarget<'a>> = Vec::new();
    for service in stack.projects.iter().flat_map(|group| group.project.services.values()) {
        let Some(name) = target_built_by(service, &dockerfile.path) else { continue };
        // A stage that is not there is said of the service.
        let Ok(facts) = dockerfile.tree.facts(name.as_deref(), &Default::default()) else { continue };
        match targets.iter_mut().find(|target| target.facts.stage == facts.stage) {
            Some(target) => target.services.push(service),
            None => targets.push(BuildTarget { name, facts, services: vec![service] }),
        }
    }
    let last = dockerfile.tree.facts(None, &Default::default())?;
    if !targets.iter().any(|target| target.facts.stage == last.stage) {
        targets.push(BuildTarget { name: None, facts: last, services: Vec::new() });
    }
    targets.sort_by_key(|target| target.facts.stage);
    Ok(targets)
}

/// True when a service of a project, or of one with an overlay, is built from the Dockerfile at `path`.
pub(in crate::controls) fn is_built_by_a_service(stack: &Stack, path: &str) -> bool {
    let projects = stack.projects.iter().flat_map(|group| {
        let merged = group.overlays.iter().filter_map(|overlay| overlay.merged.as_ref());
        merged.chain([&group.project])
    });
    let builds =
        projects.flat_map(|project| project.services.values()).filter_map(|service| service.build.as_ref());
    builds.filter_map(|build| build.dockerfile.as_ref()).any(|dockerfile| dockerfile.value == path)
}

/// The target that a service builds from the Dockerfile at `path`: `Some(None)` for the last stage.
fn target_built_by(service: &Service, path: &str) -> Option<Option<String>> {
    let build = service.build.as_ref()?;
    if build.dockerfile.as_ref()?.value != path {
        return None;
    }
    match &build.target {
        None => Some(None),
        Some(Setting::Known(target)) => Some(Some(target.value.clone()).filter(|name| !name.is_empty())),
        Some(Setting::Unknown { .. }) => None,
    }
}

/// The user that the base image of a target starts as, or what is missing to tell.
pub(in crate::controls) fn base_user(facts: &TargetFacts) -> Result<Identity, String> {
    let name = match &facts.base.value {
        BaseImage::Scratch => return Ok(Identity::Root),
        BaseImage::Unknown { missing } => return Err(super::missing_variables(missing)),
        BaseImage::Known(name) => name,
    };
    let Some(entry) = images::lookup(name) else {
        return Err(format!("the user of the base image {name}"));
    };
    let depends_on_tag =
        entry.is_ambiguous() && entry.image.variants.iter().any(|variant| variant.start.is_some());
    match &entry.image.start {
        Some(start) if !depends_on_tag && start.uid == 0 => Ok(Identity::Root),
        Some(start) if !depends_on_tag => Ok(Identity::Numeric { uid: start.uid, gid: Some(start.gid) }),
        _ => Err(format!("the user of the base image {name}, which depends on its tag")),
    }
}

/// The base image as a reader knows it.
pub(in crate::controls) fn base_name(facts: &TargetFacts) -> &str {
    match &facts.base.value {
        BaseImage::Known(name) => name,
        BaseImage::Scratch => "scratch",
        BaseImage::Unknown { .. } => "the base image",
    }
}

/// The FROM of the target itself.
pub(in crate::controls) fn last_from(facts: &TargetFacts) -> Span {
    facts.chain.last().map_or(facts.base.span, |link| link.from)
}

/// The Dockerfile of a service that is built from a file of the stack, and where its effective USER stands.
pub(in crate::controls) fn user_instruction(stack: &Stack, path: &str, facts: &TargetFacts) -> Option<Loc> {
    let dockerfile = stack.dockerfiles.get(path)?;
    Some(Loc { file: dockerfile.file, span: facts.user.as_ref()?.span })
}
