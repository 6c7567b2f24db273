use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What a container is, and what it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The id, 64 hexadecimal digits.
    pub id: String,
    /// The name, without the leading slash.
    pub name: String,
    /// The Compose project (label `com.docker.compose.project`).
    pub project: String,
    /// The Compose service (label `com.docker.compose.service`).
    pub service: String,
    /// Number among the containers of the service, from 1 (label `com.docker.compose.container-number`).
    pub number: u32,
    /// The image as it was named.
    pub image: String,
    /// The image itself: `sha256:` and 64 hexadecimal digits.
    pub image_id: String,
    /// The image that the name of the service's image leads to now; `None` when the engine has none of that name.
    #[serde(default)]
    pub image_now: Option<String>,
}

/// What the healthcheck says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// There is no healthcheck.
    None,
    /// It has not answered yet.
    Starting,
    /// It passes.
    Healthy,
    /// It fails.
    Unhealthy,
}

/// Whether a container runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The engine's word: `running`, `exited`, `restarting`, `paused`, `created`, `dead`.
    pub status: String,
    /// Process 1 as the host numbers it; 0 when it does not run.
    pub pid: u32,
    /// What the healthcheck says.
    pub health: Health,
    /// Exit status of the last run; 0 while it runs.
    pub exit_code: i64,
    /// True when the kernel killed it for memory.
    pub oom_killed: bool,
    /// How often the engine has started it again by its restart policy.
    pub restarts: u64,
    /// When it was started, as the engine writes it (RFC 3339).
    pub started_at: String,
}

/// What the engine was told to run: the parts of `Config` and `HostConfig` that controls judge.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSettings {
    /// `Config.User`, empty when nothing sets it.
    pub user: String,
    /// `HostConfig.GroupAdd`.
    pub group_add: Vec<String>,
    /// `HostConfig.Privileged`.
    pub privileged: bool,
    /// `HostConfig.ReadonlyRootfs`.
    pub read_only: bool,
    /// `HostConfig.CapAdd`, upper case, without `CAP_`.
    pub cap_add: Vec<String>,
    /// `HostConfig.CapDrop`, upper case, without `CAP_`.
    pub cap_drop: Vec<String>,
    /// `HostConfig.SecurityOpt`.
    pub security_opt: Vec<String>,
    /// `AppArmorProfile`, empty where the engine has no AppArmor.
    pub apparmor_profile: String,
    /// `HostConfig.PidMode`, `IpcMode`, `UTSMode`, `UsernsMode`, `CgroupnsMode`, `NetworkMode`.
    pub pid_mode: String,
    /// `HostConfig.IpcMode`.
    pub ipc_mode: String,
    /// `HostConfig.UTSMode`.
    pub uts_mode: String,
    /// `HostConfig.UsernsMode`.
    pub userns_mode: String,
    /// `HostConfig.CgroupnsMode`.
    pub cgroupns_mode: String,
    /// `HostConfig.NetworkMode`.
    pub network_mode: String,
    /// `HostConfig.Tmpfs`: path and options.
    pub tmpfs: IndexMap<String, String>,
    /// `Mounts`.
    pub mounts: Vec<ContainerMount>,
    /// `HostConfig.Devices`.
    pub devices: Vec<Device>,
    /// `HostConfig.DeviceCgroupRules`.
    pub device_cgroup_rules: Vec<String>,
    /// True when `HostConfig.DeviceRequests` asks for a GPU.
    pub gpu: bool,
    /// `NetworkSettings.Ports`: what the engine has really published.
    pub ports: Vec<PublishedPort>,
    /// `HostConfig.Memory`, bytes; 0: no limit.
    pub memory: u64,
    /// `HostConfig.NanoCpus`, or quota and period, as billionths of a CPU; 0: no limit.
    pub nano_cpus: u64,
    /// `HostConfig.PidsLimit`; 0: no limit.
    pub pids: i64,
    /// `HostConfig.ShmSize`, bytes.
    pub shm_size: u64,
    /// The healthcheck's test; empty when there is none.
    pub healthcheck: Vec<String>,
    /// `Config.Env`: names with the SHA-256 of their values in hexadecimal digits; the values stay in the engine. An
    /// empty value has an empty hash.
    pub environment: IndexMap<String, String>,
}

/// A mount as the engine made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerMount {
    /// `bind`, `volume`, `tmpfs`, `npipe`, `cluster`.
    pub kind: String,
    /// Host path of a bind mount, mount point of a volume.
    pub source: String,
    /// Name of a volume.
    pub name: Option<String>,
    /// Path in the container.
    pub target: String,
    /// True when it can be written.
    pub writable: bool,
}

/// A device of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Path on the host.
    pub host: String,
    /// Path in the container.
    pub container: String,
    /// Any of `r`, `w`, `m`.
    pub permissions: String,
}

/// A port of the host that leads to a port of the container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedPort {
    /// Address on the host: `0.0.0.0` and `::` are all addresses.
    pub host_ip: String,
    /// Port on the host.
    pub host_port: u16,
    /// Port in the container.
    pub container_port: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// The SHA-256 of a value in hexadecimal digits; empty for an empty value. Values of the environment are compared by it.
#[must_use]
pub fn hash_of(value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    Sha256::digest(value.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
