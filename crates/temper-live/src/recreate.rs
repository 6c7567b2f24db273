//! From a container as the engine shows it to what makes the same container again.
//!
//! What the engine shows is nearly what it takes. The differences, each measured against the engine:
//! - a host name that the engine made up (the first 12 digits of the id) must not be given,
//! - the image is given by id, because its name may point elsewhere by now,
//! - anonymous volumes must be given by name, or the new container gets empty ones,
//! - only one network can be given, the others are connected afterwards,
//! - the aliases contain the old short id,
//! - an empty entrypoint must be asked for, or the image's entrypoint returns,
//! - links are shown in another form than they are given in,
//! - a container in the network of another one shows the other's host name, which must not be given.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::engine::Inspect;

/// Digits of an id that the engine uses as a host name and as an alias.
const SHORT_ID: usize = 12;

/// What makes a container. Environment variables are in it: it is handled as a secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// The name of the container.
    pub name: String,
    /// The body of the request that creates it (`POST /containers/create`).
    pub body: Value,
    /// Networks to connect after it was created: name and settings (`EndpointSettings`).
    pub networks: Vec<(String, Value)>,
}

impl std::fmt::Debug for Recipe {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recipe").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Recipe {
    /// What makes the container again that `inspect` shows, with the same image.
    #[must_use]
    pub fn of(inspect: &Inspect) -> Self {
        let mut body = object(inspect.at("/Config"));
        if body.get("Hostname").and_then(Value::as_str).is_some_and(|name| is_short_id(name, inspect)) {
            body.remove("Hostname");
        }
        borrowed(&mut body, inspect);
        body.insert("Image".to_owned(), json!(inspect.image_id()));
        if inspect.texts("/Config/Entrypoint").is_empty() {
            body.insert("Entrypoint".to_owned(), json!([""]));
        }
        let mut host = object(inspect.at("/HostConfig"));
        host.remove("ContainerIDFile");
        links(&mut host);
        anonymous_volumes(&mut host, inspect);
        body.insert("HostConfig".to_owned(), Value::Object(host));
        let (first, networks) = networks(inspect);
        if let Some((name, settings)) = first {
            body.insert("NetworkingConfig".to_owned(), json!({ "EndpointsConfig": { name: settings } }));
        }
        Self { name: inspect.name().to_owned(), body: Value::Object(body), networks }
    }

    /// Under another name. Aliases that are the old name become the new one.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        let old = std::mem::replace(&mut self.name, name.to_owned());
        let first = self.body.pointer_mut("/NetworkingConfig/EndpointsConfig").and_then(Value::as_object_mut);
        let all = first.into_iter().flat_map(Map::values_mut);
        for settings in all.chain(self.networks.iter_mut().map(|(_, settings)| settings)) {
            let aliases = settings.get_mut("Aliases").and_then(Value::as_array_mut);
            for alias in aliases.into_iter().flatten().filter(|alias| alias.as_str() == Some(&old)) {
                *alias = json!(name);
            }
        }
        self
    }

    /// From another image: an id, or a name.
    #[must_use]
    pub fn image(mut self, image: &str) -> Self {
        self.body["Image"] = json!(image);
        self
    }

    /// With a label, instead of one of that name that is there.
    #[must_use]
    pub fn label(mut self, name: &str, value: &str) -> Self {
        if !self.body["Labels"].is_object() {
            self.body["Labels"] = json!({});
        }
        self.body["Labels"][name] = json!(value);
        self
    }

    /// Without a label. A label of the image comes back when the container is made.
    #[must_use]
    pub fn without_label(mut self, name: &str) -> Self {
        if let Some(labels) = self.body.get_mut("Labels").and_then(Value::as_object_mut) {
            labels.remove(name);
        }
        self
    }

    /// With other ids for the containers whose namespaces or volumes it shares (`network_mode: service:…`): old to new.
    #[must_use]
    pub fn references(mut self, ids: &HashMap<String, String>) -> Self {
        let Some(host) = self.body.get_mut("HostConfig").and_then(Value::as_object_mut) else { return self };
        for field in ["NetworkMode", "PidMode", "IpcMode"] {
            let Some(mode) = host.get(field).and_then(Value::as_str) else { continue };
            if let Some(id) = mode.strip_prefix("container:").and_then(|id| ids.get(id)) {
                host.insert(field.to_owned(), json!(format!("container:{id}")));
            }
        }
        for source in host.get_mut("VolumesFrom").and_then(Value::as_array_mut).into_iter().flatten() {
            let text = source.as_str().unwrap_or_default().to_owned();
            let (id, mode) =
                text.split_once(':').map_or((text.as_str(), None), |(id, mode)| (id, Some(mode)));
            if let Some(id) = ids.get(id) {
                *source = json!(mode.map_or_else(|| id.clone(), |mode| format!("{id}:{mode}")));
            }
        }
        self
    }
}

