use temper_model::{HttpProbe, ProbeKind, ProbeSettings, ProbeUrl};

use super::endpoint::{Endpoint, Header, Origin, Place, Question, Request};
use super::healthcheck::{host_and_port, questions};
use crate::engine::Inspect;
use crate::names;

/// What a service can be asked, as far as files and the engine tell: declared probes, the request of its health check,
/// the ports that it publishes or exposes.
///
/// Nothing is asked here. [`super::Prober::explore`] then finds out what speaks at the ports.
#[must_use]
pub fn discover(probes: &[ProbeSettings], service: &str, container: &Inspect) -> Vec<Endpoint> {
    let endpoint = |question, origin, expected_status| Endpoint {
        service: service.to_owned(),
        question,
        origin,
        expected_status,
    };
    let mut all: Vec<Endpoint> = Vec::new();
    for probe in probes.iter().filter(|probe| probe.service == service) {
        let (question, status) = declared(probe, container);
        all.push(endpoint(question, Origin::Declared(probe.line), status));
    }
    let test = container.texts("/Config/Healthcheck/Test");
    let own = own_names(service, container);
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    for question in questions(&test, &container.texts("/Config/Env"), &own) {
        all.push(endpoint(question, Origin::Healthcheck, None));
    }
    let published = published_ports(container);
    all.extend(
        published.iter().map(|port| endpoint(Question::Port { port: *port }, Origin::Published, None)),
    );
    for port in exposed_ports(container) {
        if !published.contains(&port) {
            all.push(endpoint(Question::Port { port }, Origin::Exposed, None));
        }
    }
    without_repeats(all)
}

/// Declared probes of services that do not exist, as `temper.toml:12: ...` for people: such a probe would never be asked,
/// and what is never asked never fails.
#[must_use]
pub fn without_service(probes: &[ProbeSettings], services: &[&str]) -> Vec<String> {
    let lost = probes.iter().filter(|probe| !services.contains(&probe.service.as_str()));
    lost.map(|probe| {
        let known = services.join(", ");
        format!("temper.toml:{}: no service `{}`: expected one of {known}", probe.line, probe.service)
    })
    .collect()
}

/// The first of those that ask the same stays: a declared one says which status is right.
pub(super) fn without_repeats(all: Vec<Endpoint>) -> Vec<Endpoint> {
    let mut kept: Vec<Endpoint> = Vec::new();
    for endpoint in all {
        if !kept.iter().any(|other| other.question == endpoint.question) {
            kept.push(endpoint);
        }
    }
    kept
}

fn declared(probe: &ProbeSettings, container: &Inspect) -> (Question, Option<u16>) {
    match &probe.kind {
        ProbeKind::Tcp(port) => (Question::Tcp { place: Place::Port(*port) }, None),
        ProbeKind::Exec(command) => (Question::Exec { command: command.clone() }, None),
        ProbeKind::Http(http) => (declared_request(http, container), http.status),
    }
}

fn declared_request(http: &HttpProbe, container: &Inspect) -> Question {
    let (place, path) = match &http.url {
        ProbeUrl::Path { port, path } => (port.map_or(Place::HttpPort, Place::Port), path.clone()),
        ProbeUrl::Full(url) => match url.strip_prefix("https://") {
            // Without TLS only the connection can be tried.
            Some(rest) => return Question::Tcp { place: published_place(rest, 443, container).0 },
            None => published_place(url.trim_start_matches("http://"), 80, container),
        },
    };
    let mut headers: Vec<Header> = Vec::new();
    if let (Place::Port(_), ProbeUrl::Full(url)) = (&place, &http.url) {
        // The container is asked directly, under the name that a client uses.
        let authority = url.trim_start_matches("http://").split(['/', '?', '#']).next().unwrap_or_default();
        headers.push(Header { name: "Host".to_owned(), value: authority.to_owned(), expand: false });
    }
    headers.extend(http.headers.iter().map(|(name, value)| Header {
        name: name.clone(),
        value: value.clone(),
        expand: true,
    }));
    Question::Http(Request { place, method: http.method.clone(), path, headers, body: http.body.clone() })
}

/// An address of this host that the container publishes is its port: so a clone is asked too.
fn published_place(rest: &str, default: u16, container: &Inspect) -> (Place, String) {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let path = path.split('#').next().unwrap_or_default();
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let here = host_and_port(authority, default)
        .filter(|(host, _)| matches!(*host, "localhost" | "127.0.0.1" | "[::1]" | "0.0.0.0"))
        .and_then(|(_, port)| container_port(container, port));
    // A connection needs the port written out.
    let authority = match host_and_port(authority, default) {
        Some((host, port)) if default != 80 => format!("{host}:{port}"),
        _ => authority.to_owned(),
    };
    (here.map_or_else(|| Place::Authority(authority), Place::Port), path)
}

