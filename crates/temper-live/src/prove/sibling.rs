use std::collections::HashMap;

use serde_json::{Map, Value, json};
use temper_model::container::{Attempt, Observed};

use super::local::in_parallel;
use super::parent::{ATTEMPT, HERE};
use super::request::Answer;
use super::toolbox::Toolbox;
use crate::engine::Inspect;

/// The parts of `HostConfig` that decide over system call filter, label of the security module and devices. Others, such
/// as ports, mounts of data and restart policy, would disturb the service and decide nothing here.
const DECIDING: [&str; 14] = [
    "CapAdd",
    "CapDrop",
    "SecurityOpt",
    "Privileged",
    "ReadonlyRootfs",
    "UsernsMode",
    "Runtime",
    "CgroupParent",
    "MaskedPaths",
    "ReadonlyPaths",
    "Devices",
    "DeviceCgroupRules",
    "DeviceRequests",
    "PidsLimit",
];

/// What happens when things are tried in siblings of containers: second containers with the same settings. Containers whose
/// deciding settings are the same share one.
pub(super) fn siblings(toolbox: &Toolbox<'_>, containers: &[&Inspect]) -> Vec<Observed<Vec<Attempt>>> {
    let mut kinds: Vec<(String, &Inspect)> = Vec::new();
    for inspect in containers {
        let key = key(inspect);
        if !kinds.iter().any(|(known, _)| *known == key) {
            kinds.push((key, inspect));
        }
    }
    let results = in_parallel(&kinds, |number, (_, inspect)| match sibling(toolbox, number, inspect) {
        Ok(attempts) => Observed::Known(attempts),
        Err(why) => Observed::Unknown(format!("a sibling container of {}: {why}", inspect.name())),
    });
    let results: HashMap<&str, &Observed<Vec<Attempt>>> =
        kinds.iter().map(|(key, _)| key.as_str()).zip(&results).collect();
    containers.iter().map(|inspect| results[key(inspect).as_str()].clone()).collect()
}

fn deciding(inspect: &Inspect) -> Map<String, Value> {
    let value = |key: &&str| {
        let value = inspect.at(&format!("/HostConfig/{key}"))?;
        Some(((*key).to_owned(), value.clone()))
    };
    DECIDING.iter().filter_map(value).collect()
}

fn key(inspect: &Inspect) -> String {
    json!([inspect.text("/Config/User"), deciding(inspect)]).to_string()
}

fn sibling(toolbox: &Toolbox<'_>, number: usize, inspect: &Inspect) -> Result<Vec<Attempt>, String> {
    let mut host = deciding(inspect);
    host.insert("NetworkMode".to_owned(), json!("none"));
    host.insert("Binds".to_owned(), json!([toolbox.bind()]));
    let body = json!({
        "Image": inspect.image_id(),
        "User": inspect.text("/Config/User"),
        "Entrypoint": toolbox.command,
        "Cmd": [ATTEMPT, HERE],
        "HostConfig": host,
    });
    let answer = toolbox.run_to_end(&format!("{}-sibling-{number}", toolbox.run), body)?;
    match serde_json::from_str(&answer) {
        Ok(Answer::Tried { attempts, .. }) => Ok(attempts),
        Ok(Answer::Failed(why)) => Err(why),
        Err(error) => Err(format!("its answer is not understood: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::key;
    use crate::engine::Inspect;

    fn inspect(cap_add: &[&str], memory: u64, option: &str) -> Inspect {
        Inspect::new(json!({
            "Config": {"User": "999"},
            "HostConfig": {"CapAdd": cap_add, "Memory": memory, "SecurityOpt": [option]},
        }))
    }

    #[test]
    fn containers_share_a_sibling_only_when_what_decides_is_the_same() {
        let one = key(&inspect(&[], 1, "no-new-privileges:true"));
        assert_eq!(one, key(&inspect(&[], 2, "no-new-privileges:true")));
        assert_ne!(one, key(&inspect(&["CHOWN"], 1, "no-new-privileges:true")));
        assert_ne!(one, key(&inspect(&[], 1, "seccomp=unconfined")));
    }
}
