//! What is broken in a hardened container, one thing a row.
//!
//! `no-privileged` has no row: an engine that lacks a capability itself starts no privileged container. Its cases are in
//! `temper-controls/tests/controls/no-privileged.md`.

use serde_json::{Value, json};

/// One change of a hardened container.
#[derive(Clone)]
pub(crate) struct Mutation {
    /// What is done.
    pub(crate) name: &'static str,
    /// The controls that must fail, and no other; none for the container that is left as it is.
    pub(crate) breaks: &'static [&'static str],
    /// What else the files say of its service, in YAML.
    pub(crate) also: &'static str,
    /// What `temper.toml` says of its service.
    pub(crate) settings: Option<&'static str>,
    /// True when the name of its image is to lead to another image after it was started.
    pub(crate) other_image: bool,
    /// The change of the body with which it is created.
    pub(crate) change: fn(&mut Value),
}

const NOTHING: Mutation =
    Mutation { name: "nothing", breaks: &[], also: "", settings: None, other_image: false, change: |_| {} };

/// Every row.
pub(crate) const MUTATIONS: &[Mutation] = &[
    NOTHING,
    Mutation {
        name: "user root",
        breaks: &["non-root-user"],
        change: |body| body["User"] = json!("0:0"),
        ..NOTHING
    },
    Mutation {
        name: "user by name",
        breaks: &["numeric-user"],
        change: |body| body["User"] = json!("app"),
        ..NOTHING
    },
    Mutation {
        name: "writable root",
        breaks: &["read-only-rootfs"],
        change: |body| body["HostConfig"]["ReadonlyRootfs"] = json!(false),
        ..NOTHING
    },
    Mutation {
        name: "default capabilities",
        breaks: &["drop-capabilities"],
        change: |body| body["HostConfig"]["CapDrop"] = json!([]),
        ..NOTHING
    },
    Mutation {
        name: "one capability",
        breaks: &["drop-capabilities"],
        change: |body| body["HostConfig"]["CapAdd"] = json!(["CHOWN"]),
        ..NOTHING
    },
    Mutation {
        name: "a dangerous capability, which the files give",
        breaks: &["dangerous-capabilities"],
        also: "    cap_add: [SYS_PTRACE]\n",
        change: |body| body["HostConfig"]["CapAdd"] = json!(["SYS_PTRACE"]),
        ..NOTHING
    },
    Mutation {
        name: "new privileges",
        breaks: &["no-new-privileges"],
        change: |body| body["HostConfig"]["SecurityOpt"] = json!([]),
        ..NOTHING
    },
    Mutation {
        name: "network of the host",
        breaks: &["no-host-namespaces"],
        change: |body| body["HostConfig"]["NetworkMode"] = json!("host"),
        ..NOTHING
    },
    Mutation {
        name: "processes of the host",
        breaks: &["no-host-namespaces"],
        change: |body| body["HostConfig"]["PidMode"] = json!("host"),
        ..NOTHING
    },
    Mutation {
        name: "shared memory of the host",
        breaks: &["no-host-namespaces"],
        change: |body| body["HostConfig"]["IpcMode"] = json!("host"),
        ..NOTHING
    },
    Mutation {
        name: "host name of the host",
        breaks: &["no-host-namespaces"],
        change: |body| body["HostConfig"]["UTSMode"] = json!("host"),
        ..NOTHING
    },
    Mutation {
        name: "socket of the engine",
        breaks: &["no-runtime-socket"],
        change: |body| body["HostConfig"]["Binds"] = json!(["/var/run/docker.sock:/var/run/docker.sock:ro"]),
        ..NOTHING
    },
    Mutation {
        name: "/etc of the host",
        breaks: &["no-sensitive-mounts"],
        change: |body| body["HostConfig"]["Binds"] = json!(["/etc:/host:ro"]),
        ..NOTHING
    },
    Mutation {
        name: "no seccomp",
        breaks: &["seccomp-profile"],
        change: |body| {
            body["HostConfig"]["SecurityOpt"] = json!(["no-new-privileges:true", "seccomp=unconfined"]);
        },
        ..NOTHING
    },
    Mutation {
        name: "seccomp that refuses nothing",
        breaks: &["seccomp-profile"],
        change: |body| {
            let profile = "seccomp={\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"reboot\"],\"action\":\"SCMP_ACT_ERRNO\"}]}";
            body["HostConfig"]["SecurityOpt"] = json!(["no-new-privileges:true", profile]);
        },
        ..NOTHING
    },
    Mutation {
        name: "no masks over /proc",
        breaks: &["apparmor-profile"],
        change: |body| {
            body["HostConfig"]["MaskedPaths"] = json!([]);
            body["HostConfig"]["ReadonlyPaths"] = json!([]);
        },
        ..NOTHING
    },
    Mutation {
        name: "a device",
        breaks: &["devices-and-groups"],
        change: |body| {
            body["HostConfig"]["Devices"] = json!([{"PathOnHost": "/dev/zero", "PathInContainer": "/dev/zero2", "CgroupPermissions": "rwm"}]);
        },
        ..NOTHING
    },
    Mutation {
        name: "no memory limit",
        breaks: &["resource-limits"],
        change: |body| body["HostConfig"]["Memory"] = json!(0),
        ..NOTHING
    },
    Mutation {
        name: "another CPU limit",
        breaks: &["resource-limits"],
        change: |body| body["HostConfig"]["NanoCpus"] = json!(1_000_000_000),
        ..NOTHING
    },
    Mutation {
        name: "no process limit",
        breaks: &["resource-limits"],
        change: |body| body["HostConfig"]["PidsLimit"] = json!(0),
        ..NOTHING
    },
    Mutation {
        name: "no health check",
        breaks: &["healthcheck"],
        change: |body| body["Healthcheck"] = json!({"Test": ["NONE"]}),
        ..NOTHING
    },
    Mutation {
        name: "published on every address",
        breaks: &["published-ports"],
        also: "    ports: [\"127.0.0.1::8000\"]\n",
        change: |body| {
            body["ExposedPorts"] = json!({"8000/tcp": {}});
            body["HostConfig"]["NetworkMode"] = json!("bridge");
            body["HostConfig"]["PortBindings"] = json!({"8000/tcp": [{"HostIp": "0.0.0.0", "HostPort": ""}]});
        },
        ..NOTHING
    },
    Mutation { name: "another image", breaks: &["pinned-image"], other_image: true, ..NOTHING },
    Mutation {
        name: "larger tmpfs",
        breaks: &["tmpfs-options"],
        change: |body| {
            body["HostConfig"]["Tmpfs"] = json!({"/tmp": "size=32m,mode=1777,noexec,nosuid,nodev"});
        },
        ..NOTHING
    },
    Mutation {
        name: "tmpfs from which programs run",
        breaks: &["tmpfs-options"],
        change: |body| {
            body["HostConfig"]["Tmpfs"] = json!({"/tmp": "size=16m,mode=1777,exec,nosuid,nodev"});
        },
        ..NOTHING
    },
    Mutation {
        name: "tmpfs of somebody else",
        breaks: &["tmpfs-options"],
        change: |body| {
            body["HostConfig"]["Tmpfs"] = json!({"/tmp": "size=16m,mode=0700,noexec,nosuid,nodev"});
        },
        ..NOTHING
    },
    Mutation {
        name: "less shared memory",
        breaks: &["shared-memory"],
        also: "    shm_size: 128m\n",
        ..NOTHING
    },
    Mutation {
        name: "nothing over a path that is written",
        breaks: &["writable-paths"],
        settings: Some("writable = [\"/var/lib/app\"]"),
        ..NOTHING
    },
    Mutation {
        name: "volume of root",
        breaks: &["volume-ownership"],
        also: "    volumes: [\"data:/data\"]\n",
        change: |body| body["HostConfig"]["Mounts"] = json!([{"Type": "volume", "Target": "/data"}]),
        ..NOTHING
    },
    Mutation {
        name: "well-known password",
        breaks: &["default-credentials"],
        change: |body| body["Env"] = json!(["DB_PASSWORD=changeme"]),
        ..NOTHING
    },
];

