use std::collections::BTreeSet;

use indexmap::IndexMap;
use temper_text::{FileId, Loc};

use crate::{Problem, Setting, Spanned, Value};

/// One Compose project: the merged result of its files.
#[derive(Debug, Clone)]
pub struct Project {
    /// The project name, as `docker compose` computes it.
    pub name: String,
    /// The files given (or found), in order of merging, without included and extended ones.
    pub files: Vec<FileId>,
    /// The directory of the first file, relative to the root of the stack (`""` for the root itself).
    pub directory: String,
    /// Every service, also those of profiles that are not enabled, in the order of the files.
    pub services: IndexMap<String, Service>,
    /// Top-level networks, volumes, secrets and configs.
    pub networks: IndexMap<String, Resource>,
    /// Named volumes.
    pub volumes: IndexMap<String, Resource>,
    /// Secrets.
    pub secrets: IndexMap<String, Resource>,
    /// Configs.
    pub configs: IndexMap<String, Resource>,
    /// Services that the selected profiles enable, with the closure over their dependencies.
    pub enabled: BTreeSet<String>,
    /// Features that need a minimum version of Docker Compose, with the place that uses them.
    pub features: Vec<Feature>,
    /// What Compose would refuse or warn about; the rest of the project is still here.
    pub problems: Vec<Problem>,
    /// The merged tree in canonical (long) form, before profiles are applied.
    pub merged: Value,
}

/// A top-level network, volume, secret or config.
#[derive(Debug, Clone)]
pub struct Resource {
    /// Its key in the file.
    pub name: String,
    /// Where the key stands.
    pub at: Loc,
    /// True for `external: true`.
    pub external: bool,
    /// The merged value.
    pub value: Value,
}

/// A feature of the Compose file format that old versions of Docker Compose do not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feature {
    /// What is used, as written: `!override`, `gpus`, `depends_on.required`.
    pub name: &'static str,
    /// The first version of Docker Compose that reads it.
    pub since: (u32, u32, u32),
    /// Where it is used.
    pub at: Loc,
}

