//! A container shares no namespace with the host.
//!
//! ## What it flags
//! `host` as value of `network_mode`, `pid`, `ipc`, `uts`, `userns_mode` or `cgroup`. Sharing with another container
//! (`service:x`, `container:x`) is not flagged.
//!
//! In a running container: its namespaces in `/proc`, compared with those of the engine's process that started it.
//!
//! ## Why it matters
//! Namespaces are what separates a container from the host. With the host's network it reaches every service that listens
//! on 127.0.0.1 and is outside of all Compose networks; with the host's processes it sees their arguments and environment
//! and can signal them.
//!
//! ## Fix safety
//! Needs proof: what listens or looks there loses it. The fix removes the setting; instead of `ipc: host` a service that
//! needs much shared memory gets `shm_size`. It is refused for `network_mode: host`, because only a person knows which
//! listeners others need, and for images that do their work on the host, such as node-exporter, with the least that does
//! the same.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.10, 5.16, 5.17, 5.21 and 5.31
//! - Pod Security Standards, Baseline: host namespaces must not be shared
//! - <https://docs.docker.com/reference/compose-file/services/#network_mode>

use temper_fit::images::HostKind;
use temper_model::{Setting, Spanned};
use temper_text::Loc;

use super::shared::image::{evidence_of, host_needs, refused_by_design};
use super::shared::{fix, missing_variables, needs_proof, refused, size_text};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct NoHostNamespaces;

static META: Meta = Meta {
    id: "no-host-namespaces",
    title: "no namespace is shared with the host",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &[
        "cis-docker-1.7:5.10",
        "cis-docker-1.7:5.16",
        "cis-docker-1.7:5.17",
        "cis-docker-1.7:5.21",
        "cis-docker-1.7:5.31",
        "nist-sp-800-190:4.4.3",
        "pss:baseline/host-namespaces",
    ],
    requires: &[],
    source: include_str!("no_host_namespaces.rs"),
};

/// One kind of namespace.
struct Namespace {
    key: &'static str,
    shares: &'static str,
    loses: &'static str,
    item: &'static str,
    need: Option<HostKind>,
}

const NETWORK: Namespace = Namespace {
    key: "network_mode",
    shares: "is on the host's network, outside of all networks of the project",
    loses: "it loses the addresses of the host: its ports have to be published, and others reach it by its name",
    item: "CIS Docker 5.10",
    need: Some(HostKind::Network),
};
const PID: Namespace = Namespace {
    key: "pid",
    shares: "sees and can signal the processes of the host",
    loses: "it no longer sees the processes of the host",
    item: "CIS Docker 5.16",
    need: Some(HostKind::Pid),
};
const IPC: Namespace = Namespace {
    key: "ipc",
    shares: "shares memory and semaphores with the host",
    loses: "it may share memory with another process, or need more than the 64 MiB of /dev/shm",
    item: "CIS Docker 5.17",
    need: None,
};
const UTS: Namespace = Namespace {
    key: "uts",
    shares: "shares the host name with the host, and can change it",
    loses: "it may use the host name of the host",
    item: "CIS Docker 5.21",
    need: None,
};
const USER: Namespace = Namespace {
    key: "userns_mode",
    shares: "opts out of the user namespaces of the engine: its root is root of the host",
    loses: "files of its mounts may belong to ids that it then does not have",
    item: "CIS Docker 5.31",
    need: None,
};
const CGROUP: Namespace = Namespace {
    key: "cgroup",
    shares: "sees the control groups of the host",
    loses: "it may read or manage control groups of the host",
    item: "private control groups",
    need: None,
};

impl Control for NoHostNamespaces {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        let settings = [
            (&NETWORK, &service.network_mode),
            (&PID, &service.pid),
            (&IPC, &service.ipc),
            (&UTS, &service.uts),
            (&USER, &service.userns_mode),
            (&CGROUP, &service.cgroup),
        ];
        let mut is_clean = true;
        for (namespace, setting) in settings {
            match setting {
                Some(Setting::Known(mode)) if mode.value == "host" => {
                    is_clean = false;
                    shared(context, namespace, mode.at, verdicts);
                }
                Some(Setting::Unknown { at, missing, .. }) => {
                    is_clean = false;
                    let message = format!("`{}` hangs on a variable", namespace.key);
                    verdicts.unknown(*at, message, missing_variables(missing));
                }
                Some(Setting::Known(mode)) => {
                    is_clean &= through_another(context, namespace, mode, verdicts);
                }
                None => {}
            }
        }
        is_clean &= host_by_name(context, verdicts);
        if is_clean {
            verdicts.pass(service.at, "shares no namespace with the host");
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let shared = match context.container.host_namespaces.get() {
            Ok(shared) => shared,
            Err(missing) => {
                verdicts.unknown(at, "its namespaces were not seen", missing);
                return;
            }
        };
        let settings = &context.container.settings;
        let written = |setting: &Option<Setting<String>>| {
            setting.as_ref().and_then(Setting::known).is_some_and(|mode| mode == "host")
        };
        let mut is_clean = true;
        for kind in shared {
            let namespace = match kind.as_str() {
                "net" => &NETWORK,
                "pid" => &PID,
                "ipc" => &IPC,
                "uts" => &UTS,
                // Without user namespaces in the engine, every container has that of the host.
                "user" if settings.userns_mode == "host" => &USER,
                // With control groups of version 1, sharing is the engine's default.
                "cgroup" if written(&context.service.service.cgroup) => &CGROUP,
                "user" | "cgroup" => continue,
                other => {
                    is_clean = false;
                    verdicts.fail(at, format!("shares the {other} namespace of the host"));
                    continue;
                }
            };
            is_clean = false;
            verdicts.fail(at, format!("{}: its {kind} namespace is that of the host", namespace.shares));
        }
        if is_clean {
            verdicts.pass(at, "has namespaces of its own for mounts, network, processes, IPC and host name");
        }
    }
}

