use temper_model::Class;
use temper_text::Loc;

use crate::Evidence;
use crate::images::Match;

/// What one Compose service needs, and what it should become.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Workload class; it decides sizes (R4-R6).
    pub class: Need<Class>,
    /// Where the image comes from.
    pub image: ImageSource,
    /// Who the container runs as, today.
    pub login: Login,
    /// Paths that the service writes, each with what covers it today. Sorted by path.
    pub writable: Vec<WritablePath>,
    /// Capabilities that it needs when it runs as `target.user` says.
    pub capabilities: Vec<CapabilityNeed>,
    /// True when the service asks for a GPU.
    pub gpu: bool,
    /// Why nothing is known of what the image does, when that is so: then `writable` and `capabilities` hold only
    /// what is true of every image, and a read-only root cannot be planned.
    pub blind: Option<String>,
    /// What the service should look like when hardened.
    pub target: Target,
}

/// A value with the evidence for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Need<T> {
    /// The value.
    pub value: T,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// Where the image of a service comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum ImageSource {
    /// Built from a Dockerfile of this stack: its path in [`temper_model::Stack::dockerfiles`] and the target stage.
    Built {
        /// Path of the Dockerfile.
        dockerfile: String,
        /// `build.target`.
        target: Option<String>,
        /// Facts of that target with the build arguments of this service.
        facts: Box<temper_dockerfile::TargetFacts>,
        /// The entry of `images/` for the image that it is built on, when that is known.
        base: Option<Match>,
    },
    /// Pulled, and known to `images/`.
    Known {
        /// The reference as resolved.
        reference: String,
        /// The entry of `images/`, with the conditions of the tag applied.
        entry: Match,
    },
    /// Pulled, and not known.
    Foreign {
        /// The reference as resolved.
        reference: String,
    },
    /// Cannot be told: unresolved variables, a remote context, a Dockerfile that is not there.
    Unknown {
        /// What is missing.
        why: String,
    },
}

/// Who a container runs as.
#[derive(Debug, Clone, PartialEq)]
pub struct Login {
    /// The identity that PID 1 starts with: `user:` of Compose, else `USER` of the image.
    pub start: Identity,
    /// The identity that the service process has after an entrypoint dropped its privileges; equal to `start` else.
    pub runs_as: Identity,
    /// Home directory of `runs_as`, when it can be told.
    pub home: Option<String>,
    /// Where the user is decided: `user:` or the last `USER`. `None` when the image decides.
    pub at: Option<Loc>,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// A user as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Identity {
    /// Uid 0, by number, by name, by an empty `user:` or because nothing says otherwise.
    Root,
    /// A number.
    Numeric {
        /// Uid.
        uid: u32,
        /// Gid, when written or known.
        gid: Option<u32>,
    },
    /// A name that is not `root`; the numbers when something says them.
    Named {
        /// The name as written.
        name: String,
        /// Uid, when known.
        uid: Option<u32>,
        /// Gid, when known.
        gid: Option<u32>,
    },
    /// Cannot be told.
    Unknown {
        /// What is missing.
        why: String,
    },
}

/// What a path is written for; it decides where it should live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathKind {
    /// Temporary files: tmpfs.
    Tmp,
    /// A cache that may be lost: tmpfs.
    Cache,
    /// Pid files, sockets, locks: tmpfs.
    Run,
    /// Log files: tmpfs.
    Log,
    /// Configuration that is written at start: a volume, which begins with what the image holds there.
    Config,
    /// A model cache, large and slow to fill: a named volume, never a tmpfs (failure-mode 8).
    Model,
    /// Data that must be kept: a volume.
    State,
}

impl PathKind {
    /// True when a mount there has to begin with what the image holds, or has to keep what is written: a volume, which
    /// the engine fills from the image, and never a tmpfs, which hides it (failure-modes 6 and 8).
    #[must_use]
    pub fn needs_volume(self) -> bool {
        matches!(self, Self::Config | Self::Model | Self::State)
    }
}

