//! A container that is made again from what the engine says of it is the same container. Needs an engine.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use temper_live::action::{Action, Moved, Target};
use temper_live::engine::{Engine, Inspect};
use temper_live::names;
use temper_live::recreate::Recipe;

const PREFIX: &str = "temper-recreate";

/// Every scalar by its path.
fn flat(value: &Value, path: &str, into: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                flat(value, &format!("{path}/{key}"), into);
            }
        }
        Value::Array(list) => {
            for (index, value) in list.iter().enumerate() {
                flat(value, &format!("{path}/{index}"), into);
            }
        }
        Value::Null => {}
        other => {
            into.insert(path.to_owned(), other.clone());
        }
    }
}

/// Lists whose order means nothing.
fn sort(value: &mut Value, pointer: &str) {
    if let Some(list) = value.pointer_mut(pointer).and_then(Value::as_array_mut) {
        list.sort_by_key(|item| item.get("Destination").unwrap_or(item).to_string());
    }
}

/// What differs, without ids, times, and what the engine chooses: addresses, free ports, a host name that is the short
/// id. Anonymous volumes are mounted by name afterwards, which `Mounts` shows the same and the host configuration not.
fn differences(before: &Inspect, after: &Inspect) -> Vec<String> {
    let ids = [before.id(), after.id()];
    let plain = |inspect: &Inspect| {
        let mut value = inspect.json().clone();
        for list in ["/Mounts", "/HostConfig/Binds"] {
            sort(&mut value, list);
        }
        let networks = value.pointer_mut("/NetworkSettings/Networks").and_then(Value::as_object_mut);
        for network in networks.into_iter().flat_map(|networks| networks.values_mut()) {
            let aliases = network.get_mut("Aliases").and_then(Value::as_array_mut);
            if let Some(aliases) = aliases {
                aliases.retain(|alias| !ids.iter().any(|id| id.starts_with(alias.as_str().unwrap_or("-"))));
            }
        }
        let mut all = BTreeMap::new();
        flat(&value, "", &mut all);
        all
    };
    let binds = [before.texts("/HostConfig/Binds"), after.texts("/HostConfig/Binds")];
    let lost = binds[0].iter().filter(|bind| !binds[1].contains(bind)).map(|bind| format!("lost {bind}"));
    let lost: Vec<String> = lost.collect();
    let (before, after) = (plain(before), plain(after));
    let chosen = [
        "/Id",
        "/Created",
        "/HostnamePath",
        "/HostsPath",
        "/ResolvConfPath",
        "/LogPath",
        "/State/Pid",
        "/Config/Hostname",
    ];
    let chosen_ends = ["/EndpointID", "/SandboxID", "/SandboxKey", "/StartedAt", "/FinishedAt", "/HostPort"];
    let keys: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let other = keys
        .into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .filter(|key| !chosen.contains(&key.as_str()))
        .filter(|key| !chosen_ends.iter().any(|end| key.ends_with(end)))
        .filter(|key| !key.starts_with("/GraphDriver") && !key.starts_with("/State/Health"))
        .filter(|key| !key.starts_with("/HostConfig/Binds") && !anonymous(key))
        .map(|key| format!("{key}: {:?} -> {:?}", before.get(key), after.get(key)));
    lost.into_iter().chain(other).collect()
}

/// What naming an anonymous volume changes: its source is given, and its mode is that of a named one.
fn anonymous(key: &str) -> bool {
    (key.starts_with("/Mounts/") && key.ends_with("/Mode"))
        || (key.starts_with("/HostConfig/Mounts/") && key.ends_with("/Source"))
}

