use temper_text::Span;

use super::options::{Arg, Options, Syntax};
use crate::Resolved;

/// A path that RUN creates, or whose owner or mode it changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathFact {
    /// What is done.
    pub action: PathAction,
    /// The path, made absolute.
    pub path: Resolved,
    /// `user`, `user:group` or `:group` as given to chown, chgrp or install.
    pub owner: Option<Resolved>,
    /// Mode as given to chmod, mkdir or install: octal or symbolic.
    pub mode: Option<Resolved>,
    /// True with `-R`.
    pub recursive: bool,
    /// Index of the stage.
    pub stage: usize,
    /// True when it stands where it may not run.
    pub conditional: bool,
    /// The word of the path.
    pub span: Span,
    /// The instruction.
    pub instruction: Span,
}

/// What is done to a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathAction {
    /// A folder is created.
    CreateDirectory,
    /// A file is created (`touch`).
    CreateFile,
    /// The owner or group changes.
    ChangeOwner,
    /// The mode changes.
    ChangeMode,
}

impl PathFact {
    /// True when the mode sets the set-user-id or set-group-id bit.
    #[must_use]
    pub fn sets_id(&self) -> bool {
        self.mode.as_ref().and_then(Resolved::known).is_some_and(mode_sets_id)
    }
}

/// True for `4755`, `u+s`, `+s`, `ug=rws`.
pub(super) fn mode_sets_id(mode: &str) -> bool {
    if let Ok(bits) = u32::from_str_radix(mode, 8) {
        return bits & 0o6000 != 0;
    }
    mode.split(',').any(|clause| {
        let added = clause.split_once(['+', '=']).map_or("", |(_, added)| added);
        added.split(['-', '+', '=']).next().is_some_and(|letters| letters.contains('s'))
    })
}

/// What one command does to its operands.
pub(super) struct PathChange {
    pub(super) action: PathAction,
    pub(super) owner: Option<Resolved>,
    pub(super) mode: Option<Resolved>,
    pub(super) recursive: bool,
    pub(super) paths: Vec<Arg>,
}

/// Reads `mkdir`, `install -d`, `touch`, `chown`, `chgrp` and `chmod`.
pub(super) fn read(program: &str, args: &[Arg]) -> Option<PathChange> {
    match program {
        "mkdir" => Some(mkdir(args)),
        "install" => install(args),
        "touch" => Some(touch(args)),
        "chown" | "chgrp" => change(args, PathAction::ChangeOwner, program == "chgrp"),
        "chmod" => chmod(args),
        _ => None,
    }
}

/// Where `git clone` puts a repository: the directory that is given, else the last part of the address.
pub(super) fn cloned(program: &str, args: &[Arg]) -> Option<Resolved> {
    let (command, rest) = args.split_first()?;
    if program != "git" || command.text != "clone" {
        return None;
    }
    const LONG: &[&str] = &[
        "branch",
        "config",
        "depth",
        "filter",
        "jobs",
        "origin",
        "reference",
        "separate-git-dir",
        "server-option",
        "shallow-exclude",
        "shallow-since",
        "template",
        "upload-pack",
    ];
    let operands = Options::read(rest, &Syntax { short_values: "bcjou", long_values: LONG }).operands;
    match operands.as_slice() {
        [_, directory, ..] => Some(directory.value.clone()),
        [address] => {
            let name = address.value.known()?.trim_end_matches('/').rsplit(['/', ':']).next()?;
            Some(Resolved::Known(name.trim_end_matches(".git").to_owned()))
        }
        [] => None,
    }
}

fn mkdir(args: &[Arg]) -> PathChange {
    let options = Options::read(args, &Syntax { short_values: "m", long_values: &["mode"] });
    PathChange {
        action: PathAction::CreateDirectory,
        owner: None,
        mode: options.value(&["m", "mode"]).map(|arg| arg.value.clone()),
        recursive: false,
        paths: options.operands,
    }
}

fn touch(args: &[Arg]) -> PathChange {
    let options = Options::read(args, &Syntax { short_values: "drt", long_values: &["date", "reference"] });
    let action = PathAction::CreateFile;
    PathChange { action, owner: None, mode: None, recursive: false, paths: options.operands }
}

