//! From the model to profiles.

use temper_dockerfile::facts::TargetFacts;
use temper_model::compose::{Project, Service};
use temper_model::{ClassSizes, Setting, Stack};

use crate::profile::{Identity, ImageSource, Profile};
use crate::{capabilities, class, image, login, recognise, source, target, writable};

/// The profile of every service of a project, in the order of its services.
#[must_use]
pub fn profiles(stack: &Stack, project: &Project) -> Vec<Profile> {
    project.services.values().map(|service| profile(stack, service)).collect()
}

/// What one service needs, and what it should become.
#[must_use]
pub fn profile(stack: &Stack, service: &Service) -> Profile {
    let image = image::of(stack, service);
    let login = login::of(service, &image);
    let gpu = !service.gpus.is_empty();
    let frameworks = recognise::of(stack, service, &image);
    let class = class::recognise(stack, service, &image, &frameworks, gpu);
    let user = target::user(stack, service, &image, &login);
    let sizes = within_limit(stack.settings.sizes(class.value), service);
    let start = match &user {
        Ok(user) if user.uid != 0 => Identity::Numeric { uid: user.uid, gid: Some(user.gid) },
        _ => login.start.clone(),
    };
    // A home that Compose sets stays what it is, whoever the user becomes.
    let home = match service.environment.get("HOME") {
        Some(_) => login.home.as_deref(),
        None => user.as_ref().map_or(login.home.as_deref(), |user| Some(user.home.as_str())),
    };
    let (writable, redirects) = writable::of(&writable::Setting {
        stack,
        service,
        image: &image,
        frameworks: &frameworks,
        sizes: &sizes,
        ids: ids(&start),
        home,
        fills_cache: image::fills_cache(stack, &image),
    });
    let capabilities = capabilities::of(stack, service, &image, &start);
    let blind = blind(stack, service, &image);
    let mut target = target::of(stack, service, &image, class.value, &frameworks, &writable, user);
    target.redirects = redirects;
    Profile { class, image, login, writable, capabilities, gpu, blind, target }
}

/// What is written to a tmpfs counts against the memory limit of the container (kernel,
/// `Documentation/admin-guide/cgroup-v2.rst`, `shmem`), so all of it together may take half of that limit (R40).
fn within_limit(mut sizes: ClassSizes, service: &Service) -> ClassSizes {
    const MIB: u64 = 1024 * 1024;
    let Some(limit) =
        service.memory_limit.as_ref().and_then(Setting::known).copied().filter(|limit| *limit > 0)
    else {
        return sizes;
    };
    let whole = |bytes: u64| (bytes / MIB).max(1) * MIB;
    sizes.tmp = sizes.tmp.min(whole(limit / 4));
    sizes.cache = sizes.cache.min(whole(limit / 4));
    sizes
}

/// Uid and gid of the first process; the user that a tmpfs must belong to.
fn ids(start: &Identity) -> (u32, u32) {
    match start {
        Identity::Numeric { uid, gid } | Identity::Named { uid: Some(uid), gid, .. } => {
            (*uid, gid.unwrap_or(0))
        }
        _ => (0, 0),
    }
}

/// Why nothing is known of what the image does.
fn blind(stack: &Stack, service: &Service, image: &ImageSource) -> Option<String> {
    let declared =
        stack.settings.services.get(&service.name).is_some_and(|settings| !settings.writable.is_empty());
    match image {
        _ if declared => None,
        ImageSource::Foreign { reference } => Some(format!("nothing is known of image {reference}")),
        ImageSource::Unknown { why } => Some(why.clone()),
        ImageSource::Known { entry, .. }
            if entry.image.role == crate::images::Role::Base && service.command.is_none() =>
        {
            Some(format!("{} is only a base image, and what runs in it is not known", entry.image.id))
        }
        ImageSource::Known { entry, .. }
            if entry.image.role == crate::images::Role::Service && entry.image.rootfs.is_none() =>
        {
            Some(format!("what image {} writes is not known", entry.image.id))
        }
        ImageSource::Known { entry, .. }
            if entry.image.role == crate::images::Role::Service && runs_a_script(service) =>
        {
            Some(format!(
                "a script replaces the entrypoint of image {}, and may write anywhere",
                entry.image.id
            ))
        }
        ImageSource::Built { facts, base: None, .. } if runs_its_base(facts) => {
            Some(format!("it runs the program of {}, of which nothing is known", base_name(facts)))
        }
        ImageSource::Built { facts, base: None, .. }
            if service.command.is_none() && service.entrypoint.is_none() =>
        {
            let script = script_of_base(facts)?;
            Some(format!("it starts {script} of {}, which cannot be read here", base_name(facts)))
        }
        ImageSource::Built { .. } | ImageSource::Known { .. } => None,
    }
}

/// True when `entrypoint` gives the start to a shell, and with it to a script that no image describes.
fn runs_a_script(service: &Service) -> bool {
    const SHELLS: [&str; 5] = ["sh", "bash", "ash", "dash", "zsh"];
    let entrypoint = service.entrypoint.as_ref().and_then(Setting::known);
    let program = entrypoint.and_then(|words| words.first()).map(|word| source::program_name(word));
    program.is_some_and(|name| SHELLS.contains(&name.as_str()) || name.ends_with(".sh"))
}

/// True when the Dockerfile does not say what to start, so that the base image does. A `command` of the service is only
/// what the entrypoint of the base is given.
fn runs_its_base(facts: &TargetFacts) -> bool {
    facts.entrypoint.is_none() && facts.cmd.is_none() && !source::from_scratch(facts)
}

/// A start script that no COPY brings, so that it comes from the base image.
fn script_of_base(facts: &TargetFacts) -> Option<&str> {
    if source::from_scratch(facts) {
        return None;
    }
    let lacking = |path: &&str| {
        let is_script = path.starts_with('/') && path.ends_with(".sh");
        let mut copied = facts.copies.iter().filter_map(|copy| copy.dest.known()).map(crate::canonical);
        is_script && !copied.any(|place| crate::holds(&place, &crate::canonical(path)))
    };
    let scripts = facts.start.scripts.iter().filter(|script| script.source.is_none());
    scripts.filter_map(|script| script.path.known()).find(lacking)
}

fn base_name(facts: &TargetFacts) -> String {
    let name = source::base_name(facts);
    if name.is_empty() { "its base image".to_owned() } else { name }
}