/// One service of a project, merged.
///
/// A field that is `None` or empty is not written anywhere. A field whose value hangs on a variable without
/// a value is [`Setting::Unknown`]; items of lists carry the variables in [`Item::missing`].
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Where the key of the service stands in the first file that defines it.
    pub at: Loc,
    /// Every place that defines it (base, overlays, extended services), in order of merging: (key, whole body).
    pub definitions: Vec<Definition>,
    /// `image`.
    pub image: Option<Setting<String>>,
    /// `build`.
    pub build: Option<Build>,
    /// `user`, as written: `"65532:65532"`, `"root"`, `""`.
    pub user: Option<Setting<String>>,
    /// `group_add`.
    pub group_add: Vec<Item>,
    /// `read_only`.
    pub read_only: Option<Setting<bool>>,
    /// `privileged`.
    pub privileged: Option<Setting<bool>>,
    /// `init`.
    pub init: Option<Setting<bool>>,
    /// `cap_add`, as written.
    pub cap_add: Vec<Item>,
    /// `cap_drop`, as written.
    pub cap_drop: Vec<Item>,
    /// `security_opt`, as written.
    pub security_opt: Vec<Item>,
    /// `pid`, `ipc`, `uts`, `userns_mode`, `cgroup`, `network_mode`.
    pub pid: Option<Setting<String>>,
    /// `ipc`.
    pub ipc: Option<Setting<String>>,
    /// `uts`.
    pub uts: Option<Setting<String>>,
    /// `userns_mode`.
    pub userns_mode: Option<Setting<String>>,
    /// `cgroup`.
    pub cgroup: Option<Setting<String>>,
    /// `network_mode`.
    pub network_mode: Option<Setting<String>>,
    /// `tmpfs` (short form) and `volumes` entries of type tmpfs (long form).
    pub tmpfs: Vec<Tmpfs>,
    /// `volumes`, without those of type tmpfs.
    pub mounts: Vec<Mount>,
    /// `devices` (`host:container[:permissions]` or CDI name).
    pub devices: Vec<Item>,
    /// `device_cgroup_rules`.
    pub device_cgroup_rules: Vec<Item>,
    /// GPU requests: `gpus`, `deploy.resources.reservations.devices` with the `gpu` capability, `runtime: nvidia`.
    pub gpus: Vec<Loc>,
    /// `runtime`.
    pub runtime: Option<Setting<String>>,
    /// `shm_size`, bytes.
    pub shm_size: Option<Setting<u64>>,
    /// Memory limit, bytes: `deploy.resources.limits.memory` or `mem_limit`.
    pub memory_limit: Option<Setting<u64>>,
    /// CPU limit in CPUs: `deploy.resources.limits.cpus` or `cpus`.
    pub cpu_limit: Option<Setting<String>>,
    /// Process limit: `deploy.resources.limits.pids` or `pids_limit`; -1 and 0 mean none.
    pub pids_limit: Option<Setting<i64>>,
    /// `healthcheck`.
    pub healthcheck: Option<Healthcheck>,
    /// `ports`, long form, one entry a range as written.
    pub ports: Vec<Port>,
    /// `expose`.
    pub expose: Vec<Item>,
    /// The environment that the container gets: `env_file` first, then `environment`.
    pub environment: IndexMap<String, Variable>,
    /// `env_file` entries.
    pub env_files: Vec<EnvFile>,
    /// `command`; an empty list for `command: []`.
    pub command: Option<Setting<Vec<String>>>,
    /// `entrypoint`.
    pub entrypoint: Option<Setting<Vec<String>>>,
    /// `working_dir`.
    pub working_dir: Option<Setting<String>>,
    /// Networks it joins, with their aliases. Empty with `network_mode`.
    pub networks: IndexMap<String, Loc>,
    /// `depends_on`: service, condition, whether required. `links`, `volumes_from` and shared namespaces included.
    pub depends_on: IndexMap<String, Dependency>,
    /// `profiles`.
    pub profiles: Vec<Item>,
    /// `secrets` and `configs`: name and target path.
    pub secrets: Vec<Item>,
    /// `extra_hosts`, as `name=address`.
    pub extra_hosts: Vec<Item>,
    /// `deploy.replicas` or `scale`.
    pub replicas: Option<Setting<u64>>,
    /// The merged value of the service in canonical form, for what has no field of its own.
    pub value: Value,
}

/// One place that defines a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition {
    /// The key.
    pub key: Loc,
    /// The body, which may be `null`.
    pub body: Loc,
}

/// One item of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The interpolated text; only a guess when `missing` is not empty.
    pub value: String,
    /// Where it is written.
    pub at: Loc,
    /// Variables without a value that it hangs on.
    pub missing: Vec<String>,
}

/// `build`.
#[derive(Debug, Clone)]
pub struct Build {
    /// Where it is written.
    pub at: Loc,
    /// The context directory relative to the root of the stack; `None` for a URL or an unknown value.
    pub context: Option<String>,
    /// The Dockerfile relative to the root of the stack; `None` for a URL, an unknown value or `dockerfile_inline`.
    pub dockerfile: Option<Spanned<String>>,
    /// `dockerfile_inline`.
    pub inline: Option<Spanned<String>>,
    /// `target`.
    pub target: Option<Setting<String>>,
    /// `args`; `None` as value: taken from the environment of the builder.
    pub args: IndexMap<String, Option<Setting<String>>>,
}

/// A tmpfs mount.
#[derive(Debug, Clone)]
pub struct Tmpfs {
    /// Where it is written.
    pub at: Loc,
    /// The path in the container.
    pub target: String,
    /// `size=`, bytes. `None`: half of the host's RAM (kernel, `Documentation/filesystems/tmpfs.rst`).
    pub size: Option<u64>,
    /// `mode=` as the kernel will see it, octal read as octal. In long form `tmpfs.mode` is a YAML integer.
    pub mode: Option<u32>,
    /// `uid=`.
    pub uid: Option<u32>,
    /// `gid=`.
    pub gid: Option<u32>,
    /// True unless `noexec` holds; Docker's default for `tmpfs:` and `--tmpfs` is `noexec`.
    pub exec: bool,
    /// All options as written (short form), empty for the long form.
    pub options: Vec<String>,
    /// True for `volumes: [{type: tmpfs}]`, where uid and gid cannot be given.
    pub long_form: bool,
    /// Variables without a value that it hangs on.
    pub missing: Vec<String>,
}