fn install(args: &[Arg]) -> Option<PathChange> {
    let syntax =
        Syntax { short_values: "gmotS", long_values: &["group", "mode", "owner", "target-directory"] };
    let options = Options::read(args, &syntax);
    if !options.has(&["d", "directory"]) {
        return None;
    }
    let value = |names: &[&str]| options.value(names).map(|arg| arg.value.clone());
    let owner = match (value(&["o", "owner"]), value(&["g", "group"])) {
        (Some(user), Some(group)) => Some(joined(user, group)),
        (Some(user), None) => Some(user),
        (None, Some(group)) => Some(joined(Resolved::Known(String::new()), group)),
        (None, None) => None,
    };
    let mode = value(&["m", "mode"]);
    let action = PathAction::CreateDirectory;
    Some(PathChange { action, owner, mode, recursive: false, paths: options.operands })
}

fn joined(user: Resolved, group: Resolved) -> Resolved {
    match (user, group) {
        (Resolved::Known(user), Resolved::Known(group)) => Resolved::Known(format!("{user}:{group}")),
        (Resolved::Known(_), unknown) | (unknown, _) => unknown,
    }
}

fn change(args: &[Arg], action: PathAction, is_group: bool) -> Option<PathChange> {
    let options = Options::read(args, &Syntax { short_values: "", long_values: &[] });
    let recursive = options.has(&["R", "recursive"]);
    // With `--reference` there is no owner among the operands.
    if options.has(&["reference"]) {
        return None;
    }
    let (owner, paths) = options.operands.split_first()?;
    let owner = owner.value.clone();
    let owner = if is_group { joined(Resolved::Known(String::new()), owner) } else { owner };
    Some(PathChange { action, owner: Some(owner), mode: None, recursive, paths: paths.to_vec() })
}

fn chmod(args: &[Arg]) -> Option<PathChange> {
    // A mode such as `-x` looks like an option and is none.
    let is_option = |arg: &&Arg| {
        arg.text.starts_with("--")
            || arg.text.strip_prefix('-').is_some_and(|letters| letters.chars().all(|c| "Rcfv".contains(c)))
    };
    let recursive =
        args.iter().filter(is_option).any(|arg| arg.text == "--recursive" || arg.text.contains('R'));
    if args.iter().any(|arg| arg.text.starts_with("--reference")) {
        return None;
    }
    let operands: Vec<Arg> = args.iter().filter(|arg| !is_option(arg)).cloned().collect();
    let (mode, paths) = operands.split_first()?;
    let mode = Some(mode.value.clone());
    Some(PathChange { action: PathAction::ChangeMode, owner: None, mode, recursive, paths: paths.to_vec() })
}

/// `path` made absolute against `folder`, with `.`, `..` and doubled slashes removed.
pub(super) fn absolute(path: &Resolved, folder: &Resolved) -> Resolved {
    let Resolved::Known(text) = path else { return path.clone() };
    if text.starts_with('~') {
        return Resolved::Unknown { missing: vec![text.clone()] };
    }
    if text.starts_with('/') {
        return Resolved::Known(normal(text));
    }
    match folder {
        Resolved::Known(folder) => Resolved::Known(normal(&format!("{folder}/{text}"))),
        unknown @ Resolved::Unknown { .. } => unknown.clone(),
    }
}

fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{mode_sets_id, normal};

    #[test]
    fn set_id_modes_are_seen() {
        for mode in ["4755", "02775", "u+s", "+s", "ug=rws", "a+r,g+s"] {
            assert!(mode_sets_id(mode), "{mode}");
        }
        for mode in ["755", "0755", "1777", "u-s", "a-s", "+x", "u+rwX", "u=rw-s"] {
            assert!(!mode_sets_id(mode), "{mode}");
        }
    }

    #[test]
    fn paths_are_normalized() {
        assert_eq!(normal("/a//./b/../c/"), "/a/c");
        assert_eq!(normal("/../.."), "/");
    }
}
