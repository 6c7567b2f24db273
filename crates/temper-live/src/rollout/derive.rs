//! Compose files for one container, derived from a merged project.
//!
//! Compose itself turns a service into a container; temper only says which service, beside which networks and volumes.
//! So nothing of Compose's translation is written a second time here.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::names;

/// Why no container can be derived from a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DeriveError {
    /// The merged project has no such service.
    #[error("the merged project has no service {0}")]
    NoService(String),
    /// It shares a namespace with a service that has no container.
    #[error("{service} uses the {kind} of service {other}, which has no container")]
    NoPeer {
        /// The service.
        service: String,
        /// `network`, `pid`, `ipc` or `volumes`.
        kind: &'static str,
        /// The other service.
        other: String,
    },
}

/// What a clone takes instead of what the service has.
#[derive(Debug, Clone, Default)]
pub(crate) struct CloneParts {
    /// Copies of named volumes: real name of the volume to name of the copy.
    pub volumes: BTreeMap<String, String>,
    /// Volumes that stand in for directories of the host that the service writes: absolute path to name of the copy.
    pub directories: BTreeMap<String, String>,
}

/// What a derived file is made from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The merged project, in the form of `docker compose config --format json`.
    pub(crate) project: &'a Value,
    /// The service.
    pub(crate) service: &'a str,
    /// The image to run, by id.
    pub(crate) image: &'a str,
    /// Ids of the running containers, by service.
    pub(crate) peers: &'a BTreeMap<String, String>,
    /// Name of the project that Compose is told, and the run it belongs to.
    pub(crate) run: &'a str,
}

/// The name that Compose is told for the project of a derived file: nothing of the user's can have it. Compose takes lower
/// case only.
pub(crate) fn scratch_project(run: &str) -> String {
    format!("temper-{}", run.to_lowercase())
}

/// A file with which Compose makes the container of a service exactly as it will be, but for its name and project.
pub(crate) fn translation(source: Source<'_>) -> Result<Value, DeriveError> {
    let (key, service) = single(source)?;
    Ok(file(source, key, service, |_| None))
}

/// A file with which Compose makes a clone: no published ports, no alias under which others find it, no labels by which
/// other programs would route to it, copies instead of the data.
pub(crate) fn clone(source: Source<'_>, parts: &CloneParts) -> Result<Value, DeriveError> {
    let (name, mut service) = single(source)?;
    for key in ["ports", "hostname", "domainname", "external_links", "mac_address"] {
        service.remove(key);
    }
    service.insert("restart".to_owned(), json!("no"));
    service.insert("labels".to_owned(), labels(source.run));
    if let Some(Value::Object(networks)) = service.get_mut("networks") {
        for network in networks.values_mut() {
            *network = Value::Null;
        }
    }
    let mut stand_ins = Map::new();
    if let Some(Value::Array(mounts)) = service.get_mut("volumes") {
        for mount in mounts {
            let Some(copy) = mount["source"].as_str().and_then(|path| parts.directories.get(path)) else {
                continue;
            };
            if mount["type"] == "bind" && mount["read_only"] != true {
                *mount = json!({"type": "volume", "source": copy, "target": mount["target"], "volume": {"nocopy": true}});
                stand_ins.insert(copy.clone(), external(copy));
            }
        }
    }
    // The alias under which a service is found is its key in the file, so the clone has a key of its own.
    let mut file = file(source, clone_key(&name), service, |volume| parts.volumes.get(volume).cloned());
    if let Some(Value::Object(volumes)) = file.get_mut("volumes") {
        volumes.extend(stand_ins);
    } else if !stand_ins.is_empty() {
        file["volumes"] = Value::Object(stand_ins);
    }
    Ok(file)
}

/// The key of a clone in its file.
pub(crate) fn clone_key(service: &str) -> String {
    format!("{service}-temper-clone")
}

fn labels(run: &str) -> Value {
    json!({ (names::SCRATCH): run })
}

fn external(name: &str) -> Value {
    json!({"name": name, "external": true})
}

