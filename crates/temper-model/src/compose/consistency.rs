//! What Compose checks between fields, services and resources.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use temper_text::Loc;

use super::canonical::text_of;
use super::normalize::is_true;
use super::report::Report;
use super::units;
use crate::{Data, Member, Value};

/// Checks the services that are enabled, and every secret and config.
///
/// Of services that the profiles leave out, an analysis checks what is wrong with any profile: names of what is not
/// defined. Compose would refuse it only when they are enabled, so these are warnings.
pub(crate) fn check(root: &Value, enabled: &BTreeSet<String>, report: &mut Report) {
    let services = root.get("services").and_then(Value::as_map);
    for (name, member) in services.into_iter().flatten() {
        // That it is no mapping has been said.
        if member.value.as_map().is_none() {
            continue;
        }
        if !enabled.contains(name) {
            if report.is_lenient() {
                report.as_warnings(|report| {
                    Checked { root, enabled, name, at: member.key, value: &member.value, report }.names();
                });
            }
            continue;
        }
        let mut service = Checked { root, enabled, name, at: member.key, value: &member.value, report };
        service.source();
        service.build();
        service.networks();
        service.dependencies();
        service.mounts();
        service.files();
        service.healthcheck();
        service.limits();
        service.replicas();
        service.watches();
    }
    file_sources(root, report);
    volumes(root, report);
    cycles(root, enabled, report);
}

struct Checked<'c> {
    root: &'c Value,
    enabled: &'c BTreeSet<String>,
    name: &'c str,
    at: Loc,
    value: &'c Value,
    report: &'c mut Report,
}

