//! Which capabilities a service needs once everything else is dropped.

use temper_model::Stack;
use temper_model::compose::{MountKind, Service};

use crate::images::{CapabilityWhen, Match};
use crate::profile::{CapabilityNeed, Identity, ImageSource};
use crate::{Evidence, EvidenceKind};

/// What entrypoints use that start as root, give the data to the service user and then become that user: gosu,
/// su-exec, setpriv, s6 (failure-mode 13). Everything else that Docker gives by default goes.
const ENTRYPOINT: [(&str, &str); 5] = [
    ("CHOWN", "gives data directories to the service user"),
    ("DAC_OVERRIDE", "reads data of the service user at a restart"),
    ("FOWNER", "changes the mode of files of the service user"),
    ("SETGID", "becomes the service user"),
    ("SETUID", "becomes the service user"),
];

/// The capabilities that a service needs when it starts as `start`.
pub(crate) fn of(
    stack: &Stack,
    service: &Service,
    image: &ImageSource,
    start: &Identity,
) -> Vec<CapabilityNeed> {
    let mut needs = match start {
        Identity::Numeric { .. } => as_service(image),
        Identity::Named { uid, .. } if *uid != Some(0) => as_service(image),
        _ => as_root(service, image),
    };
    needs.extend(low_port_on_host(service, start));
    needs.extend(from_settings(stack, service));
    needs.sort_by(|a, b| a.name.cmp(&b.name));
    needs.dedup_by(|later, first| later.name == first.name);
    needs
}

fn as_service(image: &ImageSource) -> Vec<CapabilityNeed> {
    let entry = crate::class::service_entry(image);
    let listed = entry.map(|entry| &entry.image.capabilities_as_service).into_iter().flatten();
    listed
        .filter(|need| need.when != CapabilityWhen::Feature)
        .map(|need| known(&need.name, &need.reason))
        .collect()
}

fn as_root(service: &Service, image: &ImageSource) -> Vec<CapabilityNeed> {
    match crate::class::service_entry(image) {
        Some(entry) if entry.image.capabilities_known && service.entrypoint.is_none() => {
            of_entry(service, entry)
        }
        _ if stays_root(service, image) => Vec::new(),
        _ => ENTRYPOINT
            .iter()
            .map(|(name, reason)| known(name, &format!("root entrypoints use it: {reason}")))
            .collect(),
    }
}

/// A static binary `FROM scratch` has no entrypoint script that could change users.
fn stays_root(service: &Service, image: &ImageSource) -> bool {
    let ImageSource::Built { facts, .. } = image else { return false };
    service.entrypoint.is_none() && crate::source::from_scratch(facts)
}

fn of_entry(service: &Service, entry: &Match) -> Vec<CapabilityNeed> {
    let binds = service.mounts.iter().any(|mount| mount.kind == MountKind::Bind && !mount.read_only);
    let applies = |when| match when {
        CapabilityWhen::Always | CapabilityWhen::FirstStart | CapabilityWhen::Restart => true,
        CapabilityWhen::RootOwnedVolume => binds,
        // Every tmpfs that is planned states its owner.
        CapabilityWhen::RootOwnedTmpfs | CapabilityWhen::Feature => false,
    };
    let needs = entry.image.capabilities.iter().filter(|need| applies(need.when));
    needs.map(|need| known(&need.name, &need.reason)).collect()
}

/// Docker lets every user bind every port of a container's own network (moby, `daemon/oci_linux.go`:
/// `net.ipv4.ip_unprivileged_port_start=0`), and not on the host's (failure-mode 14).
fn low_port_on_host(service: &Service, start: &Identity) -> Option<CapabilityNeed> {
    let host =
        service.network_mode.as_ref().filter(|mode| mode.known().is_some_and(|mode| mode == "host"))?;
    if *start == Identity::Root || !listens_low(service) {
        return None;
    }
    let detail = "listens below port 1024 on the host's network";
    let evidence = vec![Evidence::at(EvidenceKind::Declared, host.at(), detail)];
    Some(CapabilityNeed { name: "NET_BIND_SERVICE".into(), evidence })
}

fn listens_low(service: &Service) -> bool {
    let exposed = service.expose.iter().map(|item| item.value.as_str());
    let ports = service.ports.iter().map(|port| port.target.as_str());
    exposed
        .chain(ports)
        .filter_map(|port| port.split(['/', '-']).next()?.parse::<u32>().ok())
        .any(|port| port < 1024)
}

fn from_settings(stack: &Stack, service: &Service) -> Vec<CapabilityNeed> {
    let names = stack.settings.services.get(&service.name).map(|settings| &settings.capabilities);
    let need = |name: &String| CapabilityNeed {
        name: name.clone(),
        evidence: vec![Evidence::general(EvidenceKind::Declared, "set in temper.toml")],
    };
    names.into_iter().flatten().map(need).collect()
}

fn known(name: &str, reason: &str) -> CapabilityNeed {
    CapabilityNeed {
        name: name.to_owned(),
        evidence: vec![Evidence::general(EvidenceKind::KnownImage, reason)],
    }
}
