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
    for word in std::iter::once(&command.name).chain(&command.args) {
        let value = word.resolve(input.scope);
        let Some(text) = value.known() else { continue };
        let is_script = has_script_extension(text);
        if text.is_empty()
            || text.starts_with('-')
            || !(is_script || text.contains('/'))
            || text.contains(' ')
        {
            continue;
        }
        let path = absolute(&value, input.workdir);
        // A later COPY overwrites an earlier one.
        let source =
            path.known().and_then(|path| input.copies.iter().rev().find_map(|copy| copy.source_of(path)));
        if is_script || source.is_some() {
            start.scripts.push(StartScript { path, source, span: word.span });
        }
    }
}

fn has_script_extension(name: &str) -> bool {
    let extension = basename(name).rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "sh" | "bash" | "py" | "js" | "mjs" | "cjs" | "ts" | "rb" | "pl" | "php")
}
