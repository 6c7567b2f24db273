use crate::render::Layout;
use crate::scan::{line_start, next_line};
use crate::{Kind, Node};

impl Layout {
    /// The layout of the file as seen at `node`: that of the collections inside it, else of the first ones in the text.
    pub(crate) fn near(text: &str, node: &Node) -> Self {
        let mut seen = Seen::default();
        seen.node(text, node);
        if seen.step.is_none() || seen.indent_dashes.is_none() {
            seen.text(text);
        }
        Self {
            step: seen.step.unwrap_or(2),
            indent_dashes: seen.indent_dashes.unwrap_or(true),
            newline: newline(text, node.span.start as usize),
        }
    }
}

#[derive(Default)]
struct Seen {
    step: Option<usize>,
    indent_dashes: Option<bool>,
}

impl Seen {
    fn node(&mut self, text: &str, node: &Node) {
        let Kind::Mapping { entries, flow: false } = &node.kind else { return };
        let column = column_bytes(text, node);
        for value in entries.iter().map(|entry| &entry.value) {
            let deeper = column_bytes(text, value).checked_sub(column);
            match &value.kind {
                Kind::Mapping { flow: false, .. } => self.saw_step(deeper),
                Kind::Sequence { flow: false, .. } => self.saw_dash(deeper),
                _ => {}
            }
            self.node(text, value);
            if self.step.is_some() && self.indent_dashes.is_some() {
                return;
            }
        }
    }

    /// Looks at the lines that follow a line which ends in `:`. A block scalar may fool it; then the layout is not the
    /// nicest one, but still right.
    fn text(&mut self, text: &str) {
        let mut parent = None;
        for line in text.lines() {
            let body = line.trim();
            if body.is_empty() || body.starts_with('#') {
                continue;
            }
            let indent = line.len() - line.trim_start_matches(' ').len();
            let deeper = parent.and_then(|parent| indent.checked_sub(parent));
            match body.starts_with("- ") {
                true => self.saw_dash(deeper),
                false => self.saw_step(deeper),
            }
            if self.step.is_some() && self.indent_dashes.is_some() {
                return;
            }
            parent = (body.ends_with(':') && !body.starts_with('-')).then_some(indent);
        }
    }

    fn saw_step(&mut self, deeper: Option<usize>) {
        if let Some(deeper @ 1..=8) = deeper {
            self.step.get_or_insert(deeper);
        }
    }

    fn saw_dash(&mut self, deeper: Option<usize>) {
        if let Some(deeper @ 0..=8) = deeper {
            self.indent_dashes.get_or_insert(deeper > 0);
        }
    }
}

fn column_bytes(text: &str, node: &Node) -> usize {
    let start = node.span.start as usize;
    start - line_start(text, start)
}

/// The line end used at `at`: that of its line; for the last line, that of the first.
fn newline(text: &str, at: usize) -> &'static str {
    let end = next_line(text, at);
    let head = text.get(..end).unwrap_or("");
    let end = if head.ends_with('\n') { end } else { next_line(text, 0) };
    if text.get(..end).is_some_and(|head| head.ends_with("\r\n")) { "\r\n" } else { "\n" }
}