/// A path that a service writes.
#[derive(Debug, Clone, PartialEq)]
pub struct WritablePath {
    /// Absolute path in the container.
    pub path: String,
    /// What it is written for.
    pub kind: PathKind,
    /// Size in bytes that a tmpfs there should have.
    pub size: u64,
    /// True when files there are executed or mapped executable (JIT, `.so` extraction).
    pub exec: bool,
    /// Uid and gid that a tmpfs there should belong to.
    pub owner: (u32, u32),
    /// Permission bits that a tmpfs there should have.
    pub mode: u32,
    /// What makes it writable under a read-only root today. `None`: nothing does.
    pub cover: Option<Cover>,
    /// True when nothing of this service says that it is written: most programs write there.
    pub assumed: bool,
    /// True when no mount may stand there, because it would hide what the image has.
    pub pinned: bool,
    /// Why it is believed to be written.
    pub evidence: Vec<Evidence>,
}

/// What covers a writable path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cover {
    /// A tmpfs mount, at this place of the file.
    Tmpfs(Loc),
    /// A writable volume or bind mount, at this place of the file.
    Mount(Loc),
    /// `/dev/shm` and `/dev/mqueue`, which the engine always mounts.
    Engine,
    /// An anonymous volume, which the engine makes for each `VOLUME` of the image. It goes with the container.
    ImageVolume,
}

/// A capability and why it is needed.
#[derive(Debug, Clone, PartialEq)]
pub struct CapabilityNeed {
    /// Name without `CAP_`.
    pub name: String,
    /// Why.
    pub evidence: Vec<Evidence>,
}

/// What a service should look like when hardened. All fixes take their values from here, so that they agree.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Target {
    /// The user it should run as; `None`: left as it is, `why_user` says why.
    pub user: Option<TargetUser>,
    /// Why the user is left as it is, when it is.
    pub why_user: Option<String>,
    /// tmpfs mounts to add (paths of `writable` that nothing covers).
    pub tmpfs: Vec<PlannedTmpfs>,
    /// Named volumes to add: (volume name, path in the container, evidence).
    pub volumes: Vec<(String, String, Vec<Evidence>)>,
    /// Environment variables that move a cache to a writable path.
    pub redirects: Vec<Redirect>,
    /// Memory limit in bytes; `None`: nobody said and nothing was measured.
    pub memory: Option<u64>,
    /// CPU limit as Compose writes it (`"1.0"`); `None`: nobody said and nothing was measured.
    pub cpus: Option<String>,
    /// Processes.
    pub pids: u64,
    /// `shm_size` in bytes when the service needs more than the engine's 64 MiB.
    pub shm_size: Option<u64>,
    /// Supplementary groups it needs (`video`, `render` for GPU devices).
    pub groups: Vec<Need<String>>,
}

/// The user a service should run as.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetUser {
    /// Uid.
    pub uid: u32,
    /// Gid.
    pub gid: u32,
    /// Name of the user in the image, when the Dockerfile is to create one.
    pub name: Option<String>,
    /// Home directory under that user.
    pub home: String,
    /// True when the Dockerfile of this stack must be changed (user created, files owned) for this to work.
    pub needs_dockerfile: bool,
    /// Why this user.
    pub evidence: Vec<Evidence>,
}

/// A tmpfs mount to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedTmpfs {
    /// Absolute path in the container.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Owner; always stated (failure-mode 7).
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
    /// True: `exec`.
    pub exec: bool,
    /// Why.
    pub evidence: Vec<Evidence>,
}

impl PlannedTmpfs {
    /// The short form of Compose: `/tmp:size=524288000,uid=65532,gid=65532,mode=1777,noexec,nosuid,nodev`.
    #[must_use]
    pub fn short_form(&self) -> String {
        let exec = if self.exec { "exec" } else { "noexec" };
        let Self { path, uid, gid, mode, .. } = self;
        format!(
            "{path}:size={},uid={uid},gid={gid},mode={mode:04o},{exec},nosuid,nodev",
            size_text(self.size)
        )
    }
}

/// A size as tmpfs and Compose both read it: whole MiB or GiB with a suffix, else bytes.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    const GIB: u64 = 1024 * MIB;
    match bytes {
        b if b > 0 && b % GIB == 0 => format!("{}g", b / GIB),
        b if b > 0 && b % MIB == 0 => format!("{}m", b / MIB),
        b => b.to_string(),
    }
}

/// A variable that moves what a framework writes to a path that is writable.
#[derive(Debug, Clone, PartialEq)]
pub struct Redirect {
    /// The variable, such as `HF_HOME`.
    pub variable: String,
    /// Its value.
    pub value: String,
    /// Why.
    pub evidence: Vec<Evidence>,
}
