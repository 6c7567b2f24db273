//! Who owns a directory of an image, as far as its Dockerfile says.

use temper_dockerfile::Resolved;
use temper_dockerfile::facts::{CopyFact, PathAction, PathFact, TargetFacts, UserFact};
use temper_fit::images::{Match, Role};
use temper_fit::{canonical, holds};
use temper_text::Span;

/// Who owns a directory of the image that a volume is mounted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::controls) enum DirectoryOwner {
    /// The user may write it.
    User,
    /// Somebody else owns it, or nothing creates it, which leaves it to root.
    Other {
        /// For people: "belongs to root".
        why: String,
        /// What says so.
        at: Option<Span>,
    },
    /// Cannot be told; what is missing.
    Unknown(String),
}

/// A user of the image: its number, and its name when one was given.
pub(in crate::controls) struct User<'a> {
    pub(in crate::controls) uid: Option<u32>,
    pub(in crate::controls) name: Option<&'a str>,
}

/// Something that the Dockerfile does to the directory or above it.
enum Step<'a> {
    Home(&'a UserFact),
    Workdir(Span),
    Path(&'a PathFact),
    Copy(&'a CopyFact),
}

impl Step<'_> {
    fn span(&self) -> Span {
        match self {
            Self::Home(user) => user.span,
            Self::Workdir(span) => *span,
            Self::Path(path) => path.span,
            Self::Copy(copy) => copy.span,
        }
    }
}

/// Who owns `path` in the image of a target, read in the order in which it is built.
pub(in crate::controls) fn in_target(
    facts: &TargetFacts,
    base: Option<&Match>,
    path: &str,
    user: &User<'_>,
) -> DirectoryOwner {
    let path = canonical(path);
    let mut steps: Vec<Step<'_>> = facts.paths.iter().map(Step::Path).collect();
    steps.extend(facts.copies.iter().map(Step::Copy));
    steps.extend(facts.accounts.users.iter().map(Step::Home));
    steps.extend(facts.workdir.as_ref().map(|workdir| Step::Workdir(workdir.span)));
    // The stages of one target stand in the order in which they are built.
    steps.sort_by_key(|step| step.span().start);
    let is_scratch = super::targets::base_name(facts) == "scratch";
    let may_exist = (base.is_none() && !is_scratch) || is_of_every_system(&path);
    let mut reader = Reader { facts, path: &path, user, may_exist, owner: None, inherited: None };
    for step in &steps {
        match step {
            Step::Home(user) => reader.home(user),
            Step::Workdir(span) => reader.workdir(*span),
            Step::Path(fact) => reader.path(fact),
            Step::Copy(copy) => reader.copy(copy),
        }
    }
    reader.finish(base)
}

struct Reader<'a> {
    facts: &'a TargetFacts,
    path: &'a str,
    user: &'a User<'a>,
    /// True when the base image may have the directory, for somebody that is not known.
    may_exist: bool,
    /// Who owns the directory, once something is known to create it.
    owner: Option<DirectoryOwner>,
    /// Who would own it if a COPY into a directory above brings it.
    inherited: Option<DirectoryOwner>,
}

