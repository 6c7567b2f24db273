//! Ports are published only where they have to be reached.
//!
//! ## What it flags
//! Each entry of `ports` without a host address, or with `0.0.0.0` or `::`: Docker then listens on every address of
//! the host, in front of the rules of ufw and firewalld. The web port of a reverse proxy (nginx, Traefik, Caddy, HAProxy,
//! Envoy) is meant to be reached and passes. Also flagged: a host port that another service publishes at the same
//! address and that can run at the same time, and ports of a service whose networks are all `internal`, which the
//! engine silently does not publish.
//!
//! In a running container: the ports that the engine has really published, and on which address of the host.
//!
//! ## Why it matters
//! A published port can be reached from every network of the host, and from containers of other networks through the
//! host's own address, past every tier of the stack. Data stores and dashboards with a default password are found by
//! scanners within hours.
//!
//! ## Fix safety
//! Needs proof for data stores, message buses and monitoring: the entry is bound to 127.0.0.1, and clients on other hosts
//! that use it would lose it. Refused for other services, which may be published for clients elsewhere, and for double
//! ports and ports on internal networks: no test on this host can tell, only a person knows.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.8, 5.9 and 5.14
//! - NIST SP 800-190, 4.4.2
//! - <https://docs.docker.com/engine/network/packet-filtering-firewalls/>
//! - <https://docs.docker.com/reference/compose-file/services/#ports>

use std::net::IpAddr;

use temper_dockerfile::facts::BaseImage;
use temper_fit::ImageSource;
use temper_model::compose::{Port, Service};
use temper_model::container::PublishedPort;
use temper_model::{Class, Data, Setting, Value};

use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct PublishedPorts;

static META: Meta = Meta {
    id: "published-ports",
    title: "ports are published only where they have to be reached",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.8", "cis-docker-1.7:5.9", "cis-docker-1.7:5.14", "nist-sp-800-190:4.4.2"],
    requires: &[],
    source: include_str!("published_ports.rs"),
};

impl Control for PublishedPorts {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let ports = &context.service.ports;
        if ports.is_empty() {
            return;
        }
        if uses_host_network(context.service) {
            let message = "`ports` has no effect on the host network: what the process listens on decides";
            verdicts.unknown(context.service.at, message, "the addresses that the process listens on");
            return;
        }
        if let Some(Setting::Unknown { at, missing, .. }) = &context.service.network_mode {
            let message = "whether `ports` has an effect hangs on `network_mode`";
            verdicts.unknown(*at, message, missing_variables(missing));
            return;
        }
        for (index, port) in ports.iter().enumerate() {
            judge(context, index, port, verdicts);
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service.service;
        let published = &context.container.settings.ports;
        if context.container.settings.network_mode == "host" {
            if !service.ports.is_empty() {
                let message = "on the host network, what the process listens on decides";
                verdicts.unknown(service.at, message, "the addresses that the process listens on");
            }
            return;
        }
        for found in published {
            let written = service.ports.iter().find(|port| is_of(port, found));
            let shown = shown_address(found);
            let Some(written) = written else {
                verdicts.fail(service.at, format!("{shown} is published, and the files do not say so"));
                continue;
            };
            let port = Port {
                host_ip: Some(found.host_ip.clone()),
                published: Some(found.host_port.to_string()),
                target: found.container_port.to_string(),
                ..written.clone()
            };
            match exposed(&context.service, &port) {
                Ok(message) => verdicts.pass(port.at, message),
                Err(message) => verdicts.fail(port.at, message),
            };
        }
        for port in service.ports.iter().filter(|port| port.missing.is_empty()) {
            if !published.iter().any(|found| is_of(port, found)) {
                verdicts.fail(port.at, format!("{} is in the files, and is not published", shown(port)));
            }
        }
        if published.is_empty() && service.ports.is_empty() {
            verdicts.pass(service.at, "publishes no port");
        }
    }
}

/// True when the engine has published a port because of this entry.
fn is_of(port: &Port, found: &PublishedPort) -> bool {
    let inside =
        range(&port.target).is_some_and(|(first, last)| (first..=last).contains(&found.container_port));
    inside && port.protocol == found.protocol
}

/// `127.0.0.1:8080 -> 80`.
fn shown_address(port: &PublishedPort) -> String {
    let PublishedPort { host_ip, host_port, container_port, .. } = port;
    let host = if host_ip.contains(':') { format!("[{host_ip}]") } else { host_ip.clone() };
    format!("{host}:{host_port} to port {container_port}")
}

fn uses_host_network(service: &Service) -> bool {
    service.network_mode.as_ref().and_then(Setting::known).is_some_and(|mode| mode == "host")
}

