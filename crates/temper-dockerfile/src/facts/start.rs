use temper_text::Span;

use super::options::Arg;
use super::paths::absolute;
use super::{CopyFact, Spanned};
use crate::shell::{SimpleCommand, basename};
use crate::{Command, Resolved, Scope};

/// What a container of the target runs when it starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Start {
    /// Scripts that ENTRYPOINT and CMD run, as far as COPY and ADD bring them or their names show it.
    pub scripts: Vec<StartScript>,
    /// Programs that start others, in ENTRYPOINT and CMD or put into the image.
    pub wrappers: Vec<WrapperUse>,
}

/// A script that ENTRYPOINT or CMD runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartScript {
    /// Path in the image.
    pub path: Resolved,
    /// Path in the build context, when a COPY or ADD brings it from there.
    pub source: Option<String>,
    /// The word that names it.
    pub span: Span,
}

/// A program that starts another one: an init, a supervisor, or one that changes the user first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wrapper {
    /// `tini`.
    Tini,
    /// `dumb-init`.
    DumbInit,
    /// `catatonit`.
    Catatonit,
    /// `gosu`.
    Gosu,
    /// `su-exec`.
    SuExec,
    /// `setpriv`.
    Setpriv,
    /// `s6-setuidgid`, `chpst`.
    Setuidgid,
    /// `su`, `runuser`.
    Su,
    /// `sudo`.
    Sudo,
    /// `supervisord`.
    Supervisord,
    /// s6-overlay, whose entry point is `/init`.
    S6Overlay,
}

/// One place where a wrapper is used or put into the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapperUse {
    /// Which one.
    pub wrapper: Wrapper,
    /// True in ENTRYPOINT and CMD; false where RUN, COPY or ADD put it into the image: a script may use it.
    pub at_start: bool,
    /// The word.
    pub span: Span,
}

impl Wrapper {
    /// The wrapper of that program name.
    #[must_use]
    pub fn of_program(program: &str) -> Option<Self> {
        Some(match program {
            "tini" | "tini-static" => Self::Tini,
            "dumb-init" => Self::DumbInit,
            "catatonit" => Self::Catatonit,
            "gosu" => Self::Gosu,
            "su-exec" => Self::SuExec,
            "setpriv" => Self::Setpriv,
            "s6-setuidgid" | "chpst" => Self::Setuidgid,
            "su" | "runuser" => Self::Su,
            "sudo" => Self::Sudo,
            "supervisord" | "supervisor" => Self::Supervisord,
            "s6-overlay" => Self::S6Overlay,
            _ => return None,
        })
    }

    /// True for those that change the user: they need to start as root, with SETUID and SETGID.
    #[must_use]
    pub const fn changes_user(self) -> bool {
        matches!(self, Self::Gosu | Self::SuExec | Self::Setpriv | Self::Setuidgid | Self::Su | Self::Sudo)
    }
}

/// Wrappers that `args` of a RUN install or download.
pub(super) fn installed(args: &[Arg]) -> impl Iterator<Item = WrapperUse> {
    args.iter().filter_map(|arg| {
        // Versions may follow: `tini=0.19.0-1`, `supervisor==4.2.5`.
        let name = arg.text.split(['=', '<', '>', '~']).next().unwrap_or("");
        let wrapper = wrapper_of_path(name)?;
        Some(WrapperUse { wrapper, at_start: false, span: arg.span })
    })
}

/// The wrapper whose file this is; releases of s6-overlay are archives.
pub(super) fn wrapper_of_path(path: &str) -> Option<Wrapper> {
    let name = basename(path);
    if name.starts_with("s6-overlay") { Some(Wrapper::S6Overlay) } else { Wrapper::of_program(name) }
}

/// Everything that decides what a container runs.
pub(super) struct StartInput<'a> {
    pub(super) entrypoint: Option<&'a Spanned<Command>>,
    pub(super) cmd: Option<&'a Spanned<Command>>,
    pub(super) copies: &'a [CopyFact],
    pub(super) workdir: &'a Resolved,
    pub(super) scope: &'a Scope,
}

/// Reads ENTRYPOINT and CMD; wrappers found here are added to those that were installed.
pub(super) fn read(input: &StartInput<'_>, start: &mut Start) {
    let both = [input.entrypoint, input.cmd];
    for command in both.into_iter().flatten().flat_map(|command| command.value.commands()) {
        wrappers(&command, start);
        scripts(&command, input, start);
    }
}

fn wrappers(command: &SimpleCommand, start: &mut Start) {
    for word in std::iter::once(&command.name).chain(&command.args) {
        let wrapper =
            if word.text == "/init" { Some(Wrapper::S6Overlay) } else { wrapper_of_path(&word.text) };
        if let Some(wrapper) = wrapper {
            start.wrappers.push(WrapperUse { wrapper, at_start: true, span: word.span });
        }
    }
}

fn scripts(command: &SimpleCommand, input: &StartInput<'_>, start: &mut Start) {
    // What a wrapper runs is looked up in PATH, as the wrapper itself is.
    let mut is_program = true;
    for word in std::iter::once(&command.name).chain(&command.args) {
        let value = word.resolve(input.scope);
        let Some(text) = value.known() else { continue };
        if !text.is_empty() && !text.starts_with('-') && !text.contains(' ') {
            start.scripts.extend(script(text, is_program, word.span, input));
        }
        is_program &= wrapper_of_path(text).is_some() || text.starts_with('-');
    }
}

fn script(text: &str, is_program: bool, span: Span, input: &StartInput<'_>) -> Option<StartScript> {
    let is_script = has_script_extension(text);
    let value = Resolved::Known(text.to_owned());
    if is_program && !text.contains('/') {
        let found = in_path(text, input);
        let unknown = || Resolved::Unknown { missing: vec![format!("folder of {text} in PATH")] };
        let (path, source) = found.map_or_else(|| (unknown(), None), |(path, source)| (path, Some(source)));
        return (is_script || source.is_some()).then_some(StartScript { path, source, span });
    }
    if !is_script && !text.contains('/') {
        return None;
    }
    let path = absolute(&value, input.workdir);
    let source = path.known().and_then(|path| source_of(path, input));
    (is_script || source.is_some()).then_some(StartScript { path, source, span })
}

/// The source that lands at `path`. A later COPY overwrites an earlier one.
fn source_of(path: &str, input: &StartInput<'_>) -> Option<String> {
    input.copies.iter().rev().find_map(|copy| copy.source_of(path))
}

/// A program of the build context in one of the usual folders of PATH.
fn in_path(name: &str, input: &StartInput<'_>) -> Option<(Resolved, String)> {
    const FOLDERS: [&str; 6] =
        ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    FOLDERS.iter().find_map(|folder| {
        let path = format!("{folder}/{name}");
        let source = source_of(&path, input)?;
        Some((Resolved::Known(path), source))
    })
}

fn has_script_extension(name: &str) -> bool {
    let extension = basename(name).rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "sh" | "bash" | "py" | "js" | "mjs" | "cjs" | "ts" | "rb" | "pl" | "php")
}
