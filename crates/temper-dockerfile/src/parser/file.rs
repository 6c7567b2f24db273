use temper_text::Span;

use super::{directive, heredoc, instruction};
use crate::line::Line;
use crate::{Command, Dockerfile, Heredoc, Instruction, InstructionKind, ParseError};

/// Parses a Dockerfile. Never fails: what BuildKit would refuse is in [`Dockerfile::errors`].
#[must_use]
pub fn parse(text: &str) -> Dockerfile {
    let mut parser = Parser::new(text);
    parser.run();
    parser.check_first_stage();
    parser.out
}

/// One physical line. `end` leaves out the line end, `next` is where the following line begins.
#[derive(Clone, Copy)]
struct RawLine {
    start: usize,
    end: usize,
    next: usize,
}

struct Parser<'a> {
    text: &'a str,
    position: usize,
    directives_done: bool,
    out: Dockerfile,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Self {
        let out = Dockerfile {
            directives: Vec::new(),
            instructions: Vec::new(),
            comments: Vec::new(),
            errors: Vec::new(),
            escape: '\\',
        };
        let position = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, position, directives_done: false, out }
    }

    fn run(&mut self) {
        while let Some(line) = self.next_line() {
            let start = self.skip_white_space(line);
            let body = self.slice(start, line.end);
            if self.directive(body, start) || body.is_empty() {
                continue;
            }
            if body.starts_with('#') {
                self.out.comments.push(Span::new(start, line.end));
            } else {
                self.instruction(start, line);
            }
        }
    }

    /// BuildKit splits at `\n` only and then drops every `\r` before it.
    fn next_line(&mut self) -> Option<RawLine> {
        let start = self.position;
        let rest = self.text.get(start..).filter(|rest| !rest.is_empty())?;
        let length = rest.find('\n').map_or(rest.len(), |newline| newline + 1);
        let body = self.slice(start, start + length).trim_end_matches(['\r', '\n']);
        self.position = start + length;
        Some(RawLine { start, end: start + body.len(), next: start + length })
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    fn skip_white_space(&self, line: RawLine) -> usize {
        line.end - self.slice(line.start, line.end).trim_start().len()
    }

    /// Takes the line as a directive when it is one. The first line that is none ends the directives.
    fn directive(&mut self, body: &str, start: usize) -> bool {
        if self.directives_done {
            return false;
        }
        let Some(found) = directive::read(body, start) else {
            self.directives_done = true;
            return false;
        };
        self.out.errors.extend(directive::check(&found, &self.out.directives));
        if found.name == "escape"
            && let Some(escape) = directive::escape_of(&found)
        {
            self.out.escape = escape;
        }
        self.out.directives.push(found);
        true
    }

    fn instruction(&mut self, start: usize, first: RawLine) {
        let (line, mut end) = self.join(start, first);
        let all = 0..line.text.len();
        let span = Span::new(start, end);
        let mut parsed = instruction::read(&line, all, self.out.escape, span, &mut self.out.errors);
        for opening in heredoc::openings(&line.text) {
            let found = self.heredoc(&line, opening);
            end = found.terminator.end as usize;
            heredoc_holder(&mut parsed).heredocs.push(found);
        }
        parsed.span = Span::new(start, end);
        attach_heredocs(&mut parsed, self.text);
        self.out.instructions.push(parsed);
    }

    /// Joins the line with its continuation lines. Also returns where the last of them ends.
    fn join(&mut self, start: usize, first: RawLine) -> (Line, usize) {
        let mut line = Line::default();
        let (content, mut more) = continuation(self.slice(start, first.end), self.out.escape);
        line.push(content, start);
        let mut end = first.end;
        while more {
            let Some(next) = self.next_line() else { break };
            let begin = self.skip_white_space(next);
            let body = self.slice(begin, next.end);
            if body.starts_with('#') {
                self.out.comments.push(Span::new(begin, next.end));
                continue;
            }
            if body.is_empty() {
                continue;
            }
            let (content, continued) = continuation(self.slice(next.start, next.end), self.out.escape);
            line.push(content, next.start);
            more = continued;
            end = next.end;
        }
        (line, end)
    }

    /// Reads the body of one heredoc from the lines that follow.
    fn heredoc(&mut self, line: &Line, opening: heredoc::Opening) -> Heredoc {
        let begin = self.position;
        let mut content = String::new();
        let mut terminator = None;
        let mut body_end = begin;
        while let Some(raw) = self.next_line() {
            let text = self.slice(raw.start, raw.next);
            let text = if opening.strip_tabs { text.trim_start_matches('\t') } else { text };
            if text.trim_end_matches(['\r', '\n']) == opening.name {
                terminator = Some(Span::new(raw.start, raw.end));
                break;
            }
            content.push_str(text);
            body_end = raw.next;
        }
        let span = line.span(opening.range);
        if terminator.is_none() {
            let message = format!("unterminated heredoc: expected a line that holds only `{}`", opening.name);
            self.out.errors.push(ParseError { message, span });
        }
        Heredoc {
            name: opening.name,
            span,
            body: Span::new(begin, body_end),
            content,
            terminator: terminator.unwrap_or(Span::at(self.text.len())),
            strip_tabs: opening.strip_tabs,
            expand: opening.expand,
        }
    }

    /// BuildKit refuses any instruction but ARG before the first FROM, and a file without FROM.
    fn check_first_stage(&mut self) {
        let is_from = |i: &&Instruction| matches!(i.kind, InstructionKind::From { .. });
        let first = self.out.instructions.iter().find(|i| !matches!(i.kind, InstructionKind::Arg(_)));
        let (message, span) = match first {
            Some(first) if is_from(&first) => return,
            // An instruction that is not understood has an error of its own.
            Some(first) if matches!(first.kind, InstructionKind::Unknown) => return,
            Some(first) => ("no build stage yet: expected FROM before this instruction", first.keyword),
            None => ("no build stage: expected a FROM instruction", Span::at(self.text.len())),
        };
        self.out.errors.push(ParseError { message: message.to_owned(), span });
    }
}

/// The line without its continuation character, and whether it has one: an escape character at the end of the line or
/// before blanks, unless another escape character stands before it.
fn continuation(line: &str, escape: char) -> (&str, bool) {
    let trimmed = line.trim_end_matches([' ', '\t']);
    match trimmed.strip_suffix(escape) {
        Some(content) if !content.ends_with(escape) => (content, true),
        _ => (line, false),
    }
}

/// The instruction that owns the heredocs: the trigger of an ONBUILD.
fn heredoc_holder(instruction: &mut Instruction) -> &mut Instruction {
    match instruction {
        Instruction { kind: InstructionKind::Onbuild(trigger), .. } => trigger,
        other => other,
    }
}

/// Gives the heredoc bodies to what reads them: the shell text of RUN; COPY and ADD lose the `<<EOF` sources.
fn attach_heredocs(instruction: &mut Instruction, text: &str) {
    let owner_span = instruction.span;
    let owner = heredoc_holder(instruction);
    let Instruction { heredocs, kind, .. } = owner;
    if heredocs.is_empty() {
        return;
    }
    match kind {
        InstructionKind::Run(command @ Command::Shell { .. }) => {
            heredoc::extend_shell(command, heredocs, text);
        }
        InstructionKind::Copy { sources, .. } | InstructionKind::Add { sources, .. } => {
            sources.retain(|source| heredocs.iter().all(|heredoc| heredoc.span != source.span));
        }
        _ => {}
    }
    owner.span = Span { start: owner.span.start, end: owner_span.end };
}
