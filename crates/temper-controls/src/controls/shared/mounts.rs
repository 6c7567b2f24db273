//! Sources of mounts on the host.

use temper_fit::canonical;
use temper_model::Value;
use temper_model::compose::{Mount, MountKind, Project, Service};
use temper_text::Loc;

use super::missing_variables;

/// Where a mount comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::controls) enum HostPath {
    /// A path of the host outside of the stack, with `/var/run` as `/run`: `/etc`, `~/.ssh`.
    Absolute(String),
    /// A path inside the stack, relative to its root.
    Inside(String),
    /// It hangs on variables; the text holds what is known of it.
    Unknown(String),
}

/// The path of the host that is mounted; `None` for volumes that the engine keeps.
pub(in crate::controls) fn host_path(project: &Project, mount: &Mount) -> Option<HostPath> {
    let written = mount.source_written.as_deref().or(mount.source.as_deref()).unwrap_or_default();
    if written.starts_with("./") {
        return Some(HostPath::Inside(mount.source.clone().unwrap_or_default()));
    }
    if !mount.missing.is_empty() {
        return Some(HostPath::Unknown(written.to_owned()));
    }
    let source = mount.source.as_deref()?;
    match mount.kind {
        MountKind::Bind => {}
        MountKind::Volume => return bound_volume(project, source),
        MountKind::Anonymous | MountKind::Other => return None,
    }
    // Where the stack lies on this machine says nothing of where it will lie on the host.
    if written.starts_with('.') {
        return Some(HostPath::Inside(source.to_owned()));
    }
    Some(match source.chars().next() {
        Some('/') => HostPath::Absolute(canonical(source)),
        Some('~') => HostPath::Absolute(source.trim_end_matches('/').to_owned()),
        _ => HostPath::Inside(source.to_owned()),
    })
}

/// A volume of the local driver that is a directory of the host: `driver_opts: {o: bind, device: /srv/data}`.
fn bound_volume(project: &Project, name: &str) -> Option<HostPath> {
    let options = project.volumes.get(name)?.value.get("driver_opts")?;
    let kinds = options.get("o").and_then(Value::as_str)?;
    let device =
        options.get("device").filter(|_| kinds.split(',').any(|kind| matches!(kind, "bind" | "rbind")))?;
    let path = device.as_str()?;
    if !device.missing().is_empty() {
        return Some(HostPath::Unknown(path.to_owned()));
    }
    path.starts_with('/').then(|| HostPath::Absolute(canonical(path)))
}

/// The place in the container, also of a mount whose source is an empty variable.
pub(in crate::controls) fn target(mount: &Mount) -> &str {
    mount.target.trim_start_matches(':')
}

/// A detail of a bind mount in long form, such as `propagation`.
pub(in crate::controls) fn bind_detail<'a>(
    service: &'a Service,
    mount: &Mount,
    key: &str,
) -> Option<&'a Value> {
    let volumes = service.value.get("volumes").and_then(Value::as_seq)?;
    volumes.iter().find(|volume| volume.at == mount.at)?.path(&["bind", key])
}

/// The mount in short form, read-only when wanted, with its SELinux label and propagation.
pub(in crate::controls) fn short_form(
    service: &Service,
    mount: &Mount,
    read_only: bool,
    propagation: Option<&str>,
) -> String {
    let source = mount.source_written.as_deref().unwrap_or_default();
    let label = bind_detail(service, mount, "selinux").and_then(Value::as_str);
    let options: Vec<&str> = read_only.then_some("ro").into_iter().chain(label).chain(propagation).collect();
    let end = if options.is_empty() { String::new() } else { format!(":{}", options.join(",")) };
    format!("{source}:{}{end}", mount.target)
}

/// A mount that `volumes_from` brings.
pub(in crate::controls) enum Brought<'a> {
    /// One of another service of the project.
    Mount {
        /// The `volumes_from` entry.
        at: Loc,
        /// The service that has the mount.
        service: &'a Service,
        /// The mount.
        mount: &'a Mount,
    },
    /// Those of a container that no file of the project describes, or that hangs on variables.
    Unknown {
        /// The `volumes_from` entry.
        at: Loc,
        /// What is missing, for people.
        missing: String,
    },
}

/// The mounts that a service gets by `volumes_from`, also those that its sources get that way themselves.
pub(in crate::controls) fn brought<'a>(project: &'a Project, service: &'a Service) -> Vec<Brought<'a>> {
    let mut found = Vec::new();
    for entry in service.value.get("volumes_from").and_then(Value::as_seq).unwrap_or_default() {
        let text = entry.as_str().unwrap_or_default();
        let at = entry.at;
        if !entry.missing().is_empty() {
            found.push(Brought::Unknown { at, missing: missing_variables(entry.missing()) });
        } else if let Some(container) = text.strip_prefix("container:") {
            let missing = format!("what container {container} mounts: no file of the project starts it");
            found.push(Brought::Unknown { at, missing });
        } else if let Some(source) = project.services.get(text.split(':').next().unwrap_or_default()) {
            mounts_of(project, source, at, &mut vec![service.name.as_str()], &mut found);
        }
    }
    found
}

fn mounts_of<'a>(
    project: &'a Project,
    source: &'a Service,
    at: Loc,
    seen: &mut Vec<&'a str>,
    found: &mut Vec<Brought<'a>>,
) {
    if seen.contains(&source.name.as_str()) {
        return;
    }
    seen.push(&source.name);
    found.extend(source.mounts.iter().map(|mount| Brought::Mount { at, service: source, mount }));
    for entry in source.value.get("volumes_from").and_then(Value::as_seq).unwrap_or_default() {
        let text = entry.as_str().unwrap_or_default();
        match project.services.get(text.split(':').next().unwrap_or_default()) {
            Some(next) => mounts_of(project, next, at, seen, found),
            None => found
                .push(Brought::Unknown { at, missing: format!("what `{text}` of {} mounts", source.name) }),
        }
    }
}
