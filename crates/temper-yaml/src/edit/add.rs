use temper_text::{Span, TextEdit};

use super::lines::{column, insert_lines};
use super::{EditRefused, flow, replace};
use crate::render::{Layout, entry_lines, flow as flow_value, flow_entry, item_lines};
use crate::{Entry, Kind, Node, Snippet};

/// A key longer than this cannot stand before its `:` (YAML 1.2.2, section 7.4, allows 1024 characters with its quotes).
const MAX_KEY: usize = 1000;

/// Adds `key: value` at the end of a mapping: below the trailing comment of its last entry, or inside its braces.
///
/// Comments of `value` are left out inside braces, where they have no place.
///
/// # Errors
/// When `mapping` is not a mapping, has the key already, or its indentation is not certain.
pub fn add_entry(
    text: &str,
    mapping: &Node,
    key: &str,
    value: &Snippet,
) -> Result<Vec<TextEdit>, EditRefused> {
    check_new_key(mapping, key)?;
    insert_entry(text, mapping, mapping.entries().last(), key, value)
}

/// Adds `key: value` just after the entry of `after_key`; otherwise as [`add_entry`].
///
/// # Errors
/// As [`add_entry`]; and when the mapping has no `after_key`.
pub fn insert_entry_after(
    text: &str,
    mapping: &Node,
    after_key: &str,
    key: &str,
    value: &Snippet,
) -> Result<Vec<TextEdit>, EditRefused> {
    check_new_key(mapping, key)?;
    let after = mapping.entry(after_key);
    let after = after
        .ok_or_else(|| EditRefused::new(format!("there is no key `{after_key}` to write `{key}` after")))?;
    if after.key.outer_span().is_empty() {
        return Err(EditRefused::new("the entry to write after has no written key"));
    }
    insert_entry(text, mapping, Some(after), key, value)
}

/// Makes `key: value` the first entry below an entry whose value is null: `svc:` or `svc: null`.
///
/// # Errors
/// When the value is not null, has a tag, or is anchored and used elsewhere.
pub fn add_entry_to_null(
    text: &str,
    entry: &Entry,
    key: &str,
    value: &Snippet,
) -> Result<Vec<TextEdit>, EditRefused> {
    let null = &entry.value;
    if !null.is_null() {
        return Err(EditRefused::new("the value is not null"));
    }
    check_key(key)?;
    if entry.key.outer_span().is_empty() {
        return Err(EditRefused::new("the entry to write below has no written key"));
    }
    let map = Snippet::Map(vec![(key.to_owned(), value.clone(), None)]);
    let slot = match null.slot {
        Some(slot) if !null.in_flow && begins_at(text, null, slot) => slot,
        _ => return replace::replace_value(text, null, &map),
    };
    replace::check_replaceable(text, null)?;
    let layout = Layout::near(text, &entry.key);
    let indent = column(text, entry.key.outer_span().start as usize)? + layout.step;
    let lines = entry_lines(key, value, None, indent, layout);
    let below = insert_lines(text, null, null.span.end as usize, &lines, layout)?;
    let before = null.properties.map_or(slot, |properties| properties.end);
    let written = Span { start: before, end: null.span.end.max(before) };
    if written.is_empty() { Ok(vec![below]) } else { Ok(vec![TextEdit::delete(written), below]) }
}

/// Adds `item` at the end of a sequence: below the trailing comment of its last item, or inside its brackets.
///
/// # Errors
/// When `sequence` is not a sequence or its indentation is not certain.
pub fn append_item(text: &str, sequence: &Node, item: &Snippet) -> Result<Vec<TextEdit>, EditRefused> {
    let Kind::Sequence { items, flow } = &sequence.kind else {
        return Err(EditRefused::new("not a sequence"));
    };
    replace::check_keys(sequence)?;
    let layout = Layout::near(text, sequence);
    let end = items.last().map(|item| item.outer_span().end as usize);
    if *flow {
        flow::check_brackets(text, sequence.span)?;
        return Ok(flow::insert(text, sequence.span, end, &flow_value(item), layout));
    }
    let indent = column(text, sequence.span.start as usize)?;
    let lines = item_lines(item, None, indent, layout);
    Ok(vec![insert_lines(text, sequence, end.unwrap_or(sequence.span.end as usize), &lines, layout)?])
}

fn insert_entry(
    text: &str,
    mapping: &Node,
    after: Option<&Entry>,
    key: &str,
    value: &Snippet,
) -> Result<Vec<TextEdit>, EditRefused> {
    let layout = Layout::near(text, mapping);
    let end = after.map(|entry| entry.span().end as usize);
    if matches!(mapping.kind, Kind::Mapping { flow: true, .. }) {
        flow::check_brackets(text, mapping.span)?;
        return Ok(flow::insert(text, mapping.span, end, &flow_entry(key, value), layout));
    }
    let indent = column(text, mapping.span.start as usize)?;
    let lines = entry_lines(key, value, None, indent, layout);
    let node = after.map_or(mapping, Entry::last_node);
    Ok(vec![insert_lines(text, node, end.unwrap_or(mapping.span.end as usize), &lines, layout)?])
}

fn check_new_key(mapping: &Node, key: &str) -> Result<(), EditRefused> {
    if !matches!(mapping.kind, Kind::Mapping { .. }) {
        return Err(EditRefused::new("not a mapping"));
    }
    replace::check_keys(mapping)?;
    if mapping.entry(key).is_some() {
        return Err(EditRefused::new(format!("the mapping has the key `{key}` already")));
    }
    check_key(key)
}

fn check_key(key: &str) -> Result<(), EditRefused> {
    if key.len() > MAX_KEY {
        return Err(EditRefused::new(format!("a key of {} bytes is too long for YAML", key.len())));
    }
    Ok(())
}

/// True when only blanks stand between the `:` and the value or its anchor.
fn begins_at(text: &str, value: &Node, slot: u32) -> bool {
    let between = text.get(slot as usize..value.span.start as usize).unwrap_or("");
    value
        .properties
        .map_or(between, |properties| Span { start: slot, end: properties.start }.slice(text))
        .trim()
        .is_empty()
        && !between.contains(['\n', '#'])
}