impl Checked<'_> {
    fn refuse(&mut self, at: Loc, message: &str) {
        self.report.refuse(at, format!("service {:?}: {message}", self.name));
    }

    fn text(&self, path: &[&str]) -> Option<&str> {
        self.value.path(path).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    fn is_unknown(&self, path: &[&str]) -> bool {
        self.value.path(path).is_some_and(|value| self.report.passes_over(value))
    }

    /// That every name that the service gives is defined.
    fn names(&mut self) {
        self.networks();
        self.dependencies();
        self.mounts();
        self.files();
    }

    fn source(&mut self) {
        let built = self.value.get("build").is_some_and(|build| !matches!(build.data, Data::Null));
        let provided = self.value.get("provider").is_some();
        if !built && !provided && self.text(&["image"]).is_none() && !self.is_unknown(&["image"]) {
            self.refuse(
                self.at,
                "it has neither an image nor a build context; add one, or remove the service",
            );
        }
    }

    fn build(&mut self) {
        let Some(build) = self.value.get("build") else { return };
        if self.text(&["build", "dockerfile"]).is_some()
            && self.text(&["build", "dockerfile_inline"]).is_some()
        {
            self.refuse(build.at, "dockerfile and dockerfile_inline exclude each other; remove one");
        }
        let platforms = build.get("platforms").and_then(Value::as_seq).unwrap_or_default();
        if let Some(platform) = self.text(&["platform"]).map(str::to_owned) {
            let listed = platforms.iter().any(|item| item.as_str() == Some(platform.as_str()));
            if !platforms.is_empty() && !listed {
                self.refuse(build.at, &format!("build.platforms must hold the platform {platform:?}"));
            }
        }
        self.references(build.get("secrets"), "secrets", "secret");
        self.build_contexts(build);
    }

    /// A build context may be the image of another service, when that is built.
    fn build_contexts(&mut self, build: &Value) {
        let contexts = build.get("additional_contexts").and_then(Value::as_map);
        for (_, member) in contexts.into_iter().flatten() {
            let Some(service) = member.value.as_str().and_then(|context| context.strip_prefix("service:"))
            else {
                continue;
            };
            if self.root.path(&["services", service, "build"]).is_none() {
                let message = format!("the build context {service:?} is not a service that is built");
                self.refuse(member.value.at, &message);
            }
        }
    }

    fn networks(&mut self) {
        let Some(networks) = self.value.get("networks").and_then(Value::as_map) else { return };
        if self.text(&["network_mode"]).is_some() && !networks.is_empty() {
            self.refuse(self.at, "network_mode and networks exclude each other; remove one");
        }
        for (network, member) in networks {
            if self.root.path(&["networks", network]).is_none() {
                let message = format!("network {network:?} is not defined; add it under networks");
                self.refuse(member.key, &message);
            }
        }
    }

    fn dependencies(&mut self) {
        let dependencies = self.value.get("depends_on").and_then(Value::as_map);
        for (service, member) in dependencies.into_iter().flatten() {
            let optional = matches!(
                member.value.get("required").map(|required| &required.data),
                Some(Data::Bool(false))
            );
            let defined = self.root.path(&["services", service]).is_some();
            let is_asked = self.enabled.contains(self.name);
            if self.enabled.contains(service) || (defined && (optional || !is_asked)) {
                continue;
            }
            let message = if defined {
                format!("it depends on {service:?}, which the selected profiles do not enable")
            } else {
                format!("it depends on service {service:?}, which is not defined")
            };
            self.refuse(member.key, &message);
        }
    }

    fn mounts(&mut self) {
        for mount in self.value.get("volumes").and_then(Value::as_seq).unwrap_or_default() {
            let source = mount.get("source");
            let Some(name) = source.and_then(Value::as_str).filter(|name| !name.is_empty()) else { continue };
            if mount.get("type").and_then(Value::as_str) != Some("volume")
                || source.is_some_and(|source| self.report.passes_over(source))
            {
                continue;
            }
            if self.root.path(&["volumes", name]).is_none() {
                let message = format!("volume {name:?} is not defined; add it under volumes");
                self.refuse(mount.at, &message);
            }
        }
    }

    fn files(&mut self) {
        self.references(self.value.get("secrets"), "secrets", "secret");
        self.references(self.value.get("configs"), "configs", "config");
    }

    fn references(&mut self, list: Option<&Value>, section: &str, noun: &str) {
        for item in list.and_then(Value::as_seq).unwrap_or_default() {
            let Some(name) = item.get("source").and_then(Value::as_str) else { continue };
            let unknown = item.get("source").is_some_and(|source| self.report.passes_over(source));
            if !unknown && self.root.path(&[section, name]).is_none() {
                self.refuse(item.at, &format!("{noun} {name:?} is not defined; add it under {section}"));
            }
        }
    }

    fn healthcheck(&mut self) {
        let Some(first) = self.value.path(&["healthcheck", "test"]).and_then(Value::as_seq) else { return };
        let Some(first) = first.first() else { return };
        if first.as_str().is_some_and(|word| !["CMD", "CMD-SHELL", "NONE"].contains(&word))
            && !self.report.passes_over(first)
        {
            self.refuse(first.at, "healthcheck.test begins with CMD, CMD-SHELL or NONE");
        }
    }

    /// The old keys and those under `deploy` must not contradict each other.
    fn limits(&mut self) {
        let pairs: [(&str, &str, &str, Read); 4] = [
            ("cpus", "limits", "cpus", number),
            ("mem_limit", "limits", "memory", size),
            ("mem_reservation", "reservations", "memory", size),
            ("pids_limit", "limits", "pids", number),
        ];
        for (old, section, new, read) in pairs {
            let Some(section_value) = self.value.path(&["deploy", "resources", section]) else { continue };
            let Some(written) = self.value.get(old) else { continue };
            let Some(first) = read(written).filter(|first| *first != 0.0) else { continue };
            let second = section_value.get(new).map_or(Some(0.0), read);
            if second.is_some_and(|second| second.to_bits() != first.to_bits()) {
                let message = format!("{old} and deploy.resources.{section}.{new} differ; keep one");
                self.refuse(written.at, &message);
            }
        }
    }

    fn replicas(&mut self) {
        let scale = self.value.get("scale").and_then(number);
        let replicas = self.value.path(&["deploy", "replicas"]).and_then(number);
        let differ = |scale: f64| replicas.is_some_and(|replicas| scale.to_bits() != replicas.to_bits());
        if scale.is_some_and(differ) {
            self.refuse(self.at, "scale and deploy.replicas differ; keep one");
        }
        let many = scale.or(replicas).is_some_and(|count| count > 1.0);
        if many && self.text(&["container_name"]).is_some() {
            self.refuse(
                self.at,
                "container_name allows one container, and more are asked for; remove the name",
            );
        }
    }

    fn watches(&mut self) {
        let watches = self.value.path(&["develop", "watch"]).and_then(Value::as_seq).unwrap_or_default();
        for watch in watches {
            let action = watch.get("action").and_then(Value::as_str).unwrap_or_default();
            if action != "rebuild"
                && action != "restart"
                && watch.get("target").and_then(Value::as_str).is_none_or(str::is_empty)
            {
                self.refuse(watch.at, &format!("\"target\" is missing; the action {action:?} needs it"));
            }
        }
    }
}

