//! The files of a project fit together: every overlay applies and does what it says.
//!
//! ## What it flags
//! - A service in an overlay that no file gives an `image` or a `build`: Compose then refuses the whole project, for
//!   every command.
//! - An overlay that hardens a service (`cap_drop`, `read_only`, `no-new-privileges`) while `privileged: true`,
//!   unconfined profiles or added capabilities of the base stay: merging lists appends and never removes.
//! - A required dependency in a profile that the service's own profile does not enable: Compose refuses the project.
//! - A project in which every service has a profile, so that plain `docker compose up` starts nothing, as after a
//!   rollback that forgot `--profile`.
//! - `extra_hosts` that gives the name of another service a fixed address.
//! - Features that need a newer Docker Compose than `compose.version` in `temper.toml`. The version that the files need
//!   is computed and shown in any case.
//!
//! ## Why it matters
//! Overlays are written once and applied in an emergency. One that is refused, or that leaves `privileged` in place
//! below a line that says `cap_drop: [ALL]`, is worse than none, because it is believed.
//!
//! ## Fix safety
//! Refused: which of the files is right, only a person knows. `!override` and `!reset` (Docker Compose 2.24.4) remove
//! what the base says.
//!
//! ## References
//! - NIST SP 800-190, 4.4.3
//! - <https://docs.docker.com/reference/compose-file/merge/>
//! - <https://docs.docker.com/compose/how-tos/profiles/>

use temper_model::compose::{Feature, Item, Project, Service};
use temper_model::{OverlayFile, Setting};
use temper_text::{FileId, Loc};

use super::shared::{capability_name, refused};
use super::{Control, ProjectContext};
use crate::{Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct OverlayConsistency;

static META: Meta = Meta {
    id: "overlay-consistency",
    title: "the files of the project fit together",
    severity: Severity::High,
    surfaces: &[Surface::Compose],
    references: &["nist-sp-800-190:4.4.3"],
    requires: &[],
    source: include_str!("overlay_consistency.rs"),
};

impl Control for OverlayConsistency {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn project(&self, context: &ProjectContext<'_>, verdicts: &mut Verdicts) {
        for overlay in &context.group.overlays {
            ghosts(context, overlay, verdicts);
            leftovers(context, overlay, verdicts);
        }
        dependencies(context.project, verdicts);
        nothing_starts(context.project, verdicts);
        shadowed_names(context.project, verdicts);
        version(context, verdicts);
    }
}

fn path<'c>(context: &ProjectContext<'c>, file: FileId) -> &'c str {
    context.stack.sources.file(file).path()
}

fn ghosts(context: &ProjectContext<'_>, overlay: &OverlayFile, verdicts: &mut Verdicts) {
    let file = path(context, overlay.file);
    for (name, at) in &overlay.ghosts {
        let message = format!(
            "no file gives service {name} an `image` or a `build`: with {file}, Compose refuses the whole project"
        );
        let near = nearest(context.project, name);
        let rename = near.map_or(String::new(), |near| format!(", or rename it to {}", near.name));
        let judgement = verdicts.fail(*at, message);
        if let Some(near) = near {
            judgement.see(near.at, format!("did you mean {}?", near.name));
        }
        let reason = format!("which service is meant is not known: remove the block{rename}");
        judgement.fix(refused(format!("remove or rename {name}"), reason));
    }
    if overlay.ghosts.is_empty() {
        let first = overlay.merged.as_ref().and_then(|merged| {
            merged.services.values().find_map(|service| defined_in(service, overlay.file))
        });
        if let Some(at) = first {
            verdicts.pass(at, format!("every service of {file} is defined"));
        }
    }
}

/// Where a file defines a service.
fn defined_in(service: &Service, file: FileId) -> Option<Loc> {
    service.definitions.iter().find(|definition| definition.key.file == file).map(|found| found.key)
}