/// A service that the files harden in everything.
pub(crate) fn service(name: &str, image: &str, mutation: &Mutation) -> String {
    let mut text = format!("  {name}:\n    image: {image}\n");
    text.push_str(
        "    build: .
    user: \"65532:65532\"
    read_only: true
    cap_drop: [ALL]
    security_opt: [\"no-new-privileges:true\"]
    tmpfs: [\"/tmp:size=16m,mode=1777,noexec,nosuid,nodev\"]
    mem_limit: 64m
    cpus: \"0.5\"
    pids_limit: 50
    healthcheck: {test: [CMD, /ok]}
",
    );
    text.push_str(mutation.also);
    text
}

/// The container of such a service, in the form of the Engine API.
pub(crate) fn hardened() -> Value {
    json!({
        "User": "65532:65532",
        "Healthcheck": {"Test": ["CMD", "/ok"], "Interval": 1_000_000_000_u64, "Timeout": 5_000_000_000_u64},
        "StopSignal": "SIGKILL",
        "HostConfig": {
            "ReadonlyRootfs": true, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges:true"],
            "Tmpfs": {"/tmp": "size=16m,mode=1777,noexec,nosuid,nodev"}, "NetworkMode": "none",
            "Memory": 67_108_864_u64, "NanoCpus": 500_000_000_u64, "PidsLimit": 50,
        },
    })
}