fn judge(context: &ServiceContext<'_>, index: usize, port: &Port, verdicts: &mut Verdicts) {
    if !port.missing.is_empty() {
        verdicts.unknown(port.at, "the port hangs on a variable", missing_variables(&port.missing));
        return;
    }
    if only_internal_networks(context) {
        let message =
            "is not published: every network of the service is `internal`, and the engine says nothing";
        let reason = "remove the port, or add a network that is not internal";
        verdicts.fail(port.at, message).fix(refused("decide who reaches the service", reason));
        return;
    }
    if let Some((owner, other)) = taken_by(context, index, port) {
        let shown = port.published.as_deref().unwrap_or_default();
        let message = format!("host port {shown} is published by {owner} already: the second to start fails");
        let reason = format!("give {} or {owner} another host port", context.service.name);
        verdicts
            .fail(port.at, message)
            .see(other.at, format!("published here by {owner}"))
            .fix(refused("choose another host port", reason));
        return;
    }
    exposure(context, port, verdicts);
}

fn exposure(context: &ServiceContext<'_>, port: &Port, verdicts: &mut Verdicts) {
    match exposed(context, port) {
        Ok(message) => verdicts.pass(port.at, message),
        Err(message) => verdicts.fail(port.at, message).fix(bind_to_loopback(context, port)),
    };
}

/// Why it is fine that the port is published at this address, or why not.
fn exposed(context: &ServiceContext<'_>, port: &Port) -> Result<String, String> {
    let shown = shown(port);
    if let Some(address) = port.host_ip.as_deref().filter(|address| !is_wildcard(address)) {
        let reach = if is_loopback(address) {
            "only this host reaches it"
        } else {
            "not on every address of the host"
        };
        return Ok(format!("{shown} is published on {address}: {reach}"));
    }
    if let Some(proxy) = proxy(context).filter(|_| is_web(port) && !is_admin(context, port)) {
        return Ok(format!("{shown} is the entrance of the stack: {proxy} is a reverse proxy"));
    }
    let privileged = if is_privileged(port) { "privileged " } else { "" };
    let what = match (well_known(port), inside_service(context)) {
        (Some(protocol), _) => format!("{privileged}port {shown} ({protocol})"),
        (None, Some(class)) => format!("{privileged}port {shown} of a {} service", class.as_str()),
        (None, None) => format!("{privileged}port {shown}"),
    };
    Err(format!("publishes {what} on every address of the host"))
}

/// The port as people call it: the host's, or the container's when the engine chooses.
fn shown(port: &Port) -> String {
    let number = port.published.as_ref().unwrap_or(&port.target);
    if port.protocol == "tcp" { number.clone() } else { format!("{number}/{}", port.protocol) }
}

/// What listens on a container port that outsiders should not reach (IANA's registry and the programs' manuals).
fn well_known(port: &Port) -> Option<&'static str> {
    let protocol = match port.target.as_str() {
        "22" => "SSH",
        "1433" => "SQL Server",
        "2375" | "2376" => "Docker API",
        "2379" => "etcd",
        "3306" => "MySQL",
        "5432" => "PostgreSQL",
        "5672" => "AMQP",
        "6379" => "Redis",
        "9200" => "Elasticsearch",
        "11211" => "memcached",
        "27017" => "MongoDB",
        _ => return None,
    };
    Some(protocol)
}

/// A host port that only root may bind outside containers (CIS Docker 5.8).
fn is_privileged(port: &Port) -> bool {
    port.published.as_deref().and_then(range).is_some_and(|(first, _)| first < 1024)
}

/// Services that only other services should reach.
fn inside_service(context: &ServiceContext<'_>) -> Option<Class> {
    let class = context.profile.class.value;
    matches!(class, Class::Data | Class::Bus | Class::Monitoring).then_some(class)
}

const PROXIES: [&str; 8] = [
    "nginx",
    "nginx-unprivileged",
    "nginx-proxy",
    "nginx-proxy-manager",
    "traefik",
    "caddy",
    "haproxy",
    "envoy",
];