/// The service whose name differs least, when it differs little.
fn nearest<'p>(project: &'p Project, name: &str) -> Option<&'p Service> {
    let close = |service: &&Service| {
        let shorter = service.name.len().min(name.len());
        let contains = shorter >= 4 && (service.name.contains(name) || name.contains(&service.name));
        contains || distance(&service.name, name) <= name.chars().count() / 3
    };
    project.services.values().filter(close).min_by_key(|service| distance(&service.name, name))
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut next = vec![i + 1];
        for (y, pair) in b.iter().zip(row.windows(2)) {
            let [diagonal, above] = pair else { continue };
            let left = next.last().copied().unwrap_or_default();
            next.push((diagonal + usize::from(x != *y)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

/// What the base grants and an overlay that hardens the service does not take away.
fn leftovers(context: &ProjectContext<'_>, overlay: &OverlayFile, verdicts: &mut Verdicts) {
    let Some(merged) = &overlay.merged else { return };
    for name in &overlay.changes {
        let Some(service) = merged.services.get(name) else { continue };
        let Some(at) = defined_in(service, overlay.file).filter(|_| hardens(service, overlay.file)) else {
            continue;
        };
        for (place, what) in grants(service).into_iter().filter(|(place, _)| place.file != overlay.file) {
            let message =
                format!("hardens {name}, but {what} of the base stays: merging appends and never removes");
            let reason = "use `!override` or `!reset` (Docker Compose 2.24.4), or remove it from the base";
            verdicts
                .fail(at, message)
                .see(place, format!("{what} is granted in {}", path(context, place.file)))
                .fix(refused(format!("remove {what}"), reason));
        }
    }
}

/// True when the file itself writes hardening for the service.
fn hardens(service: &Service, file: FileId) -> bool {
    let here = |items: &[Item]| items.iter().any(|item| item.at.file == file);
    let no_new_privileges = service
        .security_opt
        .iter()
        .any(|item| item.at.file == file && item.value.starts_with("no-new-privileges"));
    let read_only =
        service.read_only.as_ref().is_some_and(|set| set.at().file == file && set.known() == Some(&true));
    here(&service.cap_drop) || no_new_privileges || read_only
}

/// What opens a container: place and name.
fn grants(service: &Service) -> Vec<(Loc, String)> {
    let mut grants = Vec::new();
    if let Some(Setting::Known(set)) = service.privileged.as_ref().filter(|set| set.known() == Some(&true)) {
        grants.push((set.at, "`privileged: true`".to_owned()));
    }
    for option in service.security_opt.iter().filter(|option| is_unconfined(&option.value)) {
        grants.push((option.at, format!("`{}`", option.value)));
    }
    for capability in service.cap_add.iter().filter(|capability| is_beyond_default(&capability.value)) {
        grants.push((capability.at, format!("capability {}", capability_name(&capability.value))));
    }
    grants
}

fn is_unconfined(option: &str) -> bool {
    matches!(
        option.split_once([':', '=']),
        Some(("apparmor" | "seccomp", "unconfined") | ("label", "disable"))
    )
}

/// The capabilities that Docker gives by default (moby, `oci/caps/defaults.go`). To add one of these back after
/// `cap_drop: [ALL]` is what hardening looks like.
const DEFAULT: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn is_beyond_default(written: &str) -> bool {
    !DEFAULT.contains(&capability_name(written).as_str())
}

/// Required dependencies that the profiles of a service do not enable.
fn dependencies(project: &Project, verdicts: &mut Verdicts) {
    for service in project.services.values() {
        for (name, dependency) in service.depends_on.iter().filter(|(_, dependency)| dependency.required) {
            let Some(needed) = project.services.get(name) else { continue };
            let known =
                service.profiles.iter().chain(&needed.profiles).all(|profile| profile.missing.is_empty());
            if !known || needed.profiles.is_empty() {
                continue;
            }
            let has = |profile: &&Item| needed.profiles.iter().any(|other| other.value == profile.value);
            let lacking: Vec<&str> = service
                .profiles
                .iter()
                .filter(|profile| !has(profile))
                .map(|profile| profile.value.as_str())
                .collect();
            if lacking.is_empty() && !service.profiles.is_empty() {
                continue;
            }
            let own = service.name.as_str();
            let message = if lacking.is_empty() {
                format!(
                    "{own} always runs and requires {name}, which only a profile enables: Compose refuses the project"
                )
            } else {
                format!(
                    "profile {} cannot be enabled alone: {own} requires {name}, which it does not enable",
                    lacking.join(", ")
                )
            };
            let reason = format!("add the profile to {name}, or set `required: false`");
            let judgement = verdicts.fail(dependency.at, message);
            if let Some(profile) = needed.profiles.first() {
                judgement.see(profile.at, format!("the profiles of {name}"));
            }
            judgement.fix(refused(format!("let the profiles of {own} enable {name}"), reason));
        }
    }
}

fn nothing_starts(project: &Project, verdicts: &mut Verdicts) {
    let Some(first) = project.services.values().next().and_then(|service| service.profiles.first()) else {
        return;
    };
    if project.enabled.is_empty() && project.services.values().all(|service| !service.profiles.is_empty()) {
        let message =
            "every service has a profile: plain `docker compose up` starts nothing, also when rolling back";
        let reason = "leave the core services without a profile, or set COMPOSE_PROFILES in .env";
        verdicts.fail(first.at, message).fix(refused("let the core services start", reason));
    }
}

/// `/etc/hosts` is asked before the DNS of the engine, so a fixed address hides the service of that name.
fn shadowed_names(project: &Project, verdicts: &mut Verdicts) {
    for service in project.services.values() {
        for host in service.extra_hosts.iter().filter(|host| host.missing.is_empty()) {
            let name = host.value.split(['=', ':']).next().unwrap_or_default();
            let Some(hidden) = project.services.get(name) else { continue };
            let message = format!(
                "`extra_hosts` gives {name} a fixed address, so {} no longer finds service {name}",
                service.name
            );
            verdicts.fail(host.at, message).see(hidden.at, "the service that is hidden").fix(refused(
                "remove the entry",
                "rename the host, or remove the entry so that the engine's DNS answers",
            ));
        }
    }
}

/// The oldest Docker Compose that reads the files, as they are and with each overlay.
fn version(context: &ProjectContext<'_>, verdicts: &mut Verdicts) {
    let own = highest(&context.project.features);
    judge_version(context, own, None, verdicts);
    for overlay in &context.group.overlays {
        let with = overlay.merged.as_ref().and_then(|merged| highest(&merged.features));
        if with.map(|feature| feature.since) > own.map(|feature| feature.since) {
            judge_version(context, with, Some(overlay), verdicts);
        }
    }
}

fn highest(features: &[Feature]) -> Option<&Feature> {
    // `max_by_key` takes the last of equals; the first place is the one to show.
    features.iter().rev().max_by_key(|feature| feature.since)
}

fn judge_version(
    context: &ProjectContext<'_>,
    feature: Option<&Feature>,
    overlay: Option<&OverlayFile>,
    verdicts: &mut Verdicts,
) {
    let Some(feature) = feature else {
        if let Some(service) = context.project.services.values().next() {
            verdicts.pass(service.at, "every Docker Compose 2 reads the files");
        }
        return;
    };
    let with = overlay.map_or(String::new(), |overlay| format!(" with {}", path(context, overlay.file)));
    let needed = dotted(feature.since);
    match context.stack.settings.compose_version {
        Some(stated) if stated < feature.since => {
            let message = format!(
                "`{}` needs Docker Compose {needed}{with}, and temper.toml states {}",
                feature.name,
                dotted(stated)
            );
            let reason = format!(
                "state compose.version = \"{needed}\" in temper.toml, or do without `{}`",
                feature.name
            );
            verdicts.fail(feature.at, message).fix(refused("agree on a version of Docker Compose", reason));
        }
        _ => {
            verdicts.pass(
                feature.at,
                format!("needs Docker Compose {needed} or newer{with}, for `{}`", feature.name),
            );
        }
    }
}

fn dotted((major, minor, patch): (u32, u32, u32)) -> String {
    format!("{major}.{minor}.{patch}")
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_letters_to_change() {
        assert_eq!(
            [
                distance("api", "api"),
                distance("api", "app"),
                distance("", "abc"),
                distance("worker", "wrker-")
            ],
            [0, 1, 3, 2]
        );
    }
}