impl Reader<'_> {
    /// `useradd --create-home` gives the home directory to its user, unless it is there already.
    fn home(&mut self, user: &UserFact) {
        let is_home = user.home_or_default().known().is_some_and(|home| canonical(home) == self.path);
        if is_home && user.creates_home == Some(true) && self.owner.is_none() {
            let name = user.name.known().unwrap_or_default();
            let owner = self.owned_by(name, user.span);
            self.owner = Some(if user.conditional { self.conditional() } else { owner });
        }
    }

    /// BuildKit creates the directory for the USER in effect, the older builder for root.
    fn workdir(&mut self, span: Span) {
        let workdir = self.facts.workdir.as_ref().and_then(|workdir| workdir.value.known()).map(canonical);
        if self.owner.is_some() || workdir.as_deref() != Some(self.path) {
            return;
        }
        self.owner = Some(match self.owned_by_current_user(span) {
            DirectoryOwner::User => {
                DirectoryOwner::Unknown(format!("which builder creates {} by WORKDIR", self.path))
            }
            owner => owner,
        });
    }

    fn conditional(&self) -> DirectoryOwner {
        DirectoryOwner::Unknown(format!("whether the command that creates {} runs", self.path))
    }

    fn path(&mut self, fact: &PathFact) {
        let Some(written) = fact.path.known().map(canonical) else { return };
        let exact = written == self.path;
        let above = fact.recursive && holds(&written, self.path);
        let below = holds(self.path, &written);
        let owner = match fact.action {
            PathAction::CreateDirectory if exact || below => {
                let given = if exact { fact.owner.as_ref() } else { None };
                Some(match given {
                    Some(owner) => self.resolved(owner, fact.span),
                    None => self.created_by_current_user(fact.instruction),
                })
                // A directory that is there keeps its owner.
                .filter(|_| self.owner.is_none() || given.is_some())
            }
            PathAction::ChangeOwner if exact || above => {
                let owner = fact.owner.as_ref().map(|owner| self.resolved(owner, fact.span));
                if !exact && self.owner.is_none() {
                    self.inherited = owner;
                    return;
                }
                owner
            }
            PathAction::ChangeMode if exact || above => self.opened(fact),
            _ => None,
        };
        let Some(owner) = owner else { return };
        self.owner = Some(if fact.conditional { self.conditional() } else { owner });
    }

    fn copy(&mut self, copy: &CopyFact) {
        let Some(dest) = copy.dest.known().map(canonical) else { return };
        let owner = match &copy.chown {
            Some(owner) => self.resolved(owner, copy.span),
            None => self.owned_by("root", copy.span),
        };
        if dest == self.path || holds(self.path, &dest) {
            self.owner.get_or_insert(match owner {
                // COPY keeps the owner of a directory that is there, as an earlier WORKDIR leaves it.
                DirectoryOwner::User => {
                    DirectoryOwner::Unknown(format!("whether {} is there before the COPY", self.path))
                }
                owner => owner,
            });
        } else if holds(&dest, self.path) {
            self.inherited = Some(owner);
        }
    }

    /// Others may write: the owner does not matter.
    fn opened(&self, fact: &PathFact) -> Option<DirectoryOwner> {
        let mode = fact.mode.as_ref()?.known()?;
        let octal = u32::from_str_radix(mode, 8).ok();
        let opens = match octal {
            Some(bits) => bits & 0o002 != 0,
            None => matches!(mode, "a+rwx" | "a+w" | "a+rw" | "o+w" | "o+rwx" | "a+rwX" | "ugo+rwx"),
        };
        (opens && (self.owner.is_some() || canonical(fact.path.known()?) == self.path))
            .then_some(DirectoryOwner::User)
    }

    fn resolved(&self, owner: &Resolved, at: Span) -> DirectoryOwner {
        match owner {
            Resolved::Known(owner) => self.owned_by(owner, at),
            Resolved::Unknown { missing } => DirectoryOwner::Unknown(format!(
                "the owner of {}: {}",
                self.path,
                super::missing_variables(missing)
            )),
        }
    }

    /// `user`, `user:group` or `:group`.
    fn owned_by(&self, owner: &str, at: Span) -> DirectoryOwner {
        let user = owner.split([':', '.']).next().unwrap_or(owner);
        if user.is_empty() {
            return DirectoryOwner::Unknown(format!(
                "whether the group of {} is enough to write it",
                self.path
            ));
        }
        let uid = user.parse::<u32>().ok().or_else(|| self.number_of(user));
        if self.user.name == Some(user) || (uid.is_some() && uid == self.user.uid) {
            return DirectoryOwner::User;
        }
        match (uid, self.user.uid) {
            (Some(_), Some(_)) => {
                DirectoryOwner::Other { why: format!("belongs to {user} in the image"), at: Some(at) }
            }
            _ => DirectoryOwner::Unknown(format!("the number of {user} in the image")),
        }
    }

    fn number_of(&self, name: &str) -> Option<u32> {
        if name == "root" {
            return Some(0);
        }
        self.facts.created_user(name)?.uid.as_ref()?.known()?.parse().ok()
    }

    /// `mkdir -p` leaves a directory alone that is there already.
    fn created_by_current_user(&self, instruction: Span) -> DirectoryOwner {
        match self.owned_by_current_user(instruction) {
            DirectoryOwner::User if self.may_exist => {
                DirectoryOwner::Unknown(format!("whether the base image has {}", self.path))
            }
            owner => owner,
        }
    }

    /// The USER in effect for an instruction.
    fn owned_by_current_user(&self, instruction: Span) -> DirectoryOwner {
        let before = self.facts.users_set.iter().rev().find(|user| user.span.start < instruction.start);
        match before {
            Some(user) => self.resolved(&user.value, instruction),
            None => match super::targets::base_user(self.facts) {
                Ok(temper_fit::Identity::Root) => self.owned_by("root", instruction),
                Ok(temper_fit::Identity::Numeric { uid, .. }) => self.owned_by(&uid.to_string(), instruction),
                _ => DirectoryOwner::Unknown(format!("the user that creates {}", self.path)),
            },
        }
    }

    fn finish(self, base: Option<&Match>) -> DirectoryOwner {
        if let Some(owner) = self.owner {
            return owner;
        }
        if !self.facts.unread.is_empty() {
            return DirectoryOwner::Unknown(format!(
                "whether a RUN that cannot be read creates {}",
                self.path
            ));
        }
        if self.inherited == Some(DirectoryOwner::User) {
            return DirectoryOwner::Unknown(format!("whether {} is among what the image copies", self.path));
        }
        match base {
            Some(base) => in_known_image(base, self.path, self.user.uid),
            None if super::targets::base_name(self.facts) == "scratch" => missing(self.path),
            None => DirectoryOwner::Unknown(format!("whether the base image has {}", self.path)),
        }
    }
}

