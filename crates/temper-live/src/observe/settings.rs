use indexmap::IndexMap;
use serde_json::Value;
use temper_model::container::{
    ContainerMount, ContainerSettings, Device, Health, Identity, PublishedPort, State, hash_of,
};

use super::kernel::Target;
use crate::engine::Inspect;
use crate::names;

/// What a container is. The image that its name leads to now is not in the answer and is filled in by the caller.
pub(super) fn identity(inspect: &Inspect) -> Identity {
    let label = |name: &str| inspect.label(name).unwrap_or_default().to_owned();
    Identity {
        id: inspect.id().to_owned(),
        name: inspect.name().to_owned(),
        project: label(names::PROJECT),
        service: label(names::SERVICE),
        number: label(names::NUMBER).parse().unwrap_or(1),
        image: inspect.text("/Config/Image").to_owned(),
        image_id: inspect.image_id().to_owned(),
        image_now: None,
    }
}

/// Where to look for it in `/proc`; `None` when it does not run.
#[must_use]
pub fn target(inspect: &Inspect) -> Option<Target> {
    let pid_mode = inspect.text("/HostConfig/PidMode");
    Some(Target {
        id: inspect.id().to_owned(),
        pid: inspect.pid()?,
        shares_pids: pid_mode == "host" || pid_mode.starts_with("container:"),
    })
}

pub(super) fn state(inspect: &Inspect) -> State {
    State {
        status: inspect.text("/State/Status").to_owned(),
        pid: inspect.pid().unwrap_or(0),
        health: match inspect.health() {
            None => Health::None,
            Some("healthy") => Health::Healthy,
            Some("unhealthy") => Health::Unhealthy,
            Some(_) => Health::Starting,
        },
        exit_code: integer(inspect, "/State/ExitCode"),
        oom_killed: flag(inspect, "/State/OOMKilled"),
        restarts: unsigned(inspect, "/RestartCount"),
        started_at: inspect.text("/State/StartedAt").to_owned(),
    }
}

pub(super) fn settings(inspect: &Inspect) -> ContainerSettings {
    let text = |key: &str| inspect.text(&format!("/HostConfig/{key}")).to_owned();
    let texts = |key: &str| -> Vec<String> {
        inspect.texts(&format!("/HostConfig/{key}")).into_iter().map(str::to_owned).collect()
    };
    ContainerSettings {
        user: inspect.text("/Config/User").to_owned(),
        group_add: texts("GroupAdd"),
        privileged: flag(inspect, "/HostConfig/Privileged"),
        read_only: flag(inspect, "/HostConfig/ReadonlyRootfs"),
        cap_add: texts("CapAdd").iter().map(|name| capability(name)).collect(),
        cap_drop: texts("CapDrop").iter().map(|name| capability(name)).collect(),
        security_opt: texts("SecurityOpt"),
        apparmor_profile: inspect.text("/AppArmorProfile").to_owned(),
        pid_mode: text("PidMode"),
        ipc_mode: text("IpcMode"),
        uts_mode: text("UTSMode"),
        userns_mode: text("UsernsMode"),
        cgroupns_mode: text("CgroupnsMode"),
        network_mode: text("NetworkMode"),
        tmpfs: tmpfs(inspect),
        mounts: entries(inspect, "/Mounts").map(mount).collect(),
        devices: entries(inspect, "/HostConfig/Devices").map(device).collect(),
        device_cgroup_rules: texts("DeviceCgroupRules"),
        gpu: entries(inspect, "/HostConfig/DeviceRequests").any(asks_for_gpu),
        ports: ports(inspect),
        memory: unsigned(inspect, "/HostConfig/Memory"),
        nano_cpus: nano_cpus(inspect),
        pids: integer(inspect, "/HostConfig/PidsLimit"),
        shm_size: unsigned(inspect, "/HostConfig/ShmSize"),
        healthcheck: inspect.texts("/Config/Healthcheck/Test").into_iter().map(str::to_owned).collect(),
        environment: inspect.texts("/Config/Env").into_iter().map(variable).collect(),
    }
}

fn flag(inspect: &Inspect, pointer: &str) -> bool {
    inspect.at(pointer).and_then(Value::as_bool).unwrap_or(false)
}

fn integer(inspect: &Inspect, pointer: &str) -> i64 {
    inspect.at(pointer).and_then(Value::as_i64).unwrap_or(0)
}

fn unsigned(inspect: &Inspect, pointer: &str) -> u64 {
    inspect.at(pointer).and_then(Value::as_u64).unwrap_or(0)
}