/// The name of the reverse proxy that the service is, if it is one.
fn proxy(context: &ServiceContext<'_>) -> Option<&'static str> {
    let reference = match &context.profile.image {
        ImageSource::Known { reference, .. } | ImageSource::Foreign { reference } => reference.as_str(),
        ImageSource::Built { facts, .. } => match &facts.base.value {
            BaseImage::Known(name) => name.as_str(),
            _ => return None,
        },
        ImageSource::Unknown { .. } => return None,
    };
    let image: temper_fit::images::ImageRef = reference.parse().ok()?;
    let name = image.repository.rsplit('/').next()?;
    PROXIES.into_iter().find(|proxy| *proxy == name)
}

/// A port that a proxy serves the web on: 80 and 443, or what images without root use for them.
fn is_web(port: &Port) -> bool {
    const WEB: [&str; 4] = ["80", "443", "8080", "8443"];
    let is_standard = |number: &str| matches!(number, "80" | "443");
    port.published.as_deref().is_some_and(is_standard) || WEB.contains(&port.target.as_str())
}

/// A port that gives control over the proxy, such as the dashboard of Traefik.
fn is_admin(context: &ServiceContext<'_>, port: &Port) -> bool {
    let entry = match &context.profile.image {
        ImageSource::Known { entry, .. } | ImageSource::Built { base: Some(entry), .. } => entry,
        _ => return false,
    };
    entry.image.ports.iter().any(|known| known.admin && known.port.to_string() == port.target)
}

fn is_wildcard(address: &str) -> bool {
    address.parse().is_ok_and(|address: IpAddr| address.is_unspecified())
}

fn is_loopback(address: &str) -> bool {
    address.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn bind_to_loopback(context: &ServiceContext<'_>, port: &Port) -> Fix {
    if says_more_than_short_form(context.service, port) {
        return refused(
            "publish it on 127.0.0.1",
            "add `host_ip: 127.0.0.1` to the entry, which the short form cannot say",
        );
    }
    let published = port.published.as_deref().unwrap_or_default();
    let protocol = if port.protocol == "tcp" { String::new() } else { format!("/{}", port.protocol) };
    let item = format!("127.0.0.1:{published}:{}{protocol}", port.target);
    if inside_service(context).is_none() {
        let reason = format!("if no client on another host needs it, write `{item}`");
        return refused("publish it on 127.0.0.1", reason);
    }
    let action = ComposeAction::Replace { key: "ports", at: port.at, item: item.clone() };
    let safety = needs_proof("clients on other hosts would lose it");
    fix(
        context,
        safety,
        format!("publish `{item}`"),
        [(action, "CIS Docker 5.14: only this host".to_owned())],
    )
}

/// True for an entry in long form with keys that the short form does not have.
fn says_more_than_short_form(service: &Service, port: &Port) -> bool {
    let entries = service.value.get("ports").and_then(Value::as_seq).unwrap_or_default();
    let written = entries.iter().find(|entry| entry.at == port.at);
    written.is_some_and(|entry| {
        let is_host_mode = entry.get("mode").and_then(Value::as_str) == Some("host");
        is_host_mode || entry.get("name").is_some() || entry.get("app_protocol").is_some()
    })
}

fn only_internal_networks(context: &ServiceContext<'_>) -> bool {
    let networks = &context.service.networks;
    let is_internal = |name: &String| {
        let network = context.project.networks.get(name).and_then(|network| network.value.get("internal"));
        network.is_some_and(|internal| internal.data == Data::Bool(true))
    };
    !networks.is_empty() && networks.keys().all(is_internal)
}

/// The service that publishes the same host port, and its entry: an earlier entry of the same service, or any of an
/// earlier service that can run at the same time.
fn taken_by<'c>(context: &ServiceContext<'c>, index: usize, port: &Port) -> Option<(&'c str, &'c Port)> {
    let service = context.service;
    let own = service.ports.iter().take(index).map(|other| (service.name.as_str(), other));
    let earlier = context.project.services.values().take_while(|other| other.name != service.name);
    let others = earlier
        .filter(|other| !uses_host_network(other) && run_together(other, service))
        .flat_map(|other| other.ports.iter().map(|port| (other.name.as_str(), port)));
    others.chain(own).find(|(_, other)| collide(other, port))
}

/// Services of different profiles are often alternatives; one without profiles always runs.
fn run_together(a: &Service, b: &Service) -> bool {
    let shared =
        |profile: &temper_model::compose::Item| b.profiles.iter().any(|other| other.value == profile.value);
    a.profiles.is_empty() || b.profiles.is_empty() || a.profiles.iter().any(shared)
}

fn collide(a: &Port, b: &Port) -> bool {
    let (Some(first), Some(second)) = (fixed_range(a), fixed_range(b)) else { return false };
    a.missing.is_empty()
        && a.protocol == b.protocol
        && addresses_overlap(a.host_ip.as_deref(), b.host_ip.as_deref())
        && first.0 <= second.1
        && second.0 <= first.1
}

fn addresses_overlap(a: Option<&str>, b: Option<&str>) -> bool {
    let everywhere = |address: Option<&str>| address.is_none_or(is_wildcard);
    everywhere(a) || everywhere(b) || a == b
}

/// The host ports of an entry. None when the engine takes any free one of a range, or any at all.
fn fixed_range(port: &Port) -> Option<(u16, u16)> {
    let published = range(port.published.as_deref()?)?;
    let target = range(&port.target)?;
    (published.1.checked_sub(published.0)? == target.1.checked_sub(target.0)?).then_some(published)
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.parse().ok()?, last.parse().ok()?))
}