/// Judges `service:x` and `container:x`. True when there is nothing to say.
fn through_another(
    context: &ServiceContext<'_>,
    namespace: &Namespace,
    mode: &Spanned<String>,
    verdicts: &mut Verdicts,
) -> bool {
    let message = |what: &str| format!("`{}: {}`: {what}", namespace.key, mode.value);
    match owner_of(context, namespace, &mode.value) {
        Owner::Private => return true,
        Owner::Host => {
            let reason = "change the service whose namespace it shares";
            verdicts
                .fail(mode.at, message("that service shares it with the host"))
                .fix(refused("leave it as it is", reason));
        }
        Owner::Container(name) => {
            let missing =
                format!("what container {name} shares with the host: no file of the project starts it");
            verdicts.unknown(mode.at, message("that container may share it with the host"), missing);
        }
        Owner::Variable(missing) => {
            let missing = missing_variables(missing);
            verdicts.unknown(mode.at, message("what that service shares hangs on a variable"), missing);
        }
    }
    false
}

/// Whose namespace a service gets in the end.
enum Owner<'a> {
    Private,
    Host,
    Container(&'a str),
    Variable(&'a [String]),
}

/// Follows `service:x` to its end. Compose refuses cycles.
fn owner_of<'a>(context: &ServiceContext<'a>, namespace: &Namespace, mode: &'a str) -> Owner<'a> {
    let mut mode = mode;
    for _ in 0..context.project.services.len() {
        if let Some(container) = mode.strip_prefix("container:") {
            return Owner::Container(container);
        }
        let Some(other) = mode.strip_prefix("service:").and_then(|name| context.project.services.get(name))
        else {
            return Owner::Private;
        };
        let setting = match namespace.key {
            "network_mode" => &other.network_mode,
            "pid" => &other.pid,
            "ipc" => &other.ipc,
            _ => return Owner::Private,
        };
        match setting {
            Some(Setting::Known(next)) if next.value == "host" => return Owner::Host,
            Some(Setting::Known(next)) => mode = &next.value,
            Some(Setting::Unknown { missing, .. }) => return Owner::Variable(missing),
            None => return Owner::Private,
        }
    }
    Owner::Private
}

/// The engine gives a container that joins the external network `host` the network of the host. True when there is
/// nothing to say.
fn host_by_name(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let joined = context.service.networks.keys().filter_map(|key| {
        let network = context.project.networks.get(key)?.value.get("name")?;
        (network.as_str() == Some("host")).then_some(network)
    });
    let mut is_clean = true;
    for network in joined {
        is_clean = false;
        let message = format!("joins the network `host`: {}", NETWORK.shares);
        let at = context.service.value.get("networks").map_or(context.service.at, |networks| networks.at);
        verdicts.fail(at, message).see(network.at, "the network of the host by its name").fix(refused(
            "leave the network `host`",
            "only a person knows which of its listeners others need: publish those under `ports`, and remove the network",
        ));
    }
    is_clean
}

fn shared(context: &ServiceContext<'_>, namespace: &Namespace, at: Loc, verdicts: &mut Verdicts) {
    let need = namespace.need.and_then(|kind| host_needs(context.profile, kind).next());
    let message = format!("`{}: host`: {}", namespace.key, namespace.shares);
    let fix = match need {
        Some(need) if need.inherent => refused_by_design(&format!("remove `{}: host`", namespace.key), need),
        // Its listeners would vanish from the host, and no file says which of them somebody needs.
        _ if namespace.key == NETWORK.key => refused(
            "remove `network_mode: host`",
            "only a person knows which of its listeners others need: publish those under `ports`, and remove the line",
        ),
        _ => unset(context, namespace),
    };
    verdicts.fail(at, message).because(need.map(evidence_of)).fix(fix);
}

fn unset(context: &ServiceContext<'_>, namespace: &Namespace) -> Fix {
    let unset = ComposeAction::Unset { key: namespace.key };
    let mut actions = vec![(unset, namespace.item.to_owned())];
    let mut summary = format!("remove `{}: host`", namespace.key);
    let size = context.profile.target.shm_size.filter(|_| context.service.shm_size.is_none());
    if let Some(size) = size.filter(|_| namespace.key == IPC.key) {
        let set = ComposeAction::Set { path: vec!["shm_size"], value: Scalar::Str(size_text(size)) };
        actions.push((set, "instead of the host's shared memory".to_owned()));
        summary.push_str(" and set `shm_size`");
    }
    fix(context, needs_proof(namespace.loses), summary, actions)
}
