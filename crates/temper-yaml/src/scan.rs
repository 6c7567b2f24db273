//! Steps over the bytes between two nodes, where only white space, comments and indicators stand.

/// The offset of the first byte at or after `at` that is neither a space nor a tab.
pub(crate) fn skip_blanks(text: &str, at: usize) -> usize {
    skip_while(text, at, |byte| matches!(byte, b' ' | b'\t'))
}

/// The offset of the first byte at or after `at` that belongs neither to white space nor to a comment.
///
/// `at` must lie between two tokens: a `#` found here begins a comment.
pub(crate) fn skip_trivia(text: &str, at: usize) -> usize {
    let mut at = at;
    loop {
        at = skip_while(text, at, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        if text.as_bytes().get(at) != Some(&b'#') {
            return at;
        }
        at = line_end(text, at);
    }
}

/// The offset just past the token at `at`, which white space ends.
pub(crate) fn token_end(text: &str, at: usize) -> usize {
    skip_while(text, at, |byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// The offset of the line feed (or of the carriage return before it) that ends the line of `at`, or the end of the text.
pub(crate) fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    let end = rest.find('\n').unwrap_or(rest.len());
    at + rest.get(..end).map_or(end, |line| line.strip_suffix('\r').unwrap_or(line).len())
}

/// The offset just past the line end of the line of `at`, or the end of the text.
pub(crate) fn next_line(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    at + rest.find('\n').map_or(rest.len(), |end| end + 1)
}

/// The offset at which the line of `at` begins; a byte order mark does not belong to the line.
pub(crate) fn line_start(text: &str, at: usize) -> usize {
    let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8().min(at) } else { 0 };
    text.get(..at).and_then(|head| head.rfind('\n')).map_or(first, |end| end + 1)
}

/// True when only spaces stand before `at` on its line.
pub(crate) fn begins_line(text: &str, at: usize) -> bool {
    text.get(line_start(text, at)..at).is_some_and(|prefix| prefix.bytes().all(|byte| byte == b' '))
}

/// True when only blanks or a comment stand from `at` to the end of its line.
pub(crate) fn ends_line(text: &str, at: usize) -> bool {
    let next = skip_blanks(text, at);
    matches!(text.as_bytes().get(next), None | Some(b'\n' | b'\r' | b'#'))
}

/// True when `at` is the beginning of a line, or of the text.
pub(crate) fn at_line_start(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n')
}

fn skip_while(text: &str, at: usize, keep: impl Fn(u8) -> bool) -> usize {
    let rest = text.as_bytes().get(at..).unwrap_or(&[]);
    at + rest.iter().position(|byte| !keep(*byte)).unwrap_or(rest.len())
}
