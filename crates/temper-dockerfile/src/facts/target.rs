use indexmap::IndexMap;
use temper_text::Span;

use super::{Accounts, CopyFact, DistributionHint, PackageUse, PathFact, Start};
use crate::{Command, Resolved, Variable};

/// A value and the bytes of the Dockerfile it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value with its place.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// What a build target produces. Values that the base image brings are not in here: `None` means "as in the base image".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetFacts {
    /// Index of the target's stage.
    pub stage: usize,
    /// Name of the target's stage.
    pub name: Option<String>,
    /// The image below the first stage of the chain, with the FROM word it comes from.
    pub base: Spanned<BaseImage>,
    /// The stages that build the target, from the one on the base image to the target itself.
    pub chain: Vec<ChainLink>,
    /// The last USER.
    pub user: Option<Spanned<Resolved>>,
    /// Every USER of the chain, in order; the last is the effective one.
    pub users_set: Vec<Spanned<Resolved>>,
    /// Users and groups that RUN and COPY create.
    pub accounts: Accounts,
    /// The working folder, made absolute.
    pub workdir: Option<Spanned<Resolved>>,
    /// Ports of EXPOSE.
    pub ports: Vec<PortFact>,
    /// Paths of VOLUME.
    pub volumes: Vec<Spanned<Resolved>>,
    /// ENTRYPOINT.
    pub entrypoint: Option<Spanned<Command>>,
    /// CMD. Without one, see [`TargetFacts::cmd_cleared`].
    pub cmd: Option<Spanned<Command>>,
    /// True when an ENTRYPOINT dropped the CMD of what is below it, as the builder does.
    pub cmd_cleared: bool,
    /// ENV of the chain: the last value of each name.
    pub env: IndexMap<String, Spanned<Resolved>>,
    /// ARGs declared in the chain, and those before the first FROM.
    pub args: Vec<ArgFact>,
    /// SHELL.
    pub shell: Option<Spanned<Vec<String>>>,
    /// Package managers that RUN uses.
    pub packages: Vec<PackageUse>,
    /// Folders and files that RUN creates, and whose owner or mode it changes.
    pub paths: Vec<PathFact>,
    /// Directories into which RUN clones a repository: code that the image brings.
    pub clones: Vec<Resolved>,
    /// COPY and ADD.
    pub copies: Vec<CopyFact>,
    /// HEALTHCHECK.
    pub healthcheck: Option<Spanned<HealthcheckFact>>,
    /// What the container runs when it starts.
    pub start: Start,
    /// ONBUILD triggers that the target hands on to images built from it.
    pub onbuild: Vec<Span>,
    /// The family of the distribution, with the evidence.
    pub distribution: DistributionHint,
    /// RUN instructions of which a part could not be read: they may do more than these facts say.
    pub unread: Vec<Span>,
}

/// The image below a chain of stages.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BaseImage {
    /// An image reference.
    Known(String),
    /// `scratch`: nothing.
    Scratch,
    /// The reference holds variables without a value.
    Unknown {
        /// Their names.
        missing: Vec<String>,
    },
}

/// One stage of the chain that builds a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainLink {
    /// Index of the stage.
    pub stage: usize,
    /// Name of the stage.
    pub name: Option<String>,
    /// The FROM instruction.
    pub from: Span,
}

/// A port of EXPOSE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortFact {
    /// First and last port of the range; `None` when it is not known or no number.
    pub range: Option<(u16, u16)>,
    /// `tcp` unless the file says otherwise.
    pub protocol: String,
    /// As resolved.
    pub text: Resolved,
    /// The word.
    pub span: Span,
}

impl PortFact {
    /// True when a port of the range is below 1024: binding it needs a capability on hosts that keep the kernel's default
    /// of `net.ipv4.ip_unprivileged_port_start`.
    #[must_use]
    pub fn is_privileged(&self) -> bool {
        self.range.is_some_and(|(first, _)| first < 1024)
    }
}

/// One ARG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgFact {
    /// Name.
    pub name: String,
    /// Default as written.
    pub default: Option<String>,
    /// The value for the build arguments that were given.
    pub value: Variable,
    /// True for an ARG before the first FROM.
    pub global: bool,
    /// The definition.
    pub span: Span,
}

/// HEALTHCHECK.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthcheckFact {
    /// `HEALTHCHECK NONE`.
    Disabled,
    /// `HEALTHCHECK CMD …`.
    Command(Command),
}

impl TargetFacts {
    /// The user that was created under that name or numeric id.
    #[must_use]
    pub fn created_user(&self, name_or_uid: &str) -> Option<&super::UserFact> {
        self.accounts.user(name_or_uid)
    }

    /// The name or id before the `:` of the effective USER, when it is known.
    #[must_use]
    pub fn user_name(&self) -> Option<&str> {
        let user = self.user.as_ref()?.value.known()?;
        Some(user.split(':').next().unwrap_or(user))
    }

    /// The home of the effective user, when this file creates that user and says or implies where.
    #[must_use]
    pub fn home(&self) -> Option<Spanned<Resolved>> {
        let user = self.created_user(self.user_name()?)?;
        Some(Spanned::new(user.home_or_default(), user.span))
    }

    /// Modes with the set-user-id or set-group-id bit that RUN, COPY or ADD give.
    pub fn set_id(&self) -> impl Iterator<Item = Span> {
        let paths = self.paths.iter().filter(|path| path.sets_id()).map(|path| path.span);
        let copies = self.copies.iter().filter(|copy| copy.sets_id()).map(|copy| copy.span);
        paths.chain(copies)
    }

    /// Exposed ports below 1024.
    pub fn privileged_ports(&self) -> impl Iterator<Item = &PortFact> {
        self.ports.iter().filter(|port| port.is_privileged())
    }
}
