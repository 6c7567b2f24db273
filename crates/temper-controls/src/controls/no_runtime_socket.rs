//! No container reaches the socket of a container engine.
//!
//! ## What it flags
//! A mount of the socket of Docker, containerd, CRI-O or Podman, of a directory that holds one (`/`, `/run`), or of the
//! named pipe of the engine on Windows; `use_api_socket: true`; a `DOCKER_HOST` that reaches an engine over plain TCP,
//! unless it names a service of the project, such as a socket proxy.
//!
//! In a running container: what the engine has mounted, and the mount table.
//!
//! ## Why it matters
//! Whoever may talk to the engine may start a privileged container that mounts the root of the host, so this is root on the
//! host. A read-only mount does not help: it protects the file, while requests are sent through it as before.
//!
//! ## Fix safety
//! A socket that is mounted is there to be used, so its removal is refused: put a socket proxy between that lets only the
//! needed endpoints through, or waive it with an owner. It needs proof where the image is known to work without, and for
//! a directory that happens to hold a socket.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.32: ensure that the Docker socket is not mounted inside any containers
//! - NIST SP 800-190, 4.5.5
//! - <https://docs.docker.com/engine/security/#docker-daemon-attack-surface>

use temper_fit::images::HostKind;
use temper_fit::{canonical, holds};
use temper_model::compose::{Mount, MountKind, Project};
use temper_model::{Data, Value};

use super::shared::image::{evidence_of, host_needs, mount_need, pulled_name, refused_by_design};
use super::shared::live::mounts as mount_table;
use super::shared::mounts::{Brought, HostPath, brought, host_path, target};
use super::shared::overlay::see_later_file;
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct NoRuntimeSocket;

static META: Meta = Meta {
    id: "no-runtime-socket",
    title: "the container cannot reach the container engine",
    severity: Severity::Critical,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.32", "nist-sp-800-190:4.5.5", "pss:baseline/host-path"],
    requires: &[],
    source: include_str!("no_runtime_socket.rs"),
};

/// File names of the sockets of engines, wherever a rootless engine or another installation puts them.
const SOCKETS: [(&str, &str); 8] = [
    ("docker.sock", "Docker"),
    ("docker.raw.sock", "Docker"),
    ("containerd.sock", "containerd"),
    ("crio.sock", "CRI-O"),
    ("podman.sock", "Podman"),
    ("dockershim.sock", "Docker"),
    ("cri-dockerd.sock", "Docker"),
    ("buildkitd.sock", "BuildKit"),
];

/// Where the sockets are by default. `/var/run` is a link to `/run`.
const PLACES: [(&str, &str); 6] = [
    ("/run/docker.sock", "Docker"),
    ("/run/containerd/containerd.sock", "containerd"),
    ("/run/crio/crio.sock", "CRI-O"),
    ("/run/podman/podman.sock", "Podman"),
    ("/run/k3s/containerd/containerd.sock", "containerd"),
    ("/run/buildkit/buildkitd.sock", "BuildKit"),
];

/// Images that `images/` does not describe and whose purpose is to talk to the engine.
const BY_PURPOSE: [(&str, &str); 10] = [
    ("containrrr/watchtower", "it replaces containers"),
    ("nickfedor/watchtower", "it replaces containers"),
    ("tecnativa/docker-socket-proxy", "it is the proxy that keeps others from the socket"),
    ("lscr.io/linuxserver/socket-proxy", "it is the proxy that keeps others from the socket"),
    ("wollomatic/socket-proxy", "it is the proxy that keeps others from the socket"),
    ("willfarrell/autoheal", "it restarts containers"),
    ("amir20/dozzle", "it shows logs of containers"),
    ("nginxproxy/docker-gen", "it writes configuration from running containers"),
    ("nginxproxy/nginx-proxy", "it writes configuration from running containers"),
    ("lazyteam/lazydocker", "it manages containers"),
];

impl Control for NoRuntimeSocket {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let found = [
            mounts(context, verdicts),
            mounts_of_others(context, verdicts),
            api_socket(context, verdicts),
            engine_over_tcp(context, verdicts),
        ];
        if !found.contains(&true) {
            verdicts.pass(context.service.at, "reaches no socket of a container engine");
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let mut found: Vec<String> = Vec::new();
        for mount in &context.container.settings.mounts {
            match of_path(&canonical(&mount.source)) {
                Reach::Socket(engine) => {
                    found.push(format!("the socket of {engine} is mounted at {}", mount.target))
                }
                // Volumes of the engine lie below its own directories.
                Reach::Holds(engine) if mount.kind == "bind" => {
                    found.push(format!(
                        "{}, which holds the socket of {engine}, is mounted at {}",
                        mount.source, mount.target
                    ));
                }
                Reach::Holds(_) | Reach::Unknown | Reach::None => {}
            }
        }
        let Some(table) = mount_table(context, verdicts) else { return };
        for mount in table {
            let engine = socket_name(&mount.root).or_else(|| socket_name(&mount.target));
            let told = context.container.settings.mounts.iter().any(|known| known.target == mount.target);
            if let Some(engine) = engine.filter(|_| !told) {
                found.push(format!("the socket of {engine} is mounted at {}", mount.target));
            }
        }
        if found.is_empty() {
            verdicts.pass(at, format!("none of its {} mounts leads to a container engine", table.len()));
        }
        for message in found {
            verdicts.fail(at, format!("{message}: root on the host"));
        }
    }
}

