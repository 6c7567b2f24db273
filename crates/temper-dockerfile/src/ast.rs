use temper_text::Span;

use crate::Segments;
use crate::shell::ReadOnce;

/// A Dockerfile as it is written. Every span is in bytes of the text that was parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// Parser directives (`# syntax=`, `# escape=`, `# check=`) at the top.
    pub directives: Vec<Directive>,
    /// The instructions in the order in which they stand, those with errors included.
    pub instructions: Vec<Instruction>,
    /// Comments from `#` to the end of the line, those between continuation lines included; heredoc bodies have none.
    pub comments: Vec<Span>,
    /// What BuildKit would refuse.
    pub errors: Vec<ParseError>,
    /// The escape character: `\`, or `` ` `` after `` # escape=` ``.
    pub escape: char,
}

/// One parser directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Name in lower case.
    pub name: String,
    /// Value as written.
    pub value: Word,
    /// The line from `#` to the end of the value.
    pub span: Span,
}

/// Something BuildKit would refuse, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// What was expected, for people.
    pub message: String,
    /// Where it was expected.
    pub span: Span,
}

/// A piece of an instruction.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word {
    /// The word as written, quotes and variables included, continuations left out. In exec form and in a flag the
    /// quotes belong to the syntax: there this is the decoded value.
    pub text: String,
    /// The bytes of the file, the quotes of exec form included.
    pub span: Span,
}

/// `--name=value` between the keyword and the arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    /// Name without the dashes.
    pub name: String,
    /// What follows `=`, if there is a `=`.
    pub value: Option<Word>,
    /// The whole flag.
    pub span: Span,
}

/// A heredoc of a RUN, COPY or ADD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes.
    pub name: String,
    /// `<<EOF` on the instruction's line.
    pub span: Span,
    /// The lines of the body as written, the last line end included.
    pub body: Span,
    /// The body as the builder sees it: leading tabs stripped for `<<-`.
    pub content: String,
    /// The line that ends it, without its line end; empty at the end of the text when it is missing.
    pub terminator: Span,
    /// True for `<<-`.
    pub strip_tabs: bool,
    /// False when the name is quoted: variables in the body stay as they are.
    pub expand: bool,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// All of it: continuation lines and heredoc bodies included, the final line end not.
    pub span: Span,
    /// The keyword.
    pub keyword: Span,
    /// Flags in the order in which they stand.
    pub flags: Vec<Flag>,
    /// What follows keyword and flags on the joined line, without white space around it.
    pub args: Span,
    /// What it says.
    pub kind: InstructionKind,
    /// Its heredocs.
    pub heredocs: Vec<Heredoc>,
}

impl Instruction {
    /// The first flag of that name.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.name == name)
    }

    /// The value of the first flag of that name, if it has one.
    #[must_use]
    pub fn flag_value(&self, name: &str) -> Option<&Word> {
        self.flag(name).and_then(|flag| flag.value.as_ref())
    }
}

/// What an instruction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InstructionKind {
    /// `FROM image AS alias`.
    From {
        /// Image or name of an earlier stage.
        image: Word,
        /// Name of this stage.
        alias: Option<Word>,
    },
    /// `RUN`.
    Run(Command),
    /// `CMD`.
    Cmd(Command),
    /// `ENTRYPOINT`.
    Entrypoint(Command),
    /// `ENV`, both forms.
    Env(Vec<Pair>),
    /// `ARG`.
    Arg(Vec<ArgDef>),
    /// `COPY`.
    Copy {
        /// Sources without heredocs.
        sources: Vec<Word>,
        /// Destination.
        dest: Word,
    },
    /// `ADD`.
    Add {
        /// Sources without heredocs.
        sources: Vec<Word>,
        /// Destination.
        dest: Word,
    },
    /// `USER`.
    User(Word),
    /// `WORKDIR`.
    Workdir(Word),
    /// `EXPOSE`.
    Expose(Vec<Word>),
    /// `VOLUME`, both forms.
    Volume(Vec<Word>),
    /// `LABEL`, both forms.
    Label(Vec<Pair>),
    /// `HEALTHCHECK CMD …`, or `None` for `HEALTHCHECK NONE`.
    Healthcheck(Option<Command>),
    /// `SHELL`.
    Shell(Vec<Word>),
    /// `STOPSIGNAL`.
    Stopsignal(Word),
    /// `MAINTAINER`.
    Maintainer(Word),
    /// `ONBUILD` with its trigger.
    Onbuild(Box<Instruction>),
    /// An unknown keyword, or arguments that make no sense; an error says why.
    Unknown,
}

/// `KEY=value` of an ENV or LABEL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Key as written.
    pub key: Word,
    /// Value as written, quotes included.
    pub value: Word,
    /// Both.
    pub span: Span,
}

/// One name of an ARG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgDef {
    /// Name.
    pub name: Word,
    /// Default as written, if there is a `=`.
    pub default: Option<Word>,
    /// Both.
    pub span: Span,
}

/// What RUN, CMD, ENTRYPOINT and HEALTHCHECK run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `["program", "argument"]`: no shell.
    Exec(Vec<Word>),
    /// Text for the shell.
    Shell {
        /// The text that the shell gets: continuations joined, heredoc bodies included.
        text: String,
        /// The bytes of the file.
        span: Span,
        /// Where the bytes of `text` come from.
        segments: Segments,
        /// Its commands, read when they are first asked for.
        script: ReadOnce,
    },
}

impl Command {
    /// The bytes of the file; `None` for an empty exec form.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        match self {
            Self::Exec(words) => words.iter().map(|word| word.span).reduce(Span::cover),
            Self::Shell { span, .. } => Some(*span),
        }
    }
}