/// Ids of the containers that this one shares namespaces or volumes with; they must be there before it.
#[must_use]
pub fn depends_on(inspect: &Inspect) -> Vec<String> {
    let modes = ["/HostConfig/NetworkMode", "/HostConfig/PidMode", "/HostConfig/IpcMode"];
    let shared = modes.iter().filter_map(|mode| inspect.text(mode).strip_prefix("container:"));
    let volumes = inspect.texts("/HostConfig/VolumesFrom").into_iter();
    let volumes = volumes.map(|source| source.split(':').next().unwrap_or(source));
    shared.chain(volumes).map(str::to_owned).collect()
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

fn is_short_id(text: &str, inspect: &Inspect) -> bool {
    text.len() == SHORT_ID && inspect.id().starts_with(text)
}

/// What is shown of a container that uses another's network (or the host's names) is the other's, and may not be given.
fn borrowed(body: &mut Map<String, Value>, inspect: &Inspect) {
    let of_container = inspect.text("/HostConfig/NetworkMode").starts_with("container:");
    if of_container || inspect.text("/HostConfig/UTSMode") == "host" {
        body.remove("Hostname");
        body.remove("Domainname");
    }
    if of_container {
        // The ports of the image are shown, and come back with the image.
        body.remove("ExposedPorts");
    }
}

/// Shown as `/target:/container/alias`, given as `target:alias`.
fn links(host: &mut Map<String, Value>) {
    for link in host.get_mut("Links").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some((target, alias)) = link.as_str().and_then(|text| text.split_once(':')) else { continue };
        let alias = alias.rsplit('/').next().unwrap_or(alias);
        *link = json!(format!("{}:{alias}", target.trim_start_matches('/')));
    }
}

/// Volumes that the engine named itself are mounted by that name.
fn anonymous_volumes(host: &mut Map<String, Value>, inspect: &Inspect) {
    for mount in inspect.at("/Mounts").and_then(Value::as_array).into_iter().flatten() {
        let field = |name: &str| mount.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, target) = (field("Name"), field("Destination"));
        if field("Type") != "volume" || name.is_empty() || target.is_empty() {
            continue;
        }
        let writable = mount.get("RW").and_then(Value::as_bool).unwrap_or(true);
        mount_by_name(host, name, target, writable);
    }
}

fn mount_by_name(host: &mut Map<String, Value>, name: &str, target: &str, writable: bool) {
    let same = |path: &str| path.trim_end_matches('/') == target.trim_end_matches('/');
    for mount in host.get_mut("Mounts").and_then(Value::as_array_mut).into_iter().flatten() {
        if mount.get("Target").and_then(Value::as_str).is_some_and(same) {
            if mount.get("Source").and_then(Value::as_str).unwrap_or_default().is_empty() {
                mount["Source"] = json!(name);
            }
            return;
        }
    }
    let mut binds = host.get("Binds").and_then(Value::as_array).cloned().unwrap_or_default();
    let named = binds.iter().filter_map(Value::as_str).any(|bind| bind.split(':').nth(1).is_some_and(same));
    if named {
        return;
    }
    // `/data` alone is an anonymous volume too.
    binds.retain(|bind| !bind.as_str().is_some_and(same));
    let mode = if writable { "" } else { ":ro" };
    binds.push(json!(format!("{name}:{target}{mode}")));
    host.insert("Binds".to_owned(), Value::Array(binds));
}

type Network = (String, Value);

/// The network to create it in, where it can have settings, and those to connect it to afterwards.
fn networks(inspect: &Inspect) -> (Option<Network>, Vec<Network>) {
    let mode = inspect.text("/HostConfig/NetworkMode");
    if mode == "host" || mode == "none" || mode.starts_with("container:") {
        return (None, Vec::new());
    }
    let (mut first, mut further) = (None, Vec::new());
    let all = inspect.at("/NetworkSettings/Networks").and_then(Value::as_object);
    for (name, settings) in all.into_iter().flatten() {
        // The default bridge takes neither aliases nor addresses, and every container is in it unless told otherwise.
        let default = matches!(mode, "" | "default" | "bridge");
        if default && name == "bridge" {
            continue;
        }
        let wanted = endpoint(settings, inspect);
        let id = settings.get("NetworkID").and_then(Value::as_str).unwrap_or_default();
        if name == mode || (!id.is_empty() && id == mode) {
            first = Some((name.clone(), wanted));
        } else {
            further.push((name.clone(), wanted));
        }
    }
    (first, further)
}

/// The part of a connection that was asked for; the rest is what the engine gave.
fn endpoint(settings: &Value, inspect: &Inspect) -> Value {
    let mut wanted = Map::new();
    for field in ["IPAMConfig", "Links", "DriverOpts", "GwPriority"] {
        if let Some(value) = settings.get(field).filter(|value| !value.is_null()) {
            wanted.insert(field.to_owned(), value.clone());
        }
    }
    let aliases = settings.get("Aliases").and_then(Value::as_array).into_iter().flatten();
    let aliases: Vec<&Value> =
        aliases.filter(|alias| !alias.as_str().is_some_and(|alias| is_short_id(alias, inspect))).collect();
    if !aliases.is_empty() {
        wanted.insert("Aliases".to_owned(), json!(aliases));
    }
    Value::Object(wanted)
}