/// The port of the container that is published as a TCP port of the host.
fn container_port(container: &Inspect, host_port: u16) -> Option<u16> {
    let ports = container.at("/NetworkSettings/Ports")?.as_object()?;
    let wanted = host_port.to_string();
    ports.iter().find_map(|(name, bindings)| {
        let mut bindings = bindings.as_array()?.iter();
        bindings
            .any(|one| one.get("HostPort").and_then(|port| port.as_str()) == Some(&wanted))
            .then_some(())?;
        tcp(name)
    })
}

fn tcp(name: &str) -> Option<u16> {
    name.strip_suffix("/tcp")?.parse().ok()
}

fn published_ports(container: &Inspect) -> Vec<u16> {
    let bindings = container.at("/HostConfig/PortBindings").and_then(|ports| ports.as_object());
    let mut all: Vec<u16> = bindings.into_iter().flatten().filter_map(|(name, _)| tcp(name)).collect();
    all.sort_unstable();
    all
}

fn exposed_ports(container: &Inspect) -> Vec<u16> {
    let exposed = container.at("/Config/ExposedPorts").and_then(|ports| ports.as_object());
    let mut all: Vec<u16> = exposed.into_iter().flatten().filter_map(|(name, _)| tcp(name)).collect();
    all.sort_unstable();
    all
}

/// Names that mean the container itself.
fn own_names(service: &str, container: &Inspect) -> Vec<String> {
    let label = container.label(names::SERVICE).unwrap_or(service);
    let mut all = vec![service.to_owned(), label.to_owned(), container.name().to_owned()];
    all.push(container.text("/Config/Hostname").to_owned());
    all.retain(|name| !name.is_empty());
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use temper_model::Settings;

    use super::{discover, without_service};
    use crate::engine::Inspect;

    #[test]
    fn a_probe_of_no_service_is_told() {
        let text = "[[probe]]\nservice = \"api\"\nport = 80\n[[probe]]\nservice = \"apis\"\nport = 80\n";
        let settings = Settings::parse("temper.toml", text, &[]).unwrap();
        assert_eq!(
            without_service(&settings.probes, &["api", "db"]),
            ["temper.toml:4: no service `apis`: expected one of api, db"]
        );
    }

    #[test]
    fn declared_probes_come_first_and_nothing_is_asked_twice() {
        let settings = Settings::parse(
            "temper.toml",
            "[[probe]]\nservice = \"api\"\nurl = \"/healthz\"\nport = 8000\nstatus = 200\n\
             [[probe]]\nservice = \"api\"\nurl = \"http://localhost:8080/full\"\n\
             [[probe]]\nservice = \"api\"\nurl = \"http://shop.example/full\"\n\
             [[probe]]\nservice = \"api\"\nurl = \"https://localhost/\"\n\
             [[probe]]\nservice = \"api\"\nurl = \"/deep\"\n\
             [[probe]]\nservice = \"redis\"\nexec = [\"redis-cli\", \"save\"]\n",
            &[],
        )
        .unwrap();
        let inspect = Inspect::new(json!({
            "Name": "/shop-api-1",
            "Config": {
                "Env": ["PORT=8000"],
                "ExposedPorts": {"8000/tcp": {}, "9100/tcp": {}, "53/udp": {}},
                "Healthcheck": {"Test": ["CMD-SHELL", "curl -f http://localhost:$PORT/healthz && curl -f http://localhost:8000/ready"]}
            },
            "HostConfig": {"PortBindings": {"8000/tcp": [{"HostPort": "8080"}]}},
            "NetworkSettings": {"Ports": {"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "9100/tcp": null}}
        }));
        let found = discover(&settings.probes, "api", &inspect);
        let shown: Vec<String> =
            found.iter().map(|one| format!("{:?}: {}", one.origin, one.name())).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        Declared(1): GET /healthz on port 8000
        Declared(6): GET /full on port 8000
        Declared(9): GET /full at shop.example
        Declared(12): TCP at localhost:443
        Declared(15): GET /deep on the HTTP port
        Healthcheck: GET /ready on port 8000
        Published: port 8000
        Exposed: port 9100
        ");
    }
}
