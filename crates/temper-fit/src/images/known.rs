//! One image: who it starts as, who it becomes, and what it needs.

use serde::Deserialize;
use temper_model::Class;

use super::needs::{
    AuthOff, CapabilityNeed, Credential, Healthcheck, HostNeed, KernelNeed, Owner, PathNeed, Port,
};
use super::variant::Variant;

/// What is known about one image family member, as read from `images/*.toml`.
///
/// A field that is `None` is not known; consumers must treat it as unknown, never as "no".
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownImage {
    /// Stable name of the entry, unique over all files.
    pub id: String,
    /// Repositories in normalised short form: `postgres` is `docker.io/library/postgres`, `a/b` is `docker.io/a/b`,
    /// others start with their registry. One `*` stands for the rest of the name (`bitnami/*`).
    pub names: Vec<String>,
    /// Whether the image is a service or a base that applications are built on.
    #[serde(default)]
    pub role: Role,
    /// Workload class of a service. `None` for a base image: the application decides.
    pub class: Option<Class>,
    /// Network tier of a service. `None` for a base image.
    pub tier: Option<Tier>,
    /// How the facts of this entry were learned, unless a fact says otherwise.
    pub confidence: Confidence,
    /// Upstream files the facts were read from. Never empty.
    pub sources: Vec<Source>,
    /// The user of the container's first process as the image ships it.
    pub start: Option<Identity>,
    /// The user the image changes to by itself. `None` when it stays who it was.
    pub drops_to: Option<Drops>,
    /// Whether it can be started directly as another user.
    #[serde(default)]
    pub runs_as: RunsAs,
    /// How it behaves with `read_only: true`.
    pub rootfs: Option<RootfsNote>,
    /// Whether it works with `no-new-privileges`.
    pub no_new_privileges: Option<SupportNote>,
    /// Capabilities needed when the container starts as the image ships it.
    #[serde(default)]
    pub capabilities: Vec<CapabilityNeed>,
    /// Capabilities needed when the container is started directly as its service user.
    #[serde(default)]
    pub capabilities_as_service: Vec<CapabilityNeed>,
    /// Whether the two capability lists are complete, so that everything else can be dropped.
    #[serde(default)]
    pub capabilities_known: bool,
    /// Paths it writes to.
    #[serde(default)]
    pub paths: Vec<PathNeed>,
    /// Directories whose log files are links to the console: a mount there would hide the links, and with them the logs.
    #[serde(default)]
    pub console_logs: Vec<String>,
    /// Shared memory, locked memory, file limits and kernel settings.
    #[serde(default)]
    pub kernel: Vec<KernelNeed>,
    /// Ports it listens on by default.
    #[serde(default)]
    pub ports: Vec<Port>,
    /// Variables that carry credentials.
    #[serde(default)]
    pub credentials: Vec<Credential>,
    /// Settings that switch authentication off.
    #[serde(default)]
    pub auth_off: Vec<AuthOff>,
    /// A health check that works with what is inside the image.
    pub healthcheck: Option<Healthcheck>,
    /// What it needs of the host by design.
    #[serde(default)]
    pub host: Vec<HostNeed>,
    /// Other facts a person should know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Differences of some tags. Empty in an image returned by a lookup: they have been applied.
    #[serde(default)]
    pub variants: Vec<Variant>,
}

impl KnownImage {
    /// The identity the main process ends up with: the drop user, or else the start user.
    #[must_use]
    pub fn service_identity(&self) -> Option<&Identity> {
        match &self.drops_to {
            Some(drops) => Some(&drops.to),
            None => self.start.as_ref(),
        }
    }

    /// Whether the image as shipped starts as root. `None` when the start user is not known.
    #[must_use]
    pub fn starts_as_root(&self) -> Option<bool> {
        self.start.as_ref().map(|start| start.uid == 0)
    }

    /// The uid and gid a path must belong to when the container is started as `started_as` (`uid`, `gid`).
    ///
    /// `None` when the entry does not know the identity in question.
    #[must_use]
    pub fn owner_of(&self, path: &PathNeed, started_as: (u32, u32)) -> Option<(u32, u32)> {
        match path.owner {
            // Started without root, nothing can be owned by anyone else and still be writable.
            _ if started_as.0 != 0 => Some(started_as),
            Owner::Root => Some((0, 0)),
            Owner::Starter => Some(started_as),
            Owner::Ids { uid, gid } => Some((uid, gid)),
            Owner::Service => self.service_identity().map(|identity| (identity.uid, identity.gid)),
        }
    }
}

/// Whether an image is run as it is or built upon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Run as it is; the entry describes all of it.
    #[default]
    Service,
    /// A base for applications; the entry describes only what the base brings.
    Base,
}

/// Network tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the documentation")]
pub enum Tier {
    Api,
    Application,
    Bus,
    Data,
    Monitoring,
}

/// How a fact was learned, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Tried on a live engine, with the functional tests that would have failed otherwise.
    Measured,
    /// Read in the image's own Dockerfile, entrypoint or source.
    Read,
    /// Stated by the project's documentation.
    Documented,
    /// Common knowledge that was not checked.
    Believed,
}

/// Where facts come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Address of the file or page.
    pub url: String,
    /// What it was used for. Empty: everything in the entry.
    #[serde(default)]
    pub what: String,
}

/// A user inside an image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Name in the image's `/etc/passwd`, when it has one.
    pub user: Option<String>,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Home directory.
    pub home: Option<String>,
}

/// The change of user the image makes by itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Drops {
    /// Who it becomes.
    #[serde(flatten)]
    pub to: Identity,
    /// How.
    pub how: DropMethod,
}

/// How an image changes its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropMethod {
    /// `gosu` in the entrypoint.
    Gosu,
    /// `su-exec` in the entrypoint.
    SuExec,
    /// `setpriv` in the entrypoint.
    Setpriv,
    /// `su` or `runuser` in the entrypoint.
    Su,
    /// `chroot --userspec` in the entrypoint.
    Chroot,
    /// The program itself (nginx and Apache workers, `memcached -u`).
    Internal,
    /// `s6-setuidgid` under the s6 supervisor.
    S6,
}

/// Whether an image can be started directly as another user (`user:` in Compose).
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunsAs {
    /// As the user it would otherwise drop to.
    pub service: Option<SupportNote>,
    /// As any uid, such as 65532.
    pub arbitrary: Option<SupportNote>,
}

/// Does it work?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// It does.
    Yes,
    /// It does when the condition in the reason is met.
    Conditional,
    /// It does not.
    No,
}

/// An answer with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupportNote {
    /// The answer.
    pub works: Support,
    /// Why, or under which condition.
    pub reason: String,
    /// How this was learned, when it differs from the entry.
    pub confidence: Option<Confidence>,
}

/// Behaviour with a read-only root file system.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RootfsNote {
    /// The answer.
    pub support: RootfsSupport,
    /// Why.
    pub reason: String,
    /// How this was learned, when it differs from the entry.
    pub confidence: Option<Confidence>,
}

/// Whether an image works with a read-only root file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RootfsSupport {
    /// As it is, apart from its volumes.
    Works,
    /// Once every required path of the entry is writable.
    NeedsPaths,
    /// Not at all.
    Breaks,
}