type Read = fn(&Value) -> Option<f64>;

fn number(value: &Value) -> Option<f64> {
    if !value.missing().is_empty() {
        return None;
    }
    units::number(&text_of(value)?)
}

fn size(value: &Value) -> Option<f64> {
    if !value.missing().is_empty() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "only compared for equality, and made the same way")]
    match &value.data {
        Data::Int(bytes) => Some(*bytes as f64),
        _ => units::bytes(&text_of(value)?).map(|bytes| bytes as f64),
    }
}

/// A secret has one source, a config too; an external one may go without.
fn file_sources(root: &Value, report: &mut Report) {
    let sections: [(&str, &[&str]); 2] =
        [("secrets", &["file", "environment"]), ("configs", &["file", "environment", "content"])];
    for (section, sources) in sections {
        for (name, member) in entries(root, section) {
            let external = member.value.get("external").is_some_and(is_true);
            let given = sources.iter().filter(|source| member.value.get(source).is_some()).count();
            let expected = sources.join(", ");
            let message = match (external, given) {
                (_, 1) | (true, 0) => continue,
                (false, 0) => format!("{name:?} has no source; give one of {expected}"),
                (_, _) => format!("{name:?} has several sources; keep one of {expected}"),
            };
            report.refuse(member.key, message);
        }
    }
}

/// An external volume is made by others: nothing can be said about how.
fn volumes(root: &Value, report: &mut Report) {
    for (name, member) in entries(root, "volumes") {
        if !member.value.get("external").is_some_and(is_true) {
            continue;
        }
        for key in ["driver", "driver_opts", "labels"] {
            if let Some(value) = member.value.get(key) {
                report.refuse(value.at, format!("volume {name:?} is external and cannot have {key:?}"));
            }
        }
    }
}

fn entries<'v>(root: &'v Value, section: &str) -> impl Iterator<Item = (&'v String, &'v Member)> {
    root.get(section).and_then(Value::as_map).into_iter().flatten()
}

/// Finds a cycle of dependencies among the enabled services.
fn cycles(root: &Value, enabled: &BTreeSet<String>, report: &mut Report) {
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for (name, member) in entries(root, "services") {
        if !enabled.contains(name) || done.contains(name.as_str()) {
            continue;
        }
        if let Some(cycle) = cycle_from(root, enabled, name, &mut done) {
            report.refuse(member.key, format!("services depend on each other in a circle: {cycle}"));
            return;
        }
    }
}

/// Depth first, with a stack of our own: a long chain of services must not use up that of the thread.
fn cycle_from<'v>(
    root: &'v Value,
    enabled: &BTreeSet<String>,
    start: &'v str,
    done: &mut BTreeSet<&'v str>,
) -> Option<String> {
    let mut path: IndexMap<&str, Vec<&str>> = IndexMap::new();
    path.insert(start, dependencies(root, enabled, start));
    while let Some((name, waiting)) = path.last_mut().map(|(name, waiting)| (*name, waiting)) {
        let Some(next) = waiting.pop() else {
            done.insert(name);
            path.pop();
            continue;
        };
        if let Some(index) = path.get_index_of(next) {
            let mut names: Vec<&str> = path.keys().skip(index).copied().collect();
            names.push(next);
            return Some(names.join(" -> "));
        }
        if !done.contains(next) {
            path.insert(next, dependencies(root, enabled, next));
        }
    }
    None
}

fn dependencies<'v>(root: &'v Value, enabled: &BTreeSet<String>, name: &str) -> Vec<&'v str> {
    let map = root.path(&["services", name, "depends_on"]).and_then(Value::as_map);
    map.into_iter().flatten().map(|(name, _)| name.as_str()).filter(|name| enabled.contains(*name)).collect()
}