/// A container with as many settings as one can have, on two networks, with a volume of every kind.
fn rich(engine: &Engine, cleanup: &mut support::Cleanup) -> String {
    let image = format!("{PREFIX}/image:1");
    cleanup.images.push(image.clone());
    let config = json!({
        "Entrypoint": ["/pause"], "Cmd": ["from-image"], "Env": ["PATH=/", "KIND=image"],
        "Volumes": { "/from-image": {} }, "Labels": { "of": "image" }, "ExposedPorts": { "80/tcp": {} },
        "Healthcheck": { "Test": ["CMD", "/pause"] },
    });
    support::image(engine, &image, config);
    for (name, subnet) in [("front", "10.223.41.0/24"), ("back", "10.223.42.0/24")] {
        let name = format!("{PREFIX}-{name}");
        engine.remove_network(&name).expect("no test of this name runs");
        let ipam = json!({ "Config": [{ "Subnet": subnet }] });
        engine.create_network(json!({ "Name": name, "IPAM": ipam })).expect("a network");
        cleanup.networks.push(name);
    }
    let (front, back, data) = (&cleanup.networks[0], &cleanup.networks[1], format!("{PREFIX}-data"));
    cleanup.volumes.push(data.clone());
    let fixed = json!({ "IPAMConfig": { "IPv4Address": "10.223.41.77" }, "Aliases": ["web", "www"] });
    let body = json!({
        "Image": image, "Entrypoint": [""], "Cmd": ["/pause", "now"], "Env": ["SECRET=x", "KIND=own"],
        "Labels": { "com.docker.compose.project": PREFIX, "com.docker.compose.config-hash": "abc" },
        "User": "65532:65532", "WorkingDir": "/", "Domainname": "example.test", "StopSignal": "SIGKILL",
        "StopTimeout": 3, "ExposedPorts": { "8080/tcp": {} }, "Volumes": { "/anonymous": {} },
        "Healthcheck": { "Test": ["CMD", "/pause"], "Interval": 60_000_000_000u64 },
        "HostConfig": {
            "NetworkMode": front, "Binds": [format!("{data}:/data:rw"), "/proc/version:/version:ro"],
            "Mounts": [
                { "Type": "volume", "Target": "/mounted" },
                { "Type": "tmpfs", "Target": "/fast", "TmpfsOptions": { "SizeBytes": 65536 } },
            ],
            "Tmpfs": { "/tmp": "size=64k,mode=1777" }, "ReadonlyRootfs": true,
            "CapDrop": ["ALL"], "CapAdd": ["CHOWN"], "SecurityOpt": ["no-new-privileges:true"],
            "RestartPolicy": { "Name": "unless-stopped", "MaximumRetryCount": 0 },
            "PortBindings": { "8080/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "" }] },
            "ExtraHosts": ["db:10.0.0.1"], "Dns": ["10.0.0.2"], "Sysctls": { "net.core.somaxconn": "64" },
            "Ulimits": [{ "Name": "nofile", "Soft": 64, "Hard": 64 }], "Memory": 67_108_864,
            "NanoCpus": 500_000_000, "PidsLimit": 16, "ShmSize": 65536, "Init": false,
            "LogConfig": { "Type": "json-file", "Config": { "max-size": "1m" } }, "OomScoreAdj": 100,
        },
        "NetworkingConfig": { "EndpointsConfig": { (front.as_str()): fixed } },
    });
    let name = format!("{PREFIX}-rich");
    engine.remove(&name, true, true).expect("no test of this name runs");
    let id = engine.create(&name, body).expect("a container").id;
    cleanup.containers.push(name);
    engine.connect_network(back, &id, json!({ "Aliases": ["backend"] })).expect("connects");
    engine.start(&id).expect("starts");
    id
}

#[test]
fn a_container_made_again_is_the_same_container() {
    let engine = support::engine();
    let mut cleanup = support::Cleanup::new(&engine);
    let id = rich(&engine, &mut cleanup);
    let before = engine.inspect(&id).expect("is there");
    let remove = Action::remove(&engine, &id).expect("is there");
    remove.perform(&engine, "none").expect("removes");
    remove.perform(&engine, "none").expect("removes what is removed already");
    assert!(engine.find(&id).expect("answers").is_none());

    let undone = remove.undo(&engine, "none", &Moved::new()).expect("makes it again");
    let again = undone.container.expect("has another id");
    let after = engine.inspect(&again).expect("is there");
    assert_eq!(differences(&before, &after), Vec::<String>::new());
    assert_eq!(
        after.at("/Mounts").and_then(Value::as_array).map(Vec::len),
        Some(6),
        "{:?}",
        after.at("/Mounts")
    );

    let moved = Moved::from([(id, again.clone())]);
    let undone = remove.undo(&engine, "none", &moved).expect("has nothing to do");
    assert!(!undone.changed);
    // As after a crash before the new id was recorded.
    let undone = remove.undo(&engine, "none", &Moved::new()).expect("finds it");
    assert_eq!((undone.changed, undone.container.as_deref()), (true, Some(again.as_str())));
    cleanup.volumes.extend(
        after
            .at("/Mounts")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|mount| mount.get("Name").and_then(Value::as_str).map(str::to_owned)),
    );
}