/// The service without what needs others: order, replicas, build, namespaces of services that are not in the file.
fn single(source: Source<'_>) -> Result<(String, Map<String, Value>), DeriveError> {
    let missing = || DeriveError::NoService(source.service.to_owned());
    let service = source.project["services"][source.service].as_object().ok_or_else(missing)?;
    let mut service = service.clone();
    for key in ["depends_on", "profiles", "build", "container_name", "develop", "links", "scale"] {
        service.remove(key);
    }
    if let Some(Value::Object(deploy)) = service.get_mut("deploy") {
        deploy.remove("replicas");
    }
    service.insert("image".to_owned(), json!(source.image));
    service.insert("pull_policy".to_owned(), json!("never"));
    for (key, kind) in [("network_mode", "network"), ("pid", "pid"), ("ipc", "ipc")] {
        let Some(other) =
            service.get(key).and_then(Value::as_str).and_then(|mode| mode.strip_prefix("service:"))
        else {
            continue;
        };
        let id = peer(source, kind, other)?;
        service.insert(key.to_owned(), json!(format!("container:{id}")));
    }
    if let Some(Value::Array(from)) = service.get_mut("volumes_from") {
        for entry in from {
            let Some(text) = entry.as_str().filter(|text| !text.starts_with("container:")) else { continue };
            let (other, mode) = text.split_once(':').unwrap_or((text, "rw"));
            *entry = json!(format!("container:{}:{mode}", peer(source, "volumes", other)?));
        }
    }
    Ok((source.service.to_owned(), service))
}

fn peer(source: Source<'_>, kind: &'static str, other: &str) -> Result<String, DeriveError> {
    source.peers.get(other).cloned().ok_or_else(|| DeriveError::NoPeer {
        service: source.service.to_owned(),
        kind,
        other: other.to_owned(),
    })
}

/// The whole file. Networks and volumes exist already, so they are all external; `rename` gives some volumes another name.
fn file(
    source: Source<'_>,
    key: String,
    service: Map<String, Value>,
    rename: impl Fn(&str) -> Option<String>,
) -> Value {
    let mut file = Map::new();
    file.insert("name".to_owned(), json!(scratch_project(source.run)));
    let used = [("networks", networks_of(&service)), ("volumes", volumes_of(&service))];
    file.insert("services".to_owned(), json!({ (key): service }));
    // Compose looks for every external network and volume of a file, so only those that the service uses are in it.
    for (kind, used) in used {
        let Some(Value::Object(all)) = source.project.get(kind) else { continue };
        let external: Map<String, Value> = all
            .iter()
            .filter(|(key, _)| used.contains(key))
            .map(|(key, value)| {
                let name = value["name"].as_str().unwrap_or(key);
                let name =
                    if kind == "volumes" { rename(name) } else { None }.unwrap_or_else(|| name.to_owned());
                (key.clone(), external(&name))
            })
            .collect();
        file.insert(kind.to_owned(), Value::Object(external));
    }
    for kind in ["secrets", "configs"] {
        if let Some(all) = source.project.get(kind) {
            file.insert(kind.to_owned(), all.clone());
        }
    }
    Value::Object(file)
}

fn networks_of(service: &Map<String, Value>) -> Vec<String> {
    let networks = service.get("networks").and_then(Value::as_object);
    networks.into_iter().flatten().map(|(key, _)| key.clone()).collect()
}