/// What kind of thing is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MountKind {
    /// A directory or file of the host.
    Bind,
    /// A named volume.
    Volume,
    /// A volume without a name.
    Anonymous,
    /// `npipe`, `cluster`, `image` or something newer.
    Other,
}

/// A `volumes` entry that is not a tmpfs.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Where it is written.
    pub at: Loc,
    /// What is mounted.
    pub kind: MountKind,
    /// Host path as Compose resolves it (absolute, or relative to the root of the stack when inside it), or volume name.
    pub source: Option<String>,
    /// The source as written, before paths are resolved.
    pub source_written: Option<String>,
    /// The path in the container.
    pub target: String,
    /// True for `ro` or `read_only: true`.
    pub read_only: bool,
    /// Variables without a value that it hangs on.
    pub missing: Vec<String>,
}

/// `healthcheck`.
#[derive(Debug, Clone)]
pub struct Healthcheck {
    /// Where it is written.
    pub at: Loc,
    /// True for `disable: true` or `test: ["NONE"]`.
    pub disabled: bool,
    /// The test with its first word (`CMD`, `CMD-SHELL`, `NONE`). Empty: the image's own test is used.
    pub test: Vec<String>,
    /// Variables without a value that it hangs on.
    pub missing: Vec<String>,
}

/// One `ports` entry in long form.
#[derive(Debug, Clone)]
pub struct Port {
    /// Where it is written.
    pub at: Loc,
    /// `host_ip`; `None` means every address of the host.
    pub host_ip: Option<String>,
    /// Host port or range as text; `None`: the engine chooses one.
    pub published: Option<String>,
    /// Container port or range as text.
    pub target: String,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
    /// Variables without a value that it hangs on.
    pub missing: Vec<String>,
}

/// One variable of the effective environment.
#[derive(Debug, Clone)]
pub struct Variable {
    /// The value; `None` when the name alone is given and the environment of the CLI decides.
    pub value: Option<String>,
    /// Where it is written: in `environment` or in an env file.
    pub at: Loc,
    /// True when an `env_file` gave it.
    pub from_env_file: bool,
    /// Variables without a value that it hangs on.
    pub missing: Vec<String>,
    /// The `env_file` entry of the same name that `environment` beats: its place and value.
    pub shadows: Option<Spanned<String>>,
    /// The text before interpolation.
    pub raw: Option<String>,
}

impl Variable {
    /// Names of all variables that the written value asks for, whether they have a value or not: `A` and `B` for
    /// `${A:-${B}}`.
    #[must_use]
    pub fn asks(&self) -> Vec<String> {
        self.raw.as_deref().map(super::interpolate::names).unwrap_or_default()
    }
}

/// One `env_file` entry.
#[derive(Debug, Clone)]
pub struct EnvFile {
    /// Where it is written.
    pub at: Loc,
    /// Path relative to the root of the stack.
    pub path: String,
    /// `required`, true by default.
    pub required: bool,
    /// False when the file is not there: the environment is then not fully known.
    pub found: bool,
    /// Variables without a value that the path hangs on.
    pub missing: Vec<String>,
}

/// One `depends_on` entry.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// Where it is written.
    pub at: Loc,
    /// `service_started`, `service_healthy` or `service_completed_successfully`.
    pub condition: String,
    /// `required`, true by default.
    pub required: bool,
}

/// What of a project is wanted, as on Compose's command line.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Compose files relative to the root of the stack, in order.
    pub files: Vec<String>,
    /// `--profile`; `*` enables all.
    pub profiles: Vec<String>,
    /// `--env-file`, relative to the root of the stack; empty: `.env` beside the first file.
    pub env_files: Vec<String>,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// `--project-directory`, relative to the root of the stack.
    pub project_directory: Option<String>,
    /// Variables of the shell, which win over env files. Empty for a scan, so that its result is the same everywhere.
    pub environment: IndexMap<String, String>,
}
