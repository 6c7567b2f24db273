use std::ops::Range;

use temper_text::Span;

use crate::{Command, Heredoc, Segments};

/// `<<EOF` as found on the joined line of an instruction.
pub(super) struct Opening {
    pub(super) name: String,
    pub(super) range: Range<usize>,
    pub(super) strip_tabs: bool,
    pub(super) expand: bool,
}

/// True for the instructions whose lines may open heredocs: RUN, COPY and ADD, also as triggers of ONBUILD. Their exec
/// form needs no test: there every word stands in quotes.
fn may_open(line: &str) -> bool {
    let mut words = line.split_whitespace().map(str::to_ascii_lowercase);
    let keyword = words.find(|word| word != "onbuild");
    matches!(keyword.as_deref(), Some("run" | "copy" | "add"))
}

/// The heredocs that a joined line opens: words, split as a shell splits them, that begin with `<<` after an optional
/// descriptor. `cat<<EOF` is one word and opens none, as in BuildKit.
pub(super) fn openings(line: &str) -> Vec<Opening> {
    if !line.contains("<<") || !may_open(line) {
        return Vec::new();
    }
    shell_words(line).into_iter().filter_map(|range| opening(line.get(range.clone())?, range)).collect()
}

fn opening(word: &str, range: Range<usize>) -> Option<Opening> {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let (strip_tabs, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    if rest.is_empty() || rest.contains('<') {
        return None;
    }
    let name = unquote(rest)?;
    let expand = name == rest;
    Some(Opening { name, range, strip_tabs, expand })
}

/// Removes the quotes of a heredoc name. `None` when nothing or more than one word is left.
fn unquote(word: &str) -> Option<String> {
    let mut out = String::new();
    let mut quote = None;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None | Some('"'), '\\') => out.extend(chars.next()),
            _ => out.push(c),
        }
    }
    (quote.is_none() && !out.is_empty()).then_some(out)
}

/// Words split at white space outside quotes; an escaped character belongs to its word. Empty when a quote stays open:
/// BuildKit finds no heredoc on such a line.
fn shell_words(line: &str) -> Vec<Range<usize>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut quote = None;
    let mut chars = line.char_indices();
    while let Some((at, c)) = chars.next() {
        if quote.is_none() && c.is_whitespace() {
            words.extend(start.take().map(|begin| begin..at));
            continue;
        }
        start.get_or_insert(at);
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), _) if c == open => quote = None,
            (None | Some('"'), '\\') => {
                chars.next();
            }
            _ => {}
        }
    }
    if quote.is_some() {
        return Vec::new();
    }
    words.extend(start.map(|begin| begin..line.len()));
    words
}

/// Puts the heredoc bodies into the text of a shell command. A command that is nothing but one heredoc is replaced by
/// its body: BuildKit runs the body as a script.
pub(super) fn extend_shell(command: &mut Command, heredocs: &[Heredoc], file: &str) {
    let Command::Shell { text, span, segments, .. } = command else { return };
    if let [only] = heredocs
        && only.span == *span
    {
        *text = String::new();
        *segments = Segments::default();
        *span = only.body;
        append_lines(text, segments, file, only.body, only.strip_tabs);
        return;
    }
    for heredoc in heredocs {
        if !text.ends_with('\n') {
            text.push('\n');
        }
        append_lines(text, segments, file, heredoc.body, heredoc.strip_tabs);
        append_lines(text, segments, file, heredoc.terminator, heredoc.strip_tabs);
        *span = span.cover(heredoc.body).cover(heredoc.terminator);
    }
}

fn append_lines(text: &mut String, segments: &mut Segments, file: &str, body: Span, strip_tabs: bool) {
    let mut offset = body.start as usize;
    for line in body.slice(file).split_inclusive('\n') {
        let kept = if strip_tabs { line.trim_start_matches('\t') } else { line };
        segments.push(text.len(), offset + (line.len() - kept.len()));
        text.push_str(kept);
        offset += line.len();
    }
}
