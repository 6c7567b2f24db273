//! Bind mounts over the code that a service runs.

use temper_dockerfile::facts::{CopyFact, CopyFrom, TargetFacts};
use temper_fit::images::Role;
use temper_fit::{ImageSource, canonical, holds};
use temper_model::Setting;
use temper_model::compose::Mount;

use crate::controls::ServiceContext;

/// Directories that hold code by the custom of some language.
const CODE_DIRECTORIES: [&str; 20] = [
    "src",
    "app",
    "apps",
    "lib",
    "libs",
    "server",
    "api",
    "backend",
    "frontend",
    "services",
    "packages",
    "pkg",
    "internal",
    "cmd",
    "bin",
    "scripts",
    "modules",
    "components",
    "pages",
    "handlers",
];

/// Extensions of files that are run.
const CODE_FILES: [&str; 14] =
    ["py", "js", "mjs", "cjs", "ts", "tsx", "jsx", "rb", "php", "pl", "sh", "go", "rs", "java"];

/// Why a writable bind mount of `source`, a path inside the stack, lies over code that the service runs. `None` when
/// nothing shows that.
pub(in crate::controls) fn covers_code(
    context: &ServiceContext<'_>,
    mount: &Mount,
    source: &str,
) -> Option<String> {
    if mount.read_only {
        return None;
    }
    match &context.profile.image {
        ImageSource::Built { facts, .. } => over_copied(context, facts, mount, source),
        ImageSource::Known { entry, .. } if entry.image.role == Role::Base => {
            let directory = working_directory(context, None)?;
            runs_in(&directory, mount)
                .then(|| format!("it runs in {directory}, and {source} is mounted there for writing"))
        }
        _ => None,
    }
}

fn over_copied(
    context: &ServiceContext<'_>,
    facts: &TargetFacts,
    mount: &Mount,
    source: &str,
) -> Option<String> {
    let target = canonical(&mount.target);
    let message = || format!("{source} of the host is mounted for writing over what the image copies there");
    let started = facts.start.scripts.iter().filter_map(|script| script.path.known());
    if started.map(canonical).any(|script| holds(&target, &script)) {
        return Some(message());
    }
    let copies = facts.copies.iter().filter(|copy| copy.is_code && copy.from != CopyFrom::Inline);
    if copies.clone().filter_map(|copy| copy.dest.known()).any(|dest| holds(&target, &canonical(dest))) {
        return Some(message());
    }
    if copies.into_iter().any(|copy| is_same_code(context, copy, &target, source)) {
        return Some(message());
    }
    let directory = working_directory(context, facts.workdir.as_ref().and_then(|dir| dir.value.known()))?;
    runs_in(&directory, mount).then(message)
}

/// A part of what the image copies, by a name that code has: `./src` over `/app/src` of `COPY . /app`.
fn is_same_code(context: &ServiceContext<'_>, copy: &CopyFact, target: &str, source: &str) -> bool {
    let build = context.service.build.as_ref().and_then(|build| build.context.as_deref()).unwrap_or_default();
    let within = match build {
        "" | "." => Some(source),
        build => source.strip_prefix(build).and_then(|rest| rest.strip_prefix('/')),
    };
    within.is_some_and(|within| copy.source_of(target).is_some_and(|copied| copied == within))
        && is_code_name(target)
}

fn is_code_name(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, extension)) => CODE_FILES.contains(&extension),
        None => CODE_DIRECTORIES.contains(&name),
    }
}

fn working_directory(context: &ServiceContext<'_>, of_image: Option<&str>) -> Option<String> {
    match &context.service.working_dir {
        Some(Setting::Known(directory)) => Some(canonical(&directory.value)),
        Some(Setting::Unknown { .. }) => None,
        None => of_image.map(canonical),
    }
}

/// True when the program is started in the mounted directory or below. `/` says nothing.
fn runs_in(directory: &str, mount: &Mount) -> bool {
    directory != "/" && holds(&canonical(&mount.target), directory)
}