fn volumes_of(service: &Map<String, Value>) -> Vec<String> {
    let mounts = service.get("volumes").and_then(Value::as_array).into_iter().flatten();
    let volumes = mounts.filter(|mount| mount["type"] == "volume");
    volumes.filter_map(|mount| Some(mount["source"].as_str()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::{CloneParts, DeriveError, Source, clone, translation};

    fn project() -> Value {
        json!({
            "name": "shop",
            "services": {
                "api": {
                    "image": "shop/api:dev", "build": {"context": "/s/api"}, "depends_on": {"db": {}},
                    "container_name": "shop-api", "ports": [{"target": 80, "published": "8080"}],
                    "networks": {"default": {"aliases": ["backend"], "ipv4_address": "10.0.0.9"}},
                    "labels": {"traefik.enable": "true"}, "read_only": true,
                    "deploy": {"replicas": 3, "resources": {"limits": {"pids": 10}}},
                    "volumes": [
                        {"type": "volume", "source": "data", "target": "/data", "volume": {}},
                        {"type": "bind", "source": "/s/up", "target": "/up", "bind": {}},
                        {"type": "bind", "source": "/s/conf", "target": "/conf", "read_only": true, "bind": {}}
                    ]
                },
                "db": {"image": "postgres:15", "networks": {"default": null}},
                "side": {"image": "x", "network_mode": "service:api"}
            },
            "networks": {"default": {"name": "shop_default", "ipam": {}}},
            "volumes": {"data": {"name": "shop_data"}}
        })
    }

    fn source<'a>(project: &'a Value, service: &'a str, peers: &'a BTreeMap<String, String>) -> Source<'a> {
        Source { project, service, image: "sha256:abc", peers, run: "r1" }
    }

    #[test]
    fn a_translation_keeps_everything_of_the_service_but_its_name_and_order() {
        let (project, peers) = (project(), BTreeMap::new());
        let file = translation(source(&project, "api", &peers)).unwrap();
        let api = &file["services"]["api"];
        assert_eq!(api["image"], "sha256:abc");
        assert_eq!(api["ports"], project["services"]["api"]["ports"]);
        assert_eq!(api["labels"]["traefik.enable"], "true");
        assert_eq!(api["deploy"]["resources"]["limits"]["pids"], 10);
        assert_eq!(api["networks"]["default"]["aliases"][0], "backend");
        for gone in ["depends_on", "build", "container_name"] {
            assert!(api.get(gone).is_none(), "{gone}");
        }
        assert_eq!(file["networks"]["default"], json!({"name": "shop_default", "external": true}));
        assert_eq!(file["volumes"]["data"], json!({"name": "shop_data", "external": true}));
        assert_eq!(file["name"], "temper-r1");
    }

    #[test]
    fn a_clone_cannot_be_reached_by_name_port_or_route_and_writes_copies() {
        let (project, peers) = (project(), BTreeMap::new());
        let parts = CloneParts {
            volumes: BTreeMap::from([("shop_data".to_owned(), "temper-r1-shop_data".to_owned())]),
            directories: BTreeMap::from([("/s/up".to_owned(), "temper-r1-dir-0".to_owned())]),
        };
        let file = clone(source(&project, "api", &peers), &parts).unwrap();
        let clone = &file["services"]["api-temper-clone"];
        assert!(clone.get("ports").is_none());
        assert_eq!(clone["networks"], json!({"default": null}));
        assert_eq!(clone["labels"], json!({"io.temper.scratch": "r1"}));
        assert_eq!(clone["restart"], "no");
        assert_eq!(clone["read_only"], true);
        assert_eq!(file["volumes"]["data"]["name"], "temper-r1-shop_data");
        assert_eq!(clone["volumes"][1]["source"], "temper-r1-dir-0");
        assert_eq!(clone["volumes"][1]["type"], "volume");
        assert_eq!(file["volumes"]["temper-r1-dir-0"]["external"], true);
        assert_eq!(clone["volumes"][2]["source"], "/s/conf");
    }

    #[test]
    fn a_shared_namespace_is_that_of_the_running_container() {
        let project = project();
        let peers = BTreeMap::from([("api".to_owned(), "0123".to_owned())]);
        let file = translation(source(&project, "side", &peers)).unwrap();
        assert_eq!(file["services"]["side"]["network_mode"], "container:0123");
        let nobody = BTreeMap::new();
        let refused = translation(source(&project, "side", &nobody)).unwrap_err();
        assert!(matches!(refused, DeriveError::NoPeer { kind: "network", .. }));
    }
}
