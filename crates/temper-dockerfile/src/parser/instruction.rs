use std::ops::Range;

use temper_text::Span;

use super::args::{flags, is_blank, split_blanks, split_quoted, word};
use super::json::{self, Json};
use crate::line::Line;
use crate::shell::ReadOnce;
use crate::{ArgDef, Command, Flag, Instruction, InstructionKind, Pair, ParseError, Segments, Word};

/// Reads one instruction from `range` of a joined line. Errors are added to `errors`.
pub(super) fn read(
    line: &Line,
    range: Range<usize>,
    escape: char,
    span: Span,
    errors: &mut Vec<ParseError>,
) -> Instruction {
    let range = line.trim(range);
    let text = line.slice(range.clone());
    let keyword_end = range.start + text.find(is_blank).unwrap_or(text.len());
    let keyword = range.start..keyword_end;
    let (flags, args) = flags(line, keyword_end..range.end);
    let name = line.slice(keyword.clone()).to_ascii_uppercase();
    let mut reader = Reader { line, escape, name, keyword: keyword.clone(), args: args.clone(), errors };
    let kind = reader.kind().unwrap_or_else(|message| {
        let span = line.span(if args.is_empty() { keyword.clone() } else { args.clone() });
        reader.errors.push(ParseError { message, span });
        InstructionKind::Unknown
    });
    let known = known_flags(&reader.name);
    let is_unknown = |flag: &&Flag| !known.contains(&flag.name.as_str());
    for flag in flags.iter().filter(is_unknown) {
        let message = format!("unknown flag `--{}` for {}", flag.name, reader.name);
        reader.errors.push(ParseError { message, span: flag.span });
    }
    Instruction {
        span,
        keyword: line.span(keyword),
        flags,
        args: line.span(args),
        kind,
        heredocs: Vec::new(),
    }
}

/// Flags per instruction, from the Dockerfile reference (`docs.docker.com/reference/dockerfile`).
fn known_flags(name: &str) -> &'static [&'static str] {
    match name {
        "FROM" => &["platform"],
        "RUN" => &["mount", "network", "security", "device"],
        "COPY" => &["from", "chown", "chmod", "link", "parents", "exclude"],
        "ADD" => &["chown", "chmod", "link", "keep-git-dir", "checksum", "exclude", "unpack"],
        "HEALTHCHECK" => &["interval", "timeout", "start-period", "start-interval", "retries"],
        _ => &[],
    }
}

type Parsed<T> = Result<T, String>;

struct Reader<'a> {
    line: &'a Line,
    escape: char,
    /// The keyword in upper case.
    name: String,
    keyword: Range<usize>,
    args: Range<usize>,
    errors: &'a mut Vec<ParseError>,
}

