use temper_text::{Span, TextEdit};

use super::EditRefused;
use super::lines::{column, is_block_scalar};
use crate::quote::{Place, quote_at};
use crate::render::{Layout, comment_text, flow, value_lines};
use crate::scan::{begins_line, line_end};
use crate::{Kind, Node, Snippet};

/// Writes `value` in the place of `node`. Comments behind the node stay; those inside it go with it.
///
/// A block collection that is replaced by a collection of the same kind stays one; every other list or mapping is
/// written on one line, as `[…]` or `{…}`, and the comments of `value` are left out. A comment on the outermost value
/// is written where the line has none yet.
///
/// # Errors
/// When the node has a tag (`!reset`), when it holds an anchor that is used elsewhere, or when its place is not certain.
pub fn replace_value(text: &str, node: &Node, value: &Snippet) -> Result<Vec<TextEdit>, EditRefused> {
    check_replaceable(text, node)?;
    if let Some(edit) = in_block(text, node, value)? {
        return Ok(vec![edit]);
    }
    let (value, comment) = value.split_comment();
    let place = if node.in_flow { Place::Flow } else { Place::Block };
    let written = match value {
        Snippet::Scalar(text) => quote_at(text, place).into_owned(),
        other => flow(other),
    };
    let mut edits = inline(text, node, &written)?;
    edits.extend(trailing_comment(text, node, comment));
    Ok(edits)
}

/// Refuses when the node's tag or anchors give it a meaning that a new value would change elsewhere or lose.
pub(crate) fn check_replaceable(text: &str, node: &Node) -> Result<(), EditRefused> {
    if let Some(tag) = &node.tag {
        return Err(EditRefused::new(format!(
            "the value has the tag `{tag}`, which would apply to the new value too"
        )));
    }
    check_keys(node)?;
    check_anchors(text, node)
}

/// Refuses when a key in the node's subtree is not written (`? `, `: a`): readers differ on where such entries begin
/// and end, and a line more or less may give a neighbour another key.
pub(crate) fn check_keys(node: &Node) -> Result<(), EditRefused> {
    for entry in node.entries() {
        if entry.key.outer_span().is_empty() {
            return Err(EditRefused::new("a key in it is not written; write it, or remove its `?` or `:`"));
        }
        check_keys(&entry.key)?;
        check_keys(&entry.value)?;
    }
    node.items().iter().try_for_each(check_keys)
}

/// Refuses when an anchor in the node's subtree is used outside it.
pub(crate) fn check_anchors(text: &str, node: &Node) -> Result<(), EditRefused> {
    if let Some(name) = &node.anchor {
        // A `*name` in a comment or a string is taken for a use, too: a needless refusal does no harm.
        let alias = format!("*{name}");
        let span = node.span.range();
        let before = text.get(..span.start).unwrap_or("");
        let after = text.get(span.end..).unwrap_or("");
        if before.contains(&alias) || after.contains(&alias) {
            return Err(EditRefused::new(format!(
                "the anchor `&{name}` is used elsewhere in the file as `{alias}`"
            )));
        }
    }
    for entry in node.entries() {
        check_anchors(text, &entry.key)?;
        check_anchors(text, &entry.value)?;
    }
    node.items().iter().try_for_each(|item| check_anchors(text, item))
}

/// Writes `written`, which is one line, in the place of the node, and keeps its anchor and tag.
pub(crate) fn inline(text: &str, node: &Node, written: &str) -> Result<Vec<TextEdit>, EditRefused> {
    if node.span.is_empty() {
        return Ok(vec![TextEdit::insert(node.span.start as usize, absent_text(text, node, written)?)]);
    }
    let end = content_end(text, node);
    if is_block_scalar(node) {
        let start = node.span.start as usize;
        let header = line_end(text, start);
        let indicators =
            text.get(start..header).and_then(|header| header.find([' ', '\t'])).unwrap_or(header - start);
        let head = TextEdit::replace(Span::new(start, start + indicators), written);
        return Ok(if end > header {
            vec![head, TextEdit::delete(Span::new(header, end))]
        } else {
            vec![head]
        });
    }
    let block = matches!(node.kind, Kind::Sequence { flow: false, .. } | Kind::Mapping { flow: false, .. });
    match node.properties.map(|properties| properties.end).or(node.slot) {
        Some(slot) if block && begins_line(text, node.span.start as usize) => {
            // The value began below its key; it moves up to it, before the key's own comment.
            let slot = slot as usize;
            let below = Span::new(line_end(text, slot), end);
            Ok(vec![TextEdit::insert(slot, format!(" {written}")), TextEdit::delete(below)])
        }
        _ => Ok(vec![TextEdit::replace(Span::new(node.span.start as usize, end), written)]),
    }
}

/// The text for a value that is not written yet, with the `:` when that is missing, too.
fn absent_text(text: &str, node: &Node, written: &str) -> Result<String, EditRefused> {
    let introduced = node.slot.is_some() || node.properties.is_some();
    if !introduced && !node.in_flow {
        return Err(EditRefused::new("there is no `:` after the key that could introduce a value"));
    }
    let before = text.get(..node.span.start as usize).unwrap_or("");
    let token = before.rfind([' ', '\n', ',', '{', '[']).and_then(|at| before.get(at + 1..)).unwrap_or("");
    if !introduced && token.starts_with(['*', '&', '!']) {
        // A `:` would become a part of the name.
        return Err(EditRefused::new("an alias, anchor or tag stands alone in the place of the key"));
    }
    let colon = if introduced { "" } else { ":" };
    let next = text.as_bytes().get(node.span.end as usize);
    let gap = if next == Some(&b'#') { " " } else { "" };
    Ok(format!("{colon} {written}{gap}"))
}

/// A block collection in the place of one of the same kind: same indentation, so it is right wherever the old one was.
fn in_block(text: &str, node: &Node, value: &Snippet) -> Result<Option<TextEdit>, EditRefused> {
    let same = match (&node.kind, value.split_comment().0) {
        (Kind::Mapping { flow: false, .. }, Snippet::Map(entries)) => !entries.is_empty(),
        (Kind::Sequence { flow: false, .. }, Snippet::Seq(items)) => !items.is_empty(),
        _ => false,
    };
    if !same {
        return Ok(None);
    }
    let layout = Layout::near(text, node);
    let start = node.span.start as usize;
    let lines = value_lines(value, column(text, start)?, layout);
    let body = lines.join(layout.newline);
    let body = body.trim_start();
    Ok(Some(TextEdit::replace(Span::new(start, content_end(text, node)), body)))
}

/// The end of the node without the line end that a block scalar carries.
fn content_end(text: &str, node: &Node) -> usize {
    let body = node.span.slice(text);
    let body = body.strip_suffix('\n').map_or(body, |body| body.strip_suffix('\r').unwrap_or(body));
    node.span.start as usize + body.len()
}

fn trailing_comment(text: &str, node: &Node, comment: Option<&str>) -> Option<TextEdit> {
    let at = content_end(text, node);
    let free = text.get(at..line_end(text, at)).is_some_and(|rest| rest.trim().is_empty());
    let multi_line = node.span.slice(text).contains('\n');
    (free && !multi_line && !node.in_flow)
        .then(|| comment_text(comment))
        .filter(|note| !note.is_empty())
        .map(|note| TextEdit::insert(line_end(text, at), note))
}
