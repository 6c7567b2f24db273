use std::sync::OnceLock;

use temper_text::Span;

use super::Word;
use super::walk::{Origin, read};
use crate::{Command, Segments};

/// The commands of a shell text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The commands in the order in which they stand, those of `$(…)`, `sh -c …` and heredocs to a shell included.
    pub commands: Vec<SimpleCommand>,
    /// True when a part could not be read: there may be more commands.
    pub incomplete: bool,
}

/// A script that is read at most once: every build target and every control asks for it again, and reading shell text
/// is the most costly part of reading a Dockerfile.
#[derive(Debug, Clone, Default)]
pub struct ReadOnce(OnceLock<Script>);

/// It follows from the text beside it, so whether it was read yet makes no difference.
impl PartialEq for ReadOnce {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for ReadOnce {}

/// One simple command (POSIX.1-2017, XCU 2.9.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimpleCommand {
    /// The program; an empty word when the command only assigns variables.
    pub name: Word,
    /// Its arguments.
    pub args: Vec<Word>,
    /// `NAME=value` before the program, or after `export` and its like.
    pub assignments: Vec<(String, Word)>,
    /// Where its input and output go, those of the group around it included.
    pub redirects: Vec<Redirect>,
    /// The body of its heredoc.
    pub heredoc: Option<Word>,
    /// True inside `if`, `while`, `case`, a function, and after `||`: it may not run.
    pub conditional: bool,
    /// True inside an `if`, and behind an `&&` or `||`, that asks which user the script runs as.
    pub asks_user: bool,
    /// True when it reads the output of the command before it.
    pub piped: bool,
    /// Name and arguments.
    pub span: Span,
}

/// `>file`, `>>file`, `<file` and their like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The operator as written: `>`, `>>`, `&>`, ….
    pub operator: String,
    /// The file.
    pub target: Word,
}

impl SimpleCommand {
    /// The name of the program without its folder.
    #[must_use]
    pub fn program(&self) -> &str {
        basename(&self.name.text)
    }

    /// The script after `-c` when this runs a shell.
    pub(super) fn inline_script(&self) -> Option<&Word> {
        if !is_shell(self.program()) {
            return None;
        }
        let is_c = |word: &Word| {
            word.text.starts_with('-') && !word.text.starts_with("--") && word.text.ends_with('c')
        };
        let at = self.args.iter().position(is_c)?;
        self.args.get(at + 1)
    }
}

/// The part of a path after its last `/`.
pub(crate) fn basename(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// True for programs that read shell text.
pub(crate) fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh")
}

impl Command {
    /// The commands that this runs; the shell text is read here, not before.
    #[must_use]
    pub fn commands(&self) -> Vec<SimpleCommand> {
        self.script().commands
    }

    /// Like [`Command::commands`], and says whether all could be read.
    #[must_use]
    pub fn script(&self) -> Script {
        match self {
            Self::Exec(words) => exec_script(words),
            Self::Shell { text, .. } if is_foreign(text) => Script { commands: Vec::new(), incomplete: true },
            Self::Shell { text, segments, script, .. } => {
                script.0.get_or_init(|| read(text, &Origin::Joined(segments))).clone()
            }
        }
    }
}

/// The commands of a shell script in a file of its own; none, and incomplete, when another interpreter runs it. Their
/// spans are all the whole text.
#[must_use]
pub fn script_file(text: &str) -> Script {
    if is_foreign(text) {
        return Script { commands: Vec::new(), incomplete: true };
    }
    read(text, &Origin::Whole(Span::new(0, text.len())))
}

/// True when the text begins with `#!` and names something else than a shell.
fn is_foreign(text: &str) -> bool {
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else { return false };
    let mut words = line.split_whitespace().filter(|word| !word.starts_with('-'));
    let interpreter = words.find(|word| basename(word) != "env");
    !interpreter.is_some_and(|path| is_shell(basename(path)))
}

fn exec_script(words: &[crate::Word]) -> Script {
    let mut plain = words.iter().map(|word| Word::plain(word.text.clone(), word.span));
    let Some(name) = plain.next() else { return Script::default() };
    let args: Vec<Word> = plain.collect();
    let span = args.iter().fold(name.span, |span, word| span.cover(word.span));
    let command = SimpleCommand {
        name,
        args,
        assignments: Vec::new(),
        redirects: Vec::new(),
        heredoc: None,
        conditional: false,
        asks_user: false,
        piped: false,
        span,
    };
    let inner = command.inline_script().map(|word| {
        // Without escapes in the JSON text the bytes between the quotes are the script itself.
        if word.text.len() + 2 == word.span.len() {
            let mut segments = Segments::default();
            segments.push(0, word.span.start as usize + 1);
            read(&word.text, &Origin::Joined(&segments))
        } else {
            read(&word.text, &Origin::Whole(word.span))
        }
    });
    let inner = inner.unwrap_or_default();
    let mut commands = vec![command];
    commands.extend(inner.commands);
    Script { commands, incomplete: inner.incomplete }
}
