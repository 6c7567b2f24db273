use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use serde_json::Value;

use crate::engine::Inspect;

/// Where a port of a container is reached from this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Address {
    /// Address and port.
    pub socket: SocketAddr,
    /// True when it is the port that the engine publishes. There the engine's proxy may accept a connection that nobody
    /// in the container answers.
    pub published: bool,
}

impl Address {
    /// The addresses of a TCP port of a container, the best first; an error says why there is none. `local`: the
    /// engine runs on this machine.
    ///
    /// The container's own addresses come first: they are there for a clone too, and no proxy answers for it. A
    /// container that shares the network of another is asked there: `inspect` is then that other container's.
    ///
    /// # Errors
    /// What is missing, for people.
    pub fn of(inspect: &Inspect, port: u16, local: bool) -> Result<Vec<Self>, String> {
        if !local {
            return Err(
                "the engine runs on another machine, whose networks are not reached from here".to_owned()
            );
        }
        if !inspect.is_running() {
            return Err("the container does not run".to_owned());
        }
        match inspect.text("/HostConfig/NetworkMode") {
            "host" => {
                let socket = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port);
                return Ok(vec![Self { socket, published: false }]);
            }
            "none" => return Err("the container has no network (`network_mode: none`)".to_owned()),
            _ => {}
        }
        let own = own_addresses(inspect).into_iter().map(|ip| SocketAddr::new(ip, port));
        let mut all: Vec<Self> = own.map(|socket| Self { socket, published: false }).collect();
        all.extend(published(inspect, port).into_iter().map(|socket| Self { socket, published: true }));
        match all.is_empty() {
            false => Ok(all),
            true => {
                Err(format!("the container has no address on any network, and port {port} is not published"))
            }
        }
    }
}

/// Addresses of the container on its networks, in order of the networks' names.
fn own_addresses(inspect: &Inspect) -> Vec<IpAddr> {
    let networks = inspect.at("/NetworkSettings/Networks").and_then(Value::as_object);
    let mut networks: Vec<_> = networks.into_iter().flatten().collect();
    networks.sort_by_key(|(name, _)| name.as_str());
    let address = |key: &'static str| {
        move |(_, network): &(&String, &Value)| network.get(key)?.as_str()?.parse::<IpAddr>().ok()
    };
    let four = networks.iter().filter_map(address("IPAddress"));
    four.chain(networks.iter().filter_map(address("GlobalIPv6Address"))).collect()
}

/// Where the engine publishes a port, as seen from this host.
fn published(inspect: &Inspect, port: u16) -> Vec<SocketAddr> {
    let bindings = inspect.at("/NetworkSettings/Ports").and_then(|ports| ports.get(format!("{port}/tcp")));
    let mut all: Vec<SocketAddr> = Vec::new();
    for binding in bindings.and_then(Value::as_array).into_iter().flatten() {
        let host_port = binding.get("HostPort").and_then(Value::as_str).and_then(|text| text.parse().ok());
        let ip = binding.get("HostIp").and_then(Value::as_str).unwrap_or_default();
        let ip = match ip.parse() {
            Ok(IpAddr::V4(ip)) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Ok(IpAddr::V6(ip)) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            Ok(ip) => ip,
            Err(_) if ip.is_empty() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Err(_) => continue,
        };
        if let Some(host_port) = host_port {
            all.push(SocketAddr::new(ip, host_port));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Address;
    use crate::engine::Inspect;

    fn container(mode: &str) -> Inspect {
        Inspect::new(json!({
            "State": {"Status": "running"},
            "HostConfig": {"NetworkMode": mode},
            "NetworkSettings": {
                "Networks": {"b": {"IPAddress": "172.20.0.2"}, "a": {"IPAddress": "172.19.0.2"}, "c": {"IPAddress": ""}},
                "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}]}
            }
        }))
    }

    fn shown(inspect: &Inspect, port: u16, local: bool) -> String {
        match Address::of(inspect, port, local) {
            Ok(all) => all.iter().map(|one| one.socket.to_string()).collect::<Vec<_>>().join(" "),
            Err(missing) => missing,
        }
    }

    #[test]
    fn the_containers_own_addresses_come_before_the_published_port() {
        assert_eq!(shown(&container("a"), 80, true), "172.19.0.2:80 172.20.0.2:80 127.0.0.1:8080 [::1]:8080");
        assert_eq!(shown(&container("a"), 81, true), "172.19.0.2:81 172.20.0.2:81");
    }

    #[test]
    fn a_container_without_a_way_to_it_says_why() {
        assert_eq!(shown(&container("host"), 80, true), "127.0.0.1:80");
        assert!(shown(&container("none"), 80, true).contains("network_mode: none"));
        assert!(shown(&container("a"), 80, false).contains("another machine"));
        let stopped = Inspect::new(json!({"State": {"Status": "exited"}}));
        assert_eq!(shown(&stopped, 80, true), "the container does not run");
    }
}
