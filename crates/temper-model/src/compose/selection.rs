//! Which services and resources of a project are in use.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::canonical::{edit, map_mut};
use crate::{Data, Member, Value};

/// The services that the profiles enable: those without profiles, those that share one. `*` enables all.
/// Source: the specification, "Using profiles with Compose".
pub(crate) fn enabled(root: &Value, profiles: &[String]) -> BTreeSet<String> {
    let all = profiles.iter().any(|profile| profile == "*");
    let services = root.get("services").and_then(Value::as_map);
    let chosen = services.into_iter().flatten().filter(|(_, member)| {
        let own = member.value.get("profiles").and_then(Value::as_seq).unwrap_or_default();
        all || own.is_empty()
            || own.iter().filter_map(Value::as_str).any(|own| profiles.iter().any(|profile| profile == own))
    });
    chosen.map(|(name, _)| name.clone()).collect()
}

/// The profiles asked for: those of the command line, else those of `COMPOSE_PROFILES`.
pub(crate) fn profiles(given: &[String], variables: &IndexMap<String, String>) -> Vec<String> {
    if !given.is_empty() {
        return given.to_vec();
    }
    let listed = variables.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
    // Without the variable that is the profile with an empty name, which a service may really have.
    listed.split(',').map(|profile| profile.trim().to_owned()).collect()
}

/// Leaves the enabled services and the networks, volumes, secrets and configs that they use.
pub(crate) fn keep_enabled(root: &mut Value, enabled: &BTreeSet<String>) {
    edit(root, "services", |services| {
        if let Some(map) = map_mut(services) {
            map.retain(|name, _| enabled.contains(name));
        }
    });
    let used = Used::of(root);
    for (section, names) in [
        ("networks", used.networks),
        ("volumes", used.volumes),
        ("secrets", used.secrets),
        ("configs", used.configs),
    ] {
        edit(root, section, |resources| {
            if let Some(map) = map_mut(resources) {
                map.retain(|name, _| names.contains(name));
            }
        });
    }
}

#[derive(Default)]
struct Used {
    networks: BTreeSet<String>,
    volumes: BTreeSet<String>,
    secrets: BTreeSet<String>,
    configs: BTreeSet<String>,
}

impl Used {
    fn of(root: &Value) -> Self {
        let mut used = Self::default();
        let services = root.get("services").and_then(Value::as_map);
        for service in services.into_iter().flatten().map(|(_, member)| &member.value) {
            used.networks.extend(keys(service.get("networks")));
            used.volumes.extend(sources(service.get("volumes"), Some("volume")));
            used.secrets.extend(sources(service.get("secrets"), None));
            used.secrets.extend(sources(service.path(&["build", "secrets"]), None));
            used.configs.extend(sources(service.get("configs"), None));
        }
        used
    }
}

fn keys(map: Option<&Value>) -> impl Iterator<Item = String> {
    map.and_then(Value::as_map).into_iter().flatten().map(|(key, _): (&String, &Member)| key.clone())
}

fn sources(list: Option<&Value>, kind: Option<&str>) -> Vec<String> {
    let items = list.and_then(Value::as_seq).unwrap_or_default();
    items
        .iter()
        .filter(|item| kind.is_none() || item.get("type").and_then(Value::as_str) == kind)
        .filter_map(|item| match item.get("source").map(|source| &source.data) {
            Some(Data::Str(text)) => Some(text.value.clone()),
            _ => None,
        })
        .collect()
}
