use std::ops::Range;

use crate::line::Line;
use crate::{Flag, Word};

/// What BuildKit splits arguments at; unlike [`char::is_whitespace`] it has no newline and no wide spaces.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ')
}

/// The word at `range`, as written.
pub(super) fn word(line: &Line, range: Range<usize>) -> Word {
    Word { text: line.slice(range.clone()).to_owned(), span: line.span(range) }
}

/// Splits at blanks. Quotes mean nothing.
pub(super) fn split_blanks(line: &Line, range: Range<usize>) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    for (at, c) in line.slice(range.clone()).char_indices() {
        if is_blank(c) {
            words.extend(start.take().map(|begin: usize| begin..range.start + at));
        } else {
            start.get_or_insert(range.start + at);
        }
    }
    words.extend(start.map(|begin| begin..range.end));
    words
}

/// Splits at white space outside quotes and after an escape character. The words keep their quotes.
pub(super) fn split_quoted(line: &Line, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = line.slice(range.clone()).char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            words.extend(start.take().map(|begin: usize| begin..range.start + at));
            continue;
        }
        start.get_or_insert(range.start + at);
        match (quote, c) {
            (None | Some('"'), _) if c == escape => {
                chars.next();
            }
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            _ => {}
        }
    }
    words.extend(start.map(|begin| begin..range.end));
    words
}

/// Reads the leading `--flag` words of `range`. Also returns what follows them.
pub(super) fn flags(line: &Line, range: Range<usize>) -> (Vec<Flag>, Range<usize>) {
    let mut flags = Vec::new();
    let mut rest = line.trim(range);
    while line.slice(rest.clone()).starts_with("--") {
        let (end, text) = flag_word(line.slice(rest.clone()));
        let span = rest.start..rest.start + end;
        rest = line.trim(span.end..rest.end);
        if text == "--" {
            break;
        }
        flags.push(flag(line, span, &text));
    }
    (flags, rest)
}

/// The length of the first word of `text` as written, and the word without quotes and backslashes. The backslash
/// escapes here even under another escape directive, as in BuildKit.
fn flag_word(text: &str) -> (usize, String) {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (None, _) if c.is_whitespace() => return (at, out),
            (_, '\\') => out.extend(chars.next().map(|(_, escaped)| escaped)),
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            _ => out.push(c),
        }
    }
    (text.len(), out)
}

fn flag(line: &Line, range: Range<usize>, text: &str) -> Flag {
    let body = text.strip_prefix("--").unwrap_or(text);
    let (name, value) = match body.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (body, None),
    };
    // A `=` that survives in the decoded flag is in the written flag too, at the latest at its end.
    let value_start = line.slice(range.clone()).find('=').map_or(range.end, |at| range.start + at + 1);
    let value = value.map(|value| Word { text: value.to_owned(), span: line.span(value_start..range.end) });
    Flag { name: name.to_owned(), value, span: line.span(range) }
}
