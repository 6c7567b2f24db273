//! Where a block scalar (`|`, `>`) ends, and how its text ends.

use temper_text::Span;

use crate::scan::{line_end, line_start, next_line};

/// From the indicator through the last content line. The parser's own span begins after the header and runs into the
/// indentation of the next token, or over the blank lines after the content.
pub(super) fn span(text: &str, start: usize, content: Span) -> Span {
    let content_start = content.start as usize;
    if !matches!(text.as_bytes().get(start), Some(b'|' | b'>')) {
        return content;
    }
    let header = text.get(start..line_end(text, start)).unwrap_or("");
    let indicators = header.find([' ', '\t', '#']).unwrap_or(header.len());
    let header_end = start + indicators;
    let body_start = next_line(text, start);
    // Spaces before the end of the text may be content; before another token they are its indentation.
    let last = text.get(content.end as usize..).is_some_and(|rest| rest.bytes().all(|byte| byte == b' '));
    let body_end = if last { text.len() } else { content.end as usize };
    let body = text.get(body_start..body_end.max(body_start)).unwrap_or("");
    let indent = content_start.saturating_sub(line_start(text, content_start));
    let keep = header.get(..indicators).is_some_and(|indicators| indicators.contains('+'));
    let mut kept = body.len();
    if !last && !body.ends_with('\n') && is_blank(last_line(body), usize::MAX) {
        kept -= last_line(body).len();
    }
    while !keep && kept > 0 {
        let line = last_line(body.get(..kept).unwrap_or(""));
        if !is_blank(line, indent) {
            break;
        }
        kept -= line.len();
    }
    Span::new(start, if kept == 0 { header_end } else { body_start + kept })
}

/// The last line of `text`, its line end included.
fn last_line(text: &str) -> &str {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let start = body.rfind('\n').map_or(0, |end| end + 1);
    text.get(start..).unwrap_or("")
}

/// True for a line of at most `indent` spaces: one with more of them is content.
fn is_blank(line: &str, indent: usize) -> bool {
    let body = line.trim_end_matches(['\n', '\r']);
    body.len() <= indent && body.bytes().all(|byte| byte == b' ')
}

/// `value` as go-yaml reads it: the parser ends the last line of a text that has no final line end all the same.
///
/// `scalar` is the span of the whole scalar, `content` that of the parser.
pub(super) fn without_line_end_that_is_not_written<'a>(
    text: &str,
    scalar: Span,
    content: Span,
    value: &'a str,
) -> &'a str {
    let rest = text.get(content.end as usize..).unwrap_or("");
    if text.ends_with('\n') || !rest.bytes().all(|byte| byte == b' ') {
        return value;
    }
    let body = text.get(next_line(text, scalar.start as usize)..).unwrap_or("");
    let content_start = content.start as usize;
    let indent = content_start.saturating_sub(line_start(text, content_start));
    let blank: usize =
        body.split_inclusive('\n').rev().take_while(|line| is_blank(line, indent)).map(str::len).sum();
    let (lines, blank) = body.split_at(body.len() - blank);
    let written = usize::from(lines.ends_with('\n')) + blank.matches('\n').count();
    let end = value.trim_end_matches('\n').len() + written;
    value.get(..end).unwrap_or(value)
}
