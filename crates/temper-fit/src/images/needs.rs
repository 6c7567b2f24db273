//! The single things an image needs: capabilities, paths, ports, credentials, parts of the host.

use serde::{Deserialize, Deserializer};

use super::known::Confidence;

/// One capability and why it is needed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CapabilityNeed {
    /// Name without the `CAP_` prefix.
    pub name: String,
    /// In which situation.
    pub when: CapabilityWhen,
    /// For what.
    pub reason: String,
    /// How this was learned, when it differs from the entry.
    pub confidence: Option<Confidence>,
}

/// In which situation a capability is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapabilityWhen {
    /// At every start.
    Always,
    /// At the first start, with an empty data directory.
    FirstStart,
    /// At each start after the first: data of the service user exists already.
    Restart,
    /// When the data directory belongs to root, as a fresh bind mount does.
    RootOwnedVolume,
    /// When a run directory is mounted as a tmpfs without `uid=` and `gid=`.
    RootOwnedTmpfs,
    /// Only for a feature, named in the reason; the rest works without.
    Feature,
}

/// A path the image writes to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathNeed {
    /// Absolute path with links resolved (`/run`, not `/var/run`).
    pub path: String,
    /// What is written there.
    pub kind: PathKind,
    /// How much is written there.
    pub size: Size,
    /// Whether the image declares it as `VOLUME`.
    #[serde(default)]
    pub volume: bool,
    /// Who must own it.
    #[serde(default)]
    pub owner: Owner,
    /// Octal permission bits a mount there should have, such as `0755`.
    pub mode: Option<String>,
    /// Whether files there are executed, so that `noexec` would break it.
    #[serde(default)]
    pub exec: bool,
    /// Whether the image fails, or silently loses data, without it being writable.
    #[serde(default = "yes")]
    pub required: bool,
    /// What makes a path that is not always required one that is.
    pub required_if: Option<PathCondition>,
    /// Why.
    pub reason: String,
    /// How this was learned, when it differs from the entry.
    pub confidence: Option<Confidence>,
}

/// What a service does that makes its image write to a path. One of the things named is enough.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathCondition {
    /// Variables: one of them is set, to whatever value.
    #[serde(default)]
    pub variables: Vec<String>,
    /// Paths in the container: something is mounted or copied there, or below.
    #[serde(default)]
    pub content: Vec<String>,
    /// Words of the command: one of them is given.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Words of the command, also as `WORD=value`: none of them is given. Only together with `arguments`.
    #[serde(default)]
    pub unless_arguments: Vec<String>,
}

/// What is written to a path, which decides between a volume and a tmpfs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathKind {
    /// Small state that must survive a re-creation: keys, node ids, settings databases.
    State,
    /// The data the service exists for.
    Data,
    /// Can be made again at a cost.
    Cache,
    /// Pid files, sockets, locks: gone with the process.
    Run,
    /// Scratch files.
    Tmp,
    /// Configuration that the image writes at start.
    Config,
    /// Log files.
    Log,
    /// Downloaded models.
    Model,
}

impl PathKind {
    /// Whether losing the content with the container loses something that matters.
    #[must_use]
    pub const fn must_survive(self) -> bool {
        matches!(self, Self::State | Self::Data | Self::Model)
    }
}

/// How much is written to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Size {
    /// Up to 16 MiB: pid files, sockets, rendered configuration.
    Small,
    /// Up to 256 MiB: scratch files, request bodies, compiled caches.
    Medium,
    /// More, or without a bound known in advance: data, models.
    Large,
}

/// Who must own a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Owner {
    /// Root.
    Root,
    /// The user the service ends up as.
    #[default]
    Service,
    /// Whoever the container is started as: the directory is used before the image changes its user.
    Starter,
    /// Fixed ids.
    Ids {
        /// User id.
        uid: u32,
        /// Group id.
        gid: u32,
    },
}

impl<'de> Deserialize<'de> for Owner {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "expected root, service, starter or uid:gid as owner, got {text:?}"
            ))
        })
    }
}

impl Owner {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "root" => Some(Self::Root),
            "service" => Some(Self::Service),
            "starter" => Some(Self::Starter),
            _ => {
                let (uid, gid) = text.split_once(':')?;
                Some(Self::Ids { uid: uid.parse().ok()?, gid: gid.parse().ok()? })
            }
        }
    }
}

