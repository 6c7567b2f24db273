//! What the chosen fixes want together, without repetitions and contradictions.

use indexmap::IndexMap;
use temper_controls::{Change, ComposeAction, DockerfileAction};
use temper_text::Loc;

/// What is wanted of one service, in the order of the fixes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wish {
    /// Number of the candidate that wants it.
    pub(crate) owner: usize,
    pub(crate) action: ComposeAction,
    pub(crate) reason: String,
}

/// What is wanted of one Dockerfile.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct DockerfileWish {
    pub(crate) owner: usize,
    pub(crate) target: Option<String>,
    pub(crate) action: DockerfileAction,
    pub(crate) reason: String,
}

/// A file that is to be there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FileWish {
    pub(crate) owner: usize,
    pub(crate) text: String,
}

/// All wishes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wishes {
    /// By project and service.
    pub(crate) services: IndexMap<(usize, String), Vec<Wish>>,
    /// Named volumes by project and name, with the reason.
    pub(crate) volumes: IndexMap<(usize, String), String>,
    /// By path.
    pub(crate) dockerfiles: IndexMap<String, Vec<DockerfileWish>>,
    /// By path.
    pub(crate) files: IndexMap<String, FileWish>,
}

impl Wishes {
    /// Adds a change. What is wanted already is not added again.
    ///
    /// # Errors
    /// When another fix wants something else of the same setting: who wants it, for people.
    pub(crate) fn add(&mut self, owner: usize, change: &Change) -> Result<(), String> {
        match change {
            Change::Service { project, service, action, reason } => {
                let wishes = self.services.entry((*project, service.clone())).or_default();
                let wish = Wish { owner, action: action.clone(), reason: reason.clone() };
                add_service(wishes, wish)
            }
            Change::Volume { project, name, reason } => {
                self.volumes.entry((*project, name.clone())).or_insert_with(|| reason.clone());
                Ok(())
            }
            Change::Dockerfile { path, target, action, reason } => {
                let wishes = self.dockerfiles.entry(path.clone()).or_default();
                let (target, action) = (target.clone(), action.clone());
                add_dockerfile(wishes, DockerfileWish { owner, target, action, reason: reason.clone() })
            }
            Change::NewFile { path, text, .. } => {
                let wish = FileWish { owner, text: text.clone() };
                let there = self.files.entry(path.clone()).or_insert(wish);
                if there.text == *text {
                    Ok(())
                } else {
                    Err(format!("another fix writes {path} differently"))
                }
            }
        }
    }
}

fn add_service(wishes: &mut Vec<Wish>, wish: Wish) -> Result<(), String> {
    if wishes.iter().any(|other| other.action == wish.action) {
        return Ok(());
    }
    if let Some(other) = wishes.iter().find(|other| contradict(&other.action, &wish.action)) {
        return Err(format!(
            "another fix wants something else of `{}` ({})",
            key_of(&wish.action),
            other.reason
        ));
    }
    wishes.push(wish);
    Ok(())
}

/// One place of a service that only one fix can decide.
#[derive(Debug, PartialEq)]
enum Slot<'a> {
    Path(&'a [&'static str]),
    Key(&'a str),
    Item(&'a str, &'a str),
    Place(Loc),
    Variable(&'a str),
}

fn slots(action: &ComposeAction) -> Vec<Slot<'_>> {
    match action {
        ComposeAction::Set { path, .. } => vec![Slot::Path(path)],
        ComposeAction::SetNew { key, .. } | ComposeAction::Unset { key } => vec![Slot::Key(key)],
        ComposeAction::Append { key, item } => vec![Slot::Item(key, identity(key, item))],
        ComposeAction::Replace { key, at, item } => {
            vec![Slot::Place(*at), Slot::Item(key, identity(key, item))]
        }
        ComposeAction::Remove { at, .. } => vec![Slot::Place(*at)],
        ComposeAction::SetVariable { name, .. } | ComposeAction::UnsetVariable { name, .. } => {
            vec![Slot::Variable(name)]
        }
    }
}

fn contradict(a: &ComposeAction, b: &ComposeAction) -> bool {
    let whole_key = |a: &ComposeAction, b: &ComposeAction| {
        matches!(a, ComposeAction::Unset { .. } | ComposeAction::SetNew { .. }) && key_of(a) == key_of(b)
    };
    whole_key(a, b) || whole_key(b, a) || slots(a).iter().any(|slot| slots(b).contains(slot))
}

/// The key below the service that an action is about.
pub(crate) fn key_of(action: &ComposeAction) -> &str {
    match action {
        ComposeAction::Set { path, .. } => path.first().copied().unwrap_or(""),
        ComposeAction::SetNew { key, .. }
        | ComposeAction::Append { key, .. }
        | ComposeAction::Replace { key, .. }
        | ComposeAction::Remove { key, .. }
        | ComposeAction::Unset { key } => key,
        ComposeAction::SetVariable { .. } | ComposeAction::UnsetVariable { .. } => "environment",
    }
}

/// What two items of a list must not both have: the path in the container, the name of the option, else the item.
pub(crate) fn identity<'a>(key: &str, item: &'a str) -> &'a str {
    match key {
        "tmpfs" => item.split(':').next().unwrap_or(item),
        "volumes" => {
            let mut parts = item.split(':');
            let first = parts.next().unwrap_or(item);
            parts.next().unwrap_or(first)
        }
        "security_opt" => item.split([':', '=']).next().unwrap_or(item),
        _ => item,
    }
}

fn add_dockerfile(wishes: &mut Vec<DockerfileWish>, wish: DockerfileWish) -> Result<(), String> {
    let same_target = |other: &&mut DockerfileWish| other.target == wish.target;
    for other in wishes.iter_mut().filter(same_target) {
        if other.action == wish.action {
            return Ok(());
        }
        if let Some(both) = together(&other.action, &wish.action) {
            other.action = both;
            return Ok(());
        }
        let places = |action: &DockerfileAction| match action {
            DockerfileAction::NumericUser { at, .. } => Some(*at),
            DockerfileAction::RunAs { .. } => None,
        };
        // Two `USER` instructions of one stage may each become numeric.
        if places(&other.action).is_none() || places(&other.action) == places(&wish.action) {
            return Err("another service wants another user of the same build target".to_owned());
        }
    }
    wishes.push(wish);
    Ok(())
}

/// The same user with the directories of both.
fn together(a: &DockerfileAction, b: &DockerfileAction) -> Option<DockerfileAction> {
    let (DockerfileAction::RunAs { owned: first, .. }, DockerfileAction::RunAs { owned: second, .. }) =
        (a, b)
    else {
        return None;
    };
    let with = |action: &DockerfileAction, owned: Vec<String>| match action.clone() {
        DockerfileAction::RunAs { uid, gid, create, home, .. } => {
            DockerfileAction::RunAs { uid, gid, create, home, owned }
        }
        other => other,
    };
    if with(a, Vec::new()) != with(b, Vec::new()) {
        return None;
    }
    let mut owned = first.clone();
    owned.extend(second.iter().filter(|path| !first.contains(path)).cloned());
    Some(with(a, owned))
}
