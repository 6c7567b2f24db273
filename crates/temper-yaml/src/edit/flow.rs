use temper_text::{Span, TextEdit};

use super::EditRefused;
use crate::render::Layout;
use crate::scan::{begins_line, ends_line, line_end, line_start, next_line, skip_blanks, skip_trivia};

/// Refuses the mapping `a: 1` in `[a: 1]`: it has no braces, so it can hold one entry only.
pub(crate) fn check_brackets(text: &str, collection: Span) -> Result<(), EditRefused> {
    match text.as_bytes().get(collection.start as usize) {
        Some(b'{' | b'[') => Ok(()),
        _ => Err(EditRefused::new("a `key: value` inside `[…]` without braces can hold one entry only")),
    }
}

/// Inserts `member` into `{…}` or `[…]` after the member that ends at `after`, or as the only one.
pub(crate) fn insert(
    text: &str,
    collection: Span,
    after: Option<usize>,
    member: &str,
    layout: Layout,
) -> Vec<TextEdit> {
    let Some(after) = after else {
        let at = collection.start as usize + 1;
        let gap = if text.as_bytes().get(at) == Some(&b'#') { " " } else { "" };
        return vec![TextEdit::insert(at, format!("{member}{gap}"))];
    };
    let next = skip_trivia(text, after);
    let comma = text.as_bytes().get(next) == Some(&b',');
    // The last place that belongs to the member before: its end, or its comma.
    let edge = if comma { next + 1 } else { after };
    if let Some(indent) = own_line(text, collection, after, edge) {
        let line =
            format!("{}{}{member}{}", layout.newline, " ".repeat(indent), if comma { "," } else { "" });
        let below = TextEdit::insert(line_end(text, edge), line);
        return if comma { vec![below] } else { vec![TextEdit::insert(after, ","), below] };
    }
    // `{a:,` would be read by some as the key `a:`.
    let gap = if text.as_bytes().get(after.saturating_sub(1)) == Some(&b':') { " " } else { "" };
    vec![TextEdit::insert(after, format!("{gap}, {member}"))]
}

/// The indentation of the member that ends at `after`, when the members of this collection stand on lines of their own.
fn own_line(text: &str, collection: Span, after: usize, edge: usize) -> Option<usize> {
    let line = line_start(text, after);
    let indented = skip_blanks(text, line);
    let opens_above = (collection.start as usize) < line;
    let alone = opens_above && ends_line(text, edge) && next_line(text, edge) < collection.end as usize;
    (alone && begins_line(text, indented)).then_some(indented - line)
}

/// Removes the member at `index` of `members` with one comma, and the line when nothing else stands on it.
pub(crate) fn remove(text: &str, members: &[Span], index: usize) -> Vec<TextEdit> {
    let Some(member) = members.get(index) else { return Vec::new() };
    let previous = index.checked_sub(1).and_then(|index| members.get(index));
    let (start, end) = (member.start as usize, member.end as usize);
    let next = skip_trivia(text, end);
    let comma_after = text.as_bytes().get(next) == Some(&b',');
    if comma_after {
        let same_line = skip_blanks(text, end) == next;
        if !same_line {
            return vec![TextEdit::delete(*member), TextEdit::delete(Span::new(next, next + 1))];
        }
        return vec![TextEdit::delete(whole_lines(text, start, next + 1).unwrap_or_else(|| {
            let after = skip_blanks(text, next + 1);
            let keep_gap = matches!(text.as_bytes().get(after), None | Some(b'#' | b'\n' | b'\r'));
            Span::new(start, if keep_gap { next + 1 } else { after })
        }))];
    }
    let own = whole_lines(text, start, end);
    let Some(previous) = previous else { return vec![TextEdit::delete(own.unwrap_or(*member))] };
    let comma = skip_trivia(text, previous.end as usize);
    let between = text.get(comma + 1..start).unwrap_or("");
    if own.is_none() && between.trim().is_empty() && !between.contains('\n') {
        return vec![TextEdit::delete(Span::new(comma, end))];
    }
    vec![TextEdit::delete(Span::new(comma, comma + 1)), TextEdit::delete(own.unwrap_or(*member))]
}

/// The lines from `start` to `end`, trailing comment included, when nothing else stands on them.
fn whole_lines(text: &str, start: usize, end: usize) -> Option<Span> {
    let next = next_line(text, end);
    (begins_line(text, start) && ends_line(text, end) && next < text.len())
        .then(|| Span::new(line_start(text, start), next))
}