/// A kernel-side allowance.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelNeed {
    /// Which one.
    pub kind: KernelKind,
    /// The value: bytes with a unit for `shm`, a limit for `memlock` and `nofile`, `name=value` for `sysctl`.
    pub value: String,
    /// Whether it is needed (`true`) or only advised.
    #[serde(default)]
    pub required: bool,
    /// Why.
    pub reason: String,
}

/// Kinds of kernel-side allowance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KernelKind {
    /// Size of `/dev/shm` (`shm_size`).
    Shm,
    /// `ulimits.memlock`.
    Memlock,
    /// `ulimits.nofile`.
    Nofile,
    /// A sysctl.
    Sysctl,
}

/// A port the image listens on by default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Port number.
    pub port: u16,
    /// Transport or application protocol: `tcp`, `udp`, `http`, `https`, `grpc`.
    pub protocol: String,
    /// What it serves.
    pub purpose: String,
    /// Whether it gives control over the service and must never be published.
    #[serde(default)]
    pub admin: bool,
}

/// A variable that carries a credential.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Environment variable.
    pub variable: String,
    /// Variable that takes a file name instead (`…_FILE`), when the image has one.
    pub file_variable: Option<String>,
    /// What happens when it is not set.
    pub when_absent: WhenAbsent,
    /// The value the image uses when it is not set.
    pub default: Option<String>,
    /// Well-known example values: worse than none, because they look like a password.
    #[serde(default)]
    pub well_known: Vec<String>,
}

/// What an image does when a credential is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenAbsent {
    /// It refuses to start.
    Refuses,
    /// It runs without authentication.
    Open,
    /// It uses a published default.
    Default,
    /// It makes one up and prints or stores it.
    Generates,
    /// The account or feature it belongs to does not exist then.
    Unused,
}

/// A setting that switches authentication or encryption off. At least one of `variable` and `argument` is given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthOff {
    /// Environment variable.
    pub variable: Option<String>,
    /// Command-line argument, as written.
    pub argument: Option<String>,
    /// Values that switch it off. Empty: being set to anything does, or, with `absent`, only being absent does.
    #[serde(default)]
    pub values: Vec<String>,
    /// Whether leaving it out switches authentication off.
    #[serde(default)]
    pub absent: bool,
    /// What is open then.
    pub effect: String,
}

/// A health check, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Healthcheck {
    /// Compose `healthcheck.test`: first word `CMD` or `CMD-SHELL`, and `$` as the container reads it, not doubled as
    /// Compose wants it in a file. `None`: the image has no tool to make one.
    pub test: Option<Vec<String>>,
    /// An argument of the service itself without which the test always fails, such as `--ping`.
    pub needs_argument: Option<String>,
    /// The image's own command has [`Self::needs_argument`], or what stands for it: only another command lacks it.
    #[serde(default)]
    pub argument_by_default: bool,
    /// A variable of the service without which the test always fails.
    pub needs_variable: Option<String>,
    /// A directory of configuration that decides what is answered: with files of the user there, the test says nothing.
    pub needs_own_files_in: Option<String>,
    /// Whether the image declares its own `HEALTHCHECK`.
    #[serde(default)]
    pub declared: bool,
    /// What it proves, what it does not, or why there is none.
    pub reason: String,
    /// How this was learned, when it differs from the entry.
    pub confidence: Option<Confidence>,
}

/// Something an image needs of the host.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostNeed {
    /// What kind of thing.
    pub kind: HostKind,
    /// The thing itself, as in Compose: `/sys:/sys:ro`, `host`, `/dev/kmsg`.
    pub what: String,
    /// Whether the service cannot do its work without it.
    pub inherent: bool,
    /// What it is for.
    pub reason: String,
    /// The least that does the same work, when there is less.
    pub least: Option<String>,
    /// What to write into a waiver when the risk stays.
    pub waiver: Option<String>,
}

/// Kinds of host access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostKind {
    /// A bind mount.
    Mount,
    /// The container engine's socket: control over the host.
    EngineSocket,
    /// `privileged: true`.
    Privileged,
    /// `pid: host`.
    Pid,
    /// `network_mode: host`.
    Network,
    /// A device.
    Device,
    /// A GPU.
    Gpu,
}

const fn yes() -> bool {
    true
}