impl Reader<'_> {
    fn kind(&mut self) -> Parsed<InstructionKind> {
        Ok(match self.name.as_str() {
            "FROM" => self.from()?,
            "RUN" => InstructionKind::Run(self.needed_command()?),
            "CMD" => InstructionKind::Cmd(self.command(self.args.clone())?),
            "ENTRYPOINT" => InstructionKind::Entrypoint(self.command(self.args.clone())?),
            "ENV" => InstructionKind::Env(self.pairs()?),
            "LABEL" => InstructionKind::Label(self.pairs()?),
            "ARG" => InstructionKind::Arg(self.arg_defs()?),
            "COPY" => {
                let (sources, dest) = self.transfer()?;
                InstructionKind::Copy { sources, dest }
            }
            "ADD" => {
                let (sources, dest) = self.transfer()?;
                InstructionKind::Add { sources, dest }
            }
            "USER" => InstructionKind::User(self.single()?),
            "WORKDIR" => InstructionKind::Workdir(self.single()?),
            "STOPSIGNAL" => InstructionKind::Stopsignal(self.single()?),
            "MAINTAINER" => InstructionKind::Maintainer(self.single()?),
            "EXPOSE" => InstructionKind::Expose(self.at_least_one(Self::blank_words)?),
            "VOLUME" => InstructionKind::Volume(self.at_least_one(Self::list)?),
            "HEALTHCHECK" => self.healthcheck()?,
            "SHELL" => InstructionKind::Shell(self.shell()?),
            "ONBUILD" => self.onbuild()?,
            _ => self.unknown(),
        })
    }

    fn unknown(&mut self) -> InstructionKind {
        let message = format!("unknown instruction `{}`", self.name);
        self.errors.push(ParseError { message, span: self.line.span(self.keyword.clone()) });
        InstructionKind::Unknown
    }

    fn word(&self, range: Range<usize>) -> Word {
        word(self.line, range)
    }

    fn text(&self) -> &str {
        self.line.slice(self.args.clone())
    }

    fn from(&self) -> Parsed<InstructionKind> {
        let words = split_blanks(self.line, self.args.clone());
        let alias = match words.as_slice() {
            [_] => None,
            [_, keyword, alias] if self.line.slice(keyword.clone()).eq_ignore_ascii_case("as") => {
                Some(self.word(alias.clone()))
            }
            _ => return Err("expected `FROM image` or `FROM image AS name`".to_owned()),
        };
        if let Some(alias) = alias.as_ref().filter(|alias| !is_stage_name(&alias.text)) {
            return Err(format!(
                "invalid stage name `{}`: expected a letter, then letters, digits, `-`, `_` or `.`",
                alias.text
            ));
        }
        let image = words.first().cloned().unwrap_or(self.args.clone());
        Ok(InstructionKind::From { image: self.word(image), alias })
    }

    fn single(&self) -> Parsed<Word> {
        if self.args.is_empty() {
            return Err(format!("{} needs one argument", self.name));
        }
        Ok(self.word(self.args.clone()))
    }

    fn blank_words(&self) -> Parsed<Vec<Word>> {
        Ok(split_blanks(self.line, self.args.clone()).into_iter().map(|range| self.word(range)).collect())
    }

    fn at_least_one(&self, read: impl Fn(&Self) -> Parsed<Vec<Word>>) -> Parsed<Vec<Word>> {
        let words = read(self)?;
        if words.is_empty() { Err(format!("{} needs at least one argument", self.name)) } else { Ok(words) }
    }

    /// The strings of exec form; `None` when the text is not in exec form.
    fn exec(&self, range: Range<usize>) -> Parsed<Option<Vec<Word>>> {
        match json::read(self.line.slice(range.clone())) {
            Json::NotArray => Ok(None),
            Json::OtherValues => Err("expected only strings in the JSON array".to_owned()),
            Json::Strings(strings) => {
                let word = |(text, at): (String, Range<usize>)| {
                    let at = range.start + at.start..range.start + at.end;
                    Word { text, span: self.line.span(at) }
                };
                Ok(Some(strings.into_iter().map(word).collect()))
            }
        }
    }

    fn list(&self) -> Parsed<Vec<Word>> {
        match self.exec(self.args.clone())? {
            Some(words) => Ok(words),
            None => self.blank_words(),
        }
    }

    fn command(&self, range: Range<usize>) -> Parsed<Command> {
        if let Some(words) = self.exec(range.clone())? {
            return Ok(Command::Exec(words));
        }
        let mut segments = Segments::default();
        self.line.segments.copy_range(range.clone(), &mut segments);
        let text = self.line.slice(range.clone()).to_owned();
        Ok(Command::Shell { text, span: self.line.span(range), segments, script: ReadOnce::default() })
    }

    fn needed_command(&self) -> Parsed<Command> {
        if self.args.is_empty() {
            return Err(format!("{} needs a command", self.name));
        }
        self.command(self.args.clone())
    }

    fn transfer(&self) -> Parsed<(Vec<Word>, Word)> {
        let mut words = self.list()?;
        match words.pop() {
            Some(dest) if !words.is_empty() => Ok((words, dest)),
            _ => Err(format!("{} needs at least two arguments: source and destination", self.name)),
        }
    }

    /// `KEY=value …`, or `KEY value` when the first word holds no `=`.
    fn pairs(&self) -> Parsed<Vec<Pair>> {
        let words = split_quoted(self.line, self.args.clone(), self.escape);
        let Some(first) = words.first() else {
            return Err(format!("{} needs at least one `name=value`", self.name));
        };
        if !self.line.slice(first.clone()).contains('=') {
            return self.old_pair().map(|pair| vec![pair]);
        }
        words.into_iter().map(|range| self.pair(range)).collect()
    }

    fn old_pair(&self) -> Parsed<Pair> {
        let text = self.text();
        let key_end = text.find(is_blank).unwrap_or(text.len());
        let value = self.line.trim(self.args.start + key_end..self.args.end);
        if value.is_empty() {
            return Err(format!("{} needs a name and a value", self.name));
        }
        Ok(Pair {
            key: self.word(self.args.start..self.args.start + key_end),
            value: self.word(value),
            span: self.line.span(self.args.clone()),
        })
    }

    fn pair(&self, range: Range<usize>) -> Parsed<Pair> {
        let text = self.line.slice(range.clone());
        let Some(equals) = text.find('=') else {
            return Err(format!("expected `name=value`, found `{text}`"));
        };
        if equals == 0 {
            return Err(format!("{} names must not be blank", self.name));
        }
        let equals = range.start + equals;
        Ok(Pair {
            key: self.word(range.start..equals),
            value: self.word(equals + 1..range.end),
            span: self.line.span(range),
        })
    }

    fn arg_defs(&self) -> Parsed<Vec<ArgDef>> {
        let words = split_quoted(self.line, self.args.clone(), self.escape);
        if words.is_empty() {
            return Err("ARG needs at least one name".to_owned());
        }
        words.into_iter().map(|range| self.arg_def(range)).collect()
    }

    fn arg_def(&self, range: Range<usize>) -> Parsed<ArgDef> {
        let name_end = self.line.slice(range.clone()).find('=').map_or(range.end, |at| range.start + at);
        if name_end == range.start {
            return Err("ARG names must not be blank".to_owned());
        }
        let default = (name_end < range.end).then(|| self.word(name_end + 1..range.end));
        Ok(ArgDef { name: self.word(range.start..name_end), default, span: self.line.span(range) })
    }

    fn healthcheck(&self) -> Parsed<InstructionKind> {
        let text = self.text();
        let type_end = self.args.start + text.find(char::is_whitespace).unwrap_or(text.len());
        let rest = self.line.trim(type_end..self.args.end);
        let kind = self.line.slice(self.args.start..type_end).to_ascii_uppercase();
        match kind.as_str() {
            "NONE" if rest.is_empty() => Ok(InstructionKind::Healthcheck(None)),
            "NONE" => Err("HEALTHCHECK NONE takes no arguments".to_owned()),
            "CMD" if rest.is_empty() => Err("HEALTHCHECK CMD needs a command".to_owned()),
            "CMD" => Ok(InstructionKind::Healthcheck(Some(self.command(rest)?))),
            _ => Err("expected `HEALTHCHECK NONE` or `HEALTHCHECK CMD command`".to_owned()),
        }
    }

    fn shell(&self) -> Parsed<Vec<Word>> {
        match self.exec(self.args.clone())? {
            Some(words) if !words.is_empty() => Ok(words),
            _ => Err(r#"SHELL needs exec form, for example `SHELL ["/bin/sh", "-c"]`"#.to_owned()),
        }
    }

    fn onbuild(&mut self) -> Parsed<InstructionKind> {
        if self.args.is_empty() {
            return Err("ONBUILD needs an instruction".to_owned());
        }
        let trigger = self.text().split(is_blank).next().unwrap_or("").to_ascii_uppercase();
        if matches!(trigger.as_str(), "ONBUILD" | "FROM" | "MAINTAINER") {
            return Err(format!("{trigger} is not allowed as an ONBUILD trigger"));
        }
        let span = self.line.span(self.args.clone());
        let trigger = read(self.line, self.args.clone(), self.escape, span, self.errors);
        Ok(InstructionKind::Onbuild(Box::new(trigger)))
    }
}

/// BuildKit lowers the name and then wants `^[a-z][a-z0-9-_.]*$`.
fn is_stage_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