/// What a mount has to do with an engine.
enum Reach {
    /// It is the socket of this engine.
    Socket(&'static str),
    /// It is a directory with the socket of this engine.
    Holds(&'static str),
    /// Not known, because the source hangs on variables.
    Unknown,
    /// Nothing.
    None,
}

fn mounts(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let mut found = false;
    for mount in &context.service.mounts {
        let reach = reach(context.project, mount);
        let message = match &reach {
            Reach::None => continue,
            Reach::Unknown => {
                found = true;
                let message = format!("what is mounted at {} hangs on a variable", target(mount));
                verdicts.unknown(mount.at, message, missing_variables(&mount.missing));
                continue;
            }
            Reach::Socket(engine) => format!("mounts the socket of {engine}: root on the host"),
            Reach::Holds(engine) => {
                let source = mount.source_written.as_deref().unwrap_or_default();
                format!("mounts {source}, which holds the socket of {engine}: root on the host")
            }
        };
        found = true;
        fail(context, mount, &reach, message, verdicts);
    }
    found
}

/// What `volumes_from` brings.
fn mounts_of_others(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let mut found = false;
    for brought in brought(context.project, context.service) {
        match brought {
            Brought::Unknown { at, missing } => {
                found = true;
                verdicts.unknown(
                    at,
                    "cannot tell whether `volumes_from` brings the socket of an engine",
                    missing,
                );
            }
            Brought::Mount { at, service, mount } => {
                let message = match reach(context.project, mount) {
                    Reach::None => continue,
                    Reach::Unknown => {
                        found = true;
                        let message =
                            format!("what {} mounts at {} hangs on a variable", service.name, target(mount));
                        verdicts
                            .unknown(at, message, missing_variables(&mount.missing))
                            .see(mount.at, "mounted here");
                        continue;
                    }
                    Reach::Socket(engine) | Reach::Holds(engine) => {
                        format!(
                            "gets the socket of {engine} from {} by `volumes_from`: root on the host",
                            service.name
                        )
                    }
                };
                found = true;
                let reason = format!("mount what it needs of {} by name, without the socket", service.name);
                verdicts
                    .fail(at, message)
                    .see(mount.at, "mounted here")
                    .fix(refused("do without `volumes_from`", reason));
            }
        }
    }
    found
}

fn reach(project: &Project, mount: &Mount) -> Reach {
    match host_path(project, mount) {
        Some(HostPath::Absolute(path)) => of_path(&path),
        // A project may keep a socket of its own; a file of that name inside the stack is none of the engine.
        Some(HostPath::Inside(_)) => Reach::None,
        // The name is written, or the place of the container shows it: only the directory is not known.
        Some(HostPath::Unknown(text)) if leads_elsewhere(&text) && socket_name(&mount.target).is_none() => {
            Reach::None
        }
        Some(HostPath::Unknown(text)) => {
            socket_name(&text).or_else(|| socket_name(&mount.target)).map_or(Reach::Unknown, Reach::Socket)
        }
        None if mount.kind == MountKind::Other => of_pipe(mount),
        None => Reach::None,
    }
}

/// True when the last part of a path is written and is neither a socket nor a directory that holds one by default:
/// `${DATA_DIR}/postgres` reaches no engine, whatever the variable is.
fn leads_elsewhere(path: &str) -> bool {
    let Some((_, last)) = path.rsplit_once('/') else { return false };
    let in_places = |part: &str| PLACES.iter().any(|(place, _)| place.split('/').any(|known| known == part));
    !matches!(last, "" | "." | ".." | "var") && !in_places(last) && socket_name(path).is_none()
}

fn of_path(path: &str) -> Reach {
    if let Some(engine) = socket_name(path) {
        return Reach::Socket(engine);
    }
    let held = PLACES.iter().find(|(socket, _)| holds(path, socket));
    held.map_or(Reach::None, |(_, engine)| Reach::Holds(engine))
}

fn socket_name(path: &str) -> Option<&'static str> {
    let name = path.rsplit('/').next()?;
    SOCKETS.iter().find(|(socket, _)| *socket == name).map(|(_, engine)| *engine)
}

/// `\\.\pipe\docker_engine` of Docker on Windows, and that of containerd.
fn of_pipe(mount: &Mount) -> Reach {
    let source = mount.source.as_deref().unwrap_or_default();
    match source.rsplit(['\\', '/']).next() {
        Some("docker_engine") => Reach::Socket("Docker"),
        Some("containerd-containerd") => Reach::Socket("containerd"),
        _ => Reach::None,
    }
}

fn fail(
    context: &ServiceContext<'_>,
    mount: &Mount,
    reach: &Reach,
    mut message: String,
    verdicts: &mut Verdicts,
) {
    if mount.read_only {
        message.push_str("; `ro` does not help, requests pass through it");
    }
    let need = host_needs(context.profile, HostKind::EngineSocket).next();
    let fix = remove(context, mount, reach);
    let judgement = verdicts.fail(mount.at, message);
    judgement.because(need.map(evidence_of)).fix(fix);
    see_later_file(judgement, context.service, mount.at, "volumes");
}

fn remove(context: &ServiceContext<'_>, mount: &Mount, reach: &Reach) -> Fix {
    const SUMMARY: &str = "do not mount the socket";
    let need = host_needs(context.profile, HostKind::EngineSocket).next();
    // A directory that holds the socket may be needed for something else.
    let directory = mount_need(context.profile, mount);
    if let Some(need) = need.filter(|need| need.inherent).or_else(|| directory.filter(|need| need.inherent)) {
        return refused_by_design(SUMMARY, need);
    }
    let purpose = pulled_name(context.profile)
        .and_then(|name| BY_PURPOSE.iter().find(|(image, _)| *image == name).map(|(_, purpose)| *purpose));
    if let Some(purpose) = purpose {
        return refused(
            SUMMARY,
            format!(
                "the image needs it by design ({purpose}); let only the endpoints that it needs through a socket \
                 proxy on an internal network, or waive it in temper.toml with an owner"
            ),
        );
    }
    if need.is_none() && matches!(reach, Reach::Socket(_)) {
        return refused(
            SUMMARY,
            "whoever mounts the socket talks to the engine: let only the endpoints that it needs through a socket \
             proxy on an internal network, remove the mount by hand, or waive it in temper.toml with an owner",
        );
    }
    let why = match need {
        Some(need) => format!(
            "the image may use it for {}; less would be: {}",
            need.reason,
            need.least.as_deref().unwrap_or("a socket proxy")
        ),
        None => "the service may talk to the engine, or use something else that is there".to_owned(),
    };
    let action = ComposeAction::Remove { key: "volumes", at: mount.at };
    fix(context, needs_proof(why), SUMMARY, [(action, "CIS Docker 5.32".to_owned())])
}

/// Newer versions of Compose mount the socket themselves for `use_api_socket: true` (specification, "use_api_socket").
fn api_socket(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let Some(value) = context.service.value.get("use_api_socket") else { return false };
    if !value.missing().is_empty() {
        let missing = missing_variables(value.missing());
        verdicts.unknown(value.at, "`use_api_socket` hangs on a variable", missing);
        return true;
    }
    if !matches!(value.data, Data::Bool(true)) && Value::as_str(value) != Some("true") {
        return false;
    }
    let action = ComposeAction::Unset { key: "use_api_socket" };
    let safety = needs_proof("the service may talk to the engine");
    let fix = fix(context, safety, "remove `use_api_socket`", [(action, "CIS Docker 5.32".to_owned())]);
    verdicts.fail(value.at, "`use_api_socket` gives it the socket of the engine: root on the host").fix(fix);
    true
}

/// `DOCKER_HOST=tcp://…`: the API of an engine without TLS, where everybody on the way can give orders too.
fn engine_over_tcp(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let environment = &context.service.environment;
    let Some(variable) = environment.get("DOCKER_HOST") else { return false };
    if !variable.missing.is_empty() || variable.value.is_none() {
        let shell = || vec!["DOCKER_HOST".to_owned()];
        let names = if variable.missing.is_empty() { shell() } else { variable.missing.clone() };
        let missing = missing_variables(&names);
        verdicts.unknown(variable.at, "which engine it talks to hangs on a variable", missing);
        return true;
    }
    let Some(address) = variable.value.as_deref().and_then(|value| value.strip_prefix("tcp://")) else {
        return false;
    };
    let verified = environment.get("DOCKER_TLS_VERIFY").and_then(|set| set.value.as_deref());
    let host = address.split([':', '/']).next().unwrap_or_default();
    if verified.is_some_and(|value| !value.is_empty()) || context.project.services.contains_key(host) {
        return false;
    }
    const SUMMARY: &str = "reach the engine through a socket proxy";
    let reason = "temper cannot tell which endpoints it needs: run a socket proxy as a service of the project that \
                  lets only those through, or use TLS with `DOCKER_TLS_VERIFY`";
    verdicts
        .fail(variable.at, "talks to an engine over TCP without TLS: everybody on the way controls its host")
        .fix(refused(SUMMARY, reason));
    true
}