#[test]
fn a_recipe_takes_another_name_label_and_image() {
    let inspect = Inspect::new(json!({
        "Id": "0123456789abcdef", "Name": "/shop-api-1", "Image": "sha256:aa",
        "Config": { "Hostname": "0123456789ab", "Image": "shop/api", "Labels": { "a": "1", "b": "2" }, "Cmd": ["x"] },
        "HostConfig": {
            "NetworkMode": "shop_front", "PidMode": "container:old", "VolumesFrom": ["old:ro"],
            "Links": ["/shop-db-1:/shop-api-1/db"],
        },
        "NetworkSettings": { "Networks": {
            "shop_back": { "NetworkID": "n2", "Aliases": ["api", "0123456789ab"], "MacAddress": "02:42:0a:00:00:01" },
            "shop_front": { "NetworkID": "n1", "Aliases": ["shop-api-1", "api"], "IPAddress": "10.0.0.3" },
        }},
    }));
    let ids = [("old".to_owned(), "new".to_owned())].into();
    let recipe = Recipe::of(&inspect).named("shop-api-2").image("sha256:bb").label(names::RUN, "r1");
    let recipe = recipe.without_label("b").references(&ids);
    assert_eq!(recipe.name, "shop-api-2");
    assert_eq!(
        recipe.body,
        json!({
            "Image": "sha256:bb", "Labels": { "a": "1", "io.temper.run": "r1" }, "Cmd": ["x"], "Entrypoint": [""],
            "HostConfig": {
                "NetworkMode": "shop_front", "PidMode": "container:new", "VolumesFrom": ["new:ro"],
                "Links": ["shop-db-1:db"],
            },
            "NetworkingConfig": { "EndpointsConfig": { "shop_front": { "Aliases": ["shop-api-2", "api"] } } },
        })
    );
    assert_eq!(recipe.networks, [("shop_back".to_owned(), json!({ "Aliases": ["api"] }))]);
    assert_eq!(temper_live::recreate::depends_on(&inspect), ["old", "old"]);
    assert_eq!(format!("{recipe:?}"), "Recipe { name: \"shop-api-2\", .. }");
}

#[test]
fn every_container_action_can_be_taken_and_taken_back_twice() {
    let engine = support::engine();
    let mut cleanup = support::Cleanup::new(&engine);
    let image = format!("{PREFIX}/image:2");
    let image_id =
        support::image(&engine, &image, json!({ "Entrypoint": ["/pause"], "StopSignal": "SIGKILL" }));
    cleanup.images.push(image);
    let name = format!("{PREFIX}-simple");
    let other = format!("{name}-other");
    cleanup.containers.extend([name.clone(), other.clone()]);
    for name in &cleanup.containers {
        engine.remove(name, true, true).expect("no test of this name runs");
    }
    let body = json!({ "Image": image_id, "HostConfig": { "NetworkMode": "none" } });
    let recipe = Recipe { name: name.clone(), body, networks: Vec::new() };
    let none = Moved::new();
    let twice = |action: &Action, forth: bool| {
        for _ in 0..2 {
            if forth {
                action.perform(&engine, "run").expect("is taken");
            } else {
                action.undo(&engine, "run", &none).expect("is taken back");
            }
        }
        engine.find(&name).expect("answers")
    };

    let create = Action::CreateContainer { recipe };
    let made = twice(&create, true).expect("is there");
    assert_eq!(made.label(names::RUN), Some("run"));
    create.perform(&engine, "another run").expect_err("it belongs to the first run");
    assert!(!create.undo(&engine, "another run", &none).expect("looks").changed);

    let start = Action::start(&engine, &name).expect("is there");
    assert!(twice(&start, true).expect("is there").is_running());
    let stop = Action::stop(&engine, &name, Some(1)).expect("is there");
    assert!(!twice(&stop, true).expect("is there").is_running());
    assert!(twice(&stop, false).expect("is there").is_running());
    assert!(!twice(&start, false).expect("is there").is_running());

    let rename = Action::rename(&engine, &name, &other).expect("is there");
    assert!(twice(&rename, true).is_none());
    assert_eq!(Target::of(&engine.inspect(&other).expect("is there")).id, made.id());
    assert!(twice(&rename, false).is_some());
    assert!(twice(&create, false).is_none());
}
