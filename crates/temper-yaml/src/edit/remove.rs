use temper_text::{Span, TextEdit};

use super::lines::{column, is_block_scalar, last_leaf};
use super::{EditRefused, flow, replace};
use crate::scan::{at_line_start, begins_line, line_end, line_start, next_line};
use crate::{Kind, Node};

/// Removes the entry of `key` with its trailing comment. Comments on lines of their own stay, those above it included.
/// The only entry of a block mapping leaves `{}` behind, because nothing would read as null.
///
/// # Errors
/// When `mapping` has no such key or has it twice, or when the entry holds an anchor that is used elsewhere.
pub fn remove_entry(text: &str, mapping: &Node, key: &str) -> Result<Vec<TextEdit>, EditRefused> {
    let entries = mapping.entries();
    let mut matching = entries.iter().enumerate().filter(|(_, entry)| entry.key.as_str() == Some(key));
    let Some((index, entry)) = matching.next().filter(|(_, entry)| !entry.key.outer_span().is_empty()) else {
        return Err(EditRefused::new(format!("there is no key `{key}`")));
    };
    if matching.next().is_some() {
        return Err(EditRefused::new(format!(
            "the key `{key}` stands there twice; remove one of them first"
        )));
    }
    replace::check_keys(mapping)?;
    replace::check_anchors(text, &entry.key)?;
    replace::check_anchors(text, &entry.value)?;
    let members: Vec<_> = entries.iter().map(|entry| entry.span()).collect();
    let before = index.checked_sub(1).and_then(|index| entries.get(index)).map(|entry| entry.last_node());
    remove_member(text, mapping, &members, index, before, "{}")
}

/// Removes the item at `index` (from 0) with its trailing comment; otherwise as [`remove_entry`]. The only item of a block
/// sequence leaves `[]` behind.
///
/// # Errors
/// When `sequence` has no such item, or when the item holds an anchor that is used elsewhere.
pub fn remove_item(text: &str, sequence: &Node, index: usize) -> Result<Vec<TextEdit>, EditRefused> {
    let items = sequence.items();
    let Some(item) = items.get(index) else {
        return Err(EditRefused::new(format!("there is no item {index}")));
    };
    replace::check_keys(sequence)?;
    replace::check_anchors(text, item)?;
    // In a block sequence the item's dash belongs to it.
    let dash = |item: &Node| {
        item.slot
            .map_or(item.outer_span(), |slot| item.outer_span().cover(Span { start: slot - 1, end: slot }))
    };
    let members: Vec<_> = items.iter().map(dash).collect();
    let before = index.checked_sub(1).and_then(|index| items.get(index));
    remove_member(text, sequence, &members, index, before, "[]")
}

fn remove_member(
    text: &str,
    collection: &Node,
    members: &[Span],
    index: usize,
    before: Option<&Node>,
    empty: &str,
) -> Result<Vec<TextEdit>, EditRefused> {
    let Some(member) = members.get(index).copied() else { return Ok(Vec::new()) };
    if matches!(collection.kind, Kind::Mapping { flow: true, .. } | Kind::Sequence { flow: true, .. }) {
        flow::check_brackets(text, collection.span)?;
        return Ok(flow::remove(text, members, index));
    }
    if members.len() == 1 {
        return replace::inline(text, collection, empty);
    }
    let column = column(text, collection.span.start as usize)?;
    let (start, end) = (member.start as usize, member.end as usize);
    let start = member_start(text, collection, start, column, index)?;
    let below = if at_line_start(text, end) { end } else { next_line(text, end) };
    if begins_line(text, start) {
        check_block_scalar_above(text, before, below, column)?;
        return Ok(vec![TextEdit::delete(Span::new(line_start(text, start), below))]);
    }
    // `- a: 1`: the line belongs to the outer item, too, so the next entry moves up to its dash.
    let next = members.get(index + 1).map_or(below, |next| next.start as usize);
    let between = text.get(below..next).unwrap_or("");
    if between.trim().is_empty() && column_matches(text, next, column) {
        return Ok(vec![TextEdit::delete(Span::new(start, next))]);
    }
    let end = if at_line_start(text, end) { end - 1 } else { line_end(text, end) };
    Ok(vec![TextEdit::delete(Span::new(start, end))])
}

/// The first byte of a member of a block collection. A key after `? ` does not begin its entry.
fn member_start(
    text: &str,
    collection: &Node,
    start: usize,
    column: usize,
    index: usize,
) -> Result<usize, EditRefused> {
    let in_column =
        if index == 0 { collection.span.start as usize } else { line_start(text, start) + column };
    let explicit = text.as_bytes().get(in_column) == Some(&b'?')
        && line_start(text, in_column) == line_start(text, start);
    match in_column == start || (explicit && in_column < start) {
        true => Ok(in_column),
        false => {
            Err(EditRefused::new("the key stands on another line than its `?`, or is not written at all"))
        }
    }
}

/// False when an explicit `? ` stands between the indentation and the next member.
fn column_matches(text: &str, next: usize, expected: usize) -> bool {
    column(text, next).is_ok_and(|column| column == expected)
}

/// Refuses when lines below the removed ones would become part of a block scalar above them.
fn check_block_scalar_above(
    text: &str,
    before: Option<&Node>,
    below: usize,
    column: usize,
) -> Result<(), EditRefused> {
    let Some(leaf) = before.map(last_leaf).filter(|leaf| is_block_scalar(leaf)) else { return Ok(()) };
    let header = leaf.span.slice(text).split([' ', '\t', '\r', '\n']).next().unwrap_or("");
    let rest = text.get(below..).unwrap_or("");
    let blank_kept = header.contains('+') && rest.lines().next().is_some_and(|line| line.trim().is_empty());
    let next = rest.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
    let indent = next.len() - next.trim_start_matches(' ').len();
    let comment_taken = next.trim_start().starts_with('#') && indent > column;
    if blank_kept || comment_taken {
        return Err(EditRefused::new("the lines below would become part of the block scalar above"));
    }
    Ok(())
}