fn entries<'i>(inspect: &'i Inspect, pointer: &str) -> impl Iterator<Item = &'i Value> {
    inspect.at(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn field(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The engine answers with the case and the prefix that were given to it.
fn capability(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    upper.strip_prefix("CAP_").map_or_else(|| upper.clone(), str::to_owned)
}

fn tmpfs(inspect: &Inspect) -> IndexMap<String, String> {
    let all = inspect.at("/HostConfig/Tmpfs").and_then(Value::as_object);
    let mut all: Vec<(String, String)> = all
        .into_iter()
        .flatten()
        .map(|(path, options)| (path.clone(), options.as_str().unwrap_or_default().to_owned()))
        .collect();
    // The engine keeps them in a map without an order.
    all.sort();
    all.into_iter().collect()
}

fn mount(value: &Value) -> ContainerMount {
    ContainerMount {
        kind: field(value, "Type"),
        source: field(value, "Source"),
        name: value.get("Name").and_then(Value::as_str).filter(|name| !name.is_empty()).map(str::to_owned),
        target: field(value, "Destination"),
        writable: value.get("RW").and_then(Value::as_bool).unwrap_or(false),
    }
}

fn device(value: &Value) -> Device {
    Device {
        host: field(value, "PathOnHost"),
        container: field(value, "PathInContainer"),
        permissions: field(value, "CgroupPermissions"),
    }
}

fn asks_for_gpu(request: &Value) -> bool {
    let lists = request.get("Capabilities").and_then(Value::as_array);
    let mut words =
        lists.into_iter().flatten().filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    words.any(|word| word == "gpu") || field(request, "Driver") == "nvidia"
}

/// `{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "81/tcp": null}`.
fn ports(inspect: &Inspect) -> Vec<PublishedPort> {
    let all = inspect.at("/NetworkSettings/Ports").and_then(Value::as_object);
    let mut found = Vec::new();
    for (inside, bindings) in all.into_iter().flatten() {
        let (port, protocol) = inside.split_once('/').unwrap_or((inside, "tcp"));
        for binding in bindings.as_array().into_iter().flatten() {
            found.push(PublishedPort {
                host_ip: field(binding, "HostIp"),
                host_port: field(binding, "HostPort").parse().unwrap_or(0),
                container_port: port.parse().unwrap_or(0),
                protocol: protocol.to_owned(),
            });
        }
    }
    found.sort_by(|a, b| {
        (a.container_port, &a.protocol, &a.host_ip).cmp(&(b.container_port, &b.protocol, &b.host_ip))
    });
    found
}

/// `NanoCpus` is what `cpus` sets; a quota and its period come from older settings.
fn nano_cpus(inspect: &Inspect) -> u64 {
    let nano = unsigned(inspect, "/HostConfig/NanoCpus");
    let (quota, period) =
        (unsigned(inspect, "/HostConfig/CpuQuota"), unsigned(inspect, "/HostConfig/CpuPeriod"));
    match (nano, quota) {
        (0, quota) if quota > 0 => {
            // The kernel's default period.
            let period = if period == 0 { 100_000 } else { period };
            quota.saturating_mul(1_000_000_000) / period
        }
        (nano, _) => nano,
    }
}

/// `NAME=value` as name and hash: values are compared and never kept.
fn variable(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (name.to_owned(), hash_of(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use temper_model::container::Health;

    use super::{identity, settings, state, target};
    use crate::engine::Inspect;

    /// Cut from the answer of engine 20.10.
    fn inspect() -> Inspect {
        Inspect::new(json!({
            "Id": "0f1e", "Name": "/shop-api-1", "Image": "sha256:aa", "RestartCount": 2,
            "State": {"Status": "running", "Pid": 812, "Health": {"Status": "healthy"}},
            "Config": {
                "Image": "shop/api:1", "User": "65532:65532", "Env": ["TOKEN=s3cret", "EMPTY=", "PATH=/bin"],
                "Healthcheck": {"Test": ["CMD", "/healthy"]},
                "Labels": {"com.docker.compose.project": "shop", "com.docker.compose.service": "api",
                           "com.docker.compose.container-number": "1"}
            },
            "HostConfig": {
                "ReadonlyRootfs": true, "CapDrop": ["ALL"], "CapAdd": ["CAP_NET_RAW"], "PidMode": "",
                "SecurityOpt": ["no-new-privileges:true"], "Tmpfs": {"/tmp": "size=16m", "/run": ""},
                "Memory": 536870912, "CpuQuota": 50000, "CpuPeriod": 0, "PidsLimit": 200, "ShmSize": 67108864,
                "Devices": null, "DeviceRequests": null
            },
            "Mounts": [{"Type": "volume", "Name": "shop_data", "Source": "/v", "Destination": "/data", "RW": true}],
            "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8080"}], "81/tcp": null}}
        }))
    }

    #[test]
    fn settings_are_those_of_the_engine() {
        let settings = settings(&inspect());
        assert!(settings.read_only && !settings.privileged && !settings.gpu);
        assert_eq!((settings.user.as_str(), settings.cap_add), ("65532:65532", vec!["NET_RAW".to_owned()]));
        assert_eq!((settings.memory, settings.nano_cpus, settings.pids), (512 << 20, 500_000_000, 200));
        assert_eq!(settings.tmpfs.get_index(1), Some((&"/tmp".to_owned(), &"size=16m".to_owned())));
        assert_eq!((settings.ports.len(), settings.ports[0].host_ip.as_str()), (1, "127.0.0.1"));
        assert_eq!(
            (settings.mounts[0].name.as_deref(), settings.mounts[0].writable),
            (Some("shop_data"), true)
        );
    }

    #[test]
    fn values_of_the_environment_are_not_kept() {
        let settings = settings(&inspect());
        assert_eq!(settings.environment["EMPTY"], "");
        assert_eq!(settings.environment["TOKEN"].len(), 64);
        assert!(!format!("{settings:?}").contains("s3cret"));
    }

    #[test]
    fn container_knows_its_service_state_and_processes() {
        let inspect = inspect();
        assert_eq!(identity(&inspect).service, "api");
        assert_eq!((state(&inspect).health, state(&inspect).restarts), (Health::Healthy, 2));
        assert!(target(&inspect).is_some_and(|target| target.pid == 812 && !target.shares_pids));
    }
}
