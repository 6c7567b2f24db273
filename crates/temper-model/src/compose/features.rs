//! Features of the file format that old versions of Docker Compose do not read.

use temper_text::Loc;

use super::Feature;
use crate::{Member, Origin, Value};

/// A version of Docker Compose.
type Version = (u32, u32, u32);

/// A feature of a service: its name, the path to it (`*` for any key or item), the first version.
///
/// Source: the "Requires" bars and "Introduced in" notes of <https://docs.docker.com/reference/compose-file/> (bars:
/// `data/summary.yaml` of docker/docs), and for `annotations` the release notes of 2.26.0.
const OF_SERVICE: &[(&str, &[&str], Version)] = &[
    ("annotations", &["annotations"], (2, 26, 0)),
    ("attach", &["attach"], (2, 20, 0)),
    ("build.additional_contexts", &["build", "additional_contexts"], (2, 17, 0)),
    ("build.dockerfile_inline", &["build", "dockerfile_inline"], (2, 17, 0)),
    ("build.entitlements", &["build", "entitlements"], (2, 27, 1)),
    ("build.provenance", &["build", "provenance"], (2, 39, 0)),
    ("build.sbom", &["build", "sbom"], (2, 39, 0)),
    ("build.privileged", &["build", "privileged"], (2, 15, 0)),
    ("build.ulimits", &["build", "ulimits"], (2, 23, 1)),
    ("cgroup", &["cgroup"], (2, 15, 0)),
    ("depends_on.required", &["depends_on", "*", "required"], (2, 20, 0)),
    ("develop", &["develop"], (2, 22, 0)),
    ("env_file.format", &["env_file", "*", "format"], (2, 30, 0)),
    ("env_file.required", &["env_file", "*", "required"], (2, 24, 0)),
    ("gpus", &["gpus"], (2, 30, 0)),
    ("healthcheck.start_interval", &["healthcheck", "start_interval"], (2, 20, 2)),
    ("label_file", &["label_file"], (2, 32, 2)),
    ("models", &["models"], (2, 38, 0)),
    ("networks.driver_opts", &["networks", "*", "driver_opts"], (2, 27, 1)),
    ("networks.gw_priority", &["networks", "*", "gw_priority"], (2, 33, 1)),
    ("networks.interface_name", &["networks", "*", "interface_name"], (2, 36, 0)),
    ("networks.mac_address", &["networks", "*", "mac_address"], (2, 23, 2)),
    ("post_start", &["post_start"], (2, 30, 0)),
    ("pre_stop", &["pre_stop"], (2, 30, 0)),
    ("provider", &["provider"], (2, 36, 0)),
    ("uts", &["uts"], (2, 15, 1)),
];

/// A feature of the top level. Sources as above.
const OF_PROJECT: &[(&str, &[&str], Version)] = &[
    ("configs.content", &["configs", "*", "content"], (2, 23, 1)),
    ("models", &["models"], (2, 38, 0)),
    ("networks.enable_ipv4", &["networks", "*", "enable_ipv4"], (2, 33, 1)),
];

/// Tags and keys that are gone after loading. Sources as above; `!reset` has no note there, it came with version 1.14
/// of Compose's own reader, which Compose 2.18.0 was the first to use.
const OF_FILE: &[(&str, Version)] =
    &[("!reset", (2, 18, 0)), ("!override", (2, 24, 4)), ("include", (2, 20, 0))];

/// Every use of a feature with a minimum version, in the tree as written and among the `uses` seen while loading.
pub(crate) fn features(root: &Value, uses: &[(&'static str, Loc)]) -> Vec<Feature> {
    let mut found = Vec::new();
    for (name, at) in uses {
        if let Some((name, since)) = OF_FILE.iter().find(|(known, _)| known == name) {
            found.push(Feature { name, since: *since, at: *at });
        }
    }
    collect(root, OF_PROJECT, &mut found);
    for (_, member) in root.get("services").and_then(Value::as_map).into_iter().flatten() {
        collect(&member.value, OF_SERVICE, &mut found);
    }
    found
}

fn collect(
    value: &Value,
    features: &[(&'static str, &'static [&'static str], Version)],
    found: &mut Vec<Feature>,
) {
    for (name, path, since) in features {
        for at in places(value, path) {
            found.push(Feature { name, since: *since, at });
        }
    }
}

/// Where the keys at the end of a path stand.
fn places(value: &Value, path: &[&str]) -> Vec<Loc> {
    let Some((first, rest)) = path.split_first() else { return Vec::new() };
    if *first == "*" {
        let items = value.as_seq().unwrap_or_default().iter();
        let entries = value.as_map().into_iter().flatten().map(|(_, member)| &member.value);
        return items.chain(entries).flat_map(|value| places(value, rest)).collect();
    }
    let Some(Member { key, value }) = value.as_map().and_then(|map| map.get(*first)) else {
        return Vec::new();
    };
    if rest.is_empty() {
        return if value.origin == Origin::Default { Vec::new() } else { vec![*key] };
    }
    places(value, rest)
}