/// Who owns `path` in a known image.
pub(in crate::controls) fn in_known_image(entry: &Match, path: &str, uid: Option<u32>) -> DirectoryOwner {
    let path = canonical(path);
    let image = &entry.image;
    if image.role == Role::Base {
        return if is_of_every_system(&path) {
            DirectoryOwner::Unknown(format!("who owns {path} in image {}", image.id))
        } else {
            missing(&path)
        };
    }
    let Some(need) = image.paths.iter().find(|need| canonical(&need.path) == path) else {
        return DirectoryOwner::Unknown(format!("whether image {} has {path}, and for whom", image.id));
    };
    let service = image.service_identity().map(|identity| identity.uid);
    match (service, uid) {
        (Some(service), Some(uid)) if service == uid => DirectoryOwner::User,
        (Some(service), Some(_)) if need.volume => {
            DirectoryOwner::Other { why: format!("belongs to uid {service} in image {}", image.id), at: None }
        }
        _ => DirectoryOwner::Unknown(format!("who owns {path} in image {}", image.id)),
    }
}

/// Directories that a base image may bring: those of the system, and homes.
fn is_of_every_system(path: &str) -> bool {
    const SYSTEM: [&str; 9] = ["/usr", "/etc", "/var", "/opt", "/home", "/root", "/run", "/srv", "/lib"];
    let depth = path.split('/').filter(|part| !part.is_empty()).count();
    SYSTEM.iter().any(|directory| holds(directory, path)) && depth <= 2
}

fn missing(path: &str) -> DirectoryOwner {
    DirectoryOwner::Other {
        why: format!("is not in the image, so it belongs to root: nothing creates {path}"),
        at: None,
    }
}
