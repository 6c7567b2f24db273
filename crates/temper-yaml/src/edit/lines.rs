use temper_text::TextEdit;

use super::EditRefused;
use crate::render::Layout;
use crate::scan::{at_line_start, line_start, next_line};
use crate::{Kind, Node, Style};

/// The column of `at`, from 0, in characters, as YAML counts indentation.
pub(crate) fn column(text: &str, at: usize) -> Result<usize, EditRefused> {
    let prefix = text.get(line_start(text, at)..at).unwrap_or("");
    if prefix.contains('\t') {
        return Err(EditRefused::new(
            "a tab stands before this on its line, so its indentation is not certain",
        ));
    }
    Ok(prefix.chars().count())
}

/// Inserts whole lines below the line on which `after` ends, its trailing comment included.
pub(crate) fn insert_lines(
    text: &str,
    after: &Node,
    end: usize,
    lines: &[String],
    layout: Layout,
) -> Result<TextEdit, EditRefused> {
    let body = lines.join(layout.newline);
    let at = if at_line_start(text, end) { end } else { next_line(text, end) };
    if at_line_start(text, at) {
        return Ok(TextEdit::insert(at, format!("{body}{}", layout.newline)));
    }
    if ends_in_open_block_scalar(text, after) {
        let reason = "the file ends inside a block scalar without a final newline, and one more line would change it; \
                      add a newline at the end of the file first";
        return Err(EditRefused::new(reason));
    }
    Ok(TextEdit::insert(at, format!("{}{body}", layout.newline)))
}

/// The last scalar on the last line of `node`.
pub(crate) fn last_leaf(node: &Node) -> &Node {
    let mut node = node;
    loop {
        node = match &node.kind {
            Kind::Mapping { entries, flow: false } => match entries.last() {
                Some(entry) if entry.value.span.end > entry.key.span.end => &entry.value,
                Some(entry) => &entry.key,
                None => return node,
            },
            Kind::Sequence { items, flow: false } => match items.last() {
                Some(item) => item,
                None => return node,
            },
            _ => return node,
        }
    }
}

pub(crate) fn is_block_scalar(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar(scalar) if matches!(scalar.style, Style::Literal | Style::Folded))
}

/// True when `node` ends in a block scalar to which a line end after its last line would belong.
fn ends_in_open_block_scalar(text: &str, node: &Node) -> bool {
    let leaf = last_leaf(node);
    let written = leaf.span.slice(text);
    let header = written.split([' ', '\t', '\r', '\n']).next().unwrap_or("");
    is_block_scalar(leaf) && written.contains('\n') && !header.contains('-')
}
