use std::borrow::Cow;

use crate::Snippet;
use crate::quote::{Place, quote_at};

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Spaces per level.
    pub(crate) step: usize,
    /// Dashes stand deeper than the key of their list.
    pub(crate) indent_dashes: bool,
    /// `\n` or `\r\n`.
    pub(crate) newline: &'static str,
}

impl Default for Layout {
    fn default() -> Self {
        Self { step: 2, indent_dashes: true, newline: "\n" }
    }
}

/// A whole new file that holds `value`: block style, two spaces, list dashes indented, a line feed at the end.
#[must_use]
pub fn render(value: &Snippet) -> String {
    let mut out = value_lines(value, 0, Layout::default()).join("\n");
    out.push('\n');
    out
}

/// The lines of `key: value` at `indent`, without line ends.
pub(crate) fn entry_lines(
    key: &str,
    value: &Snippet,
    comment: Option<&str>,
    indent: usize,
    layout: Layout,
) -> Vec<String> {
    let (value, own) = value.split_comment();
    let key = quote_at(key, Place::Block);
    let head = format!("{:indent$}{key}:", "");
    let note = comment_text(comment.or(own));
    if is_inline(value) {
        let value = inline(value, Place::Block);
        let gap = if matches!(&*value, "") { "" } else { " " };
        return vec![format!("{head}{gap}{value}{note}")];
    }
    let dashes = matches!(value, Snippet::Seq(_)) && !layout.indent_dashes;
    let mut lines = vec![format!("{head}{note}")];
    lines.extend(value_lines(value, if dashes { indent } else { indent + layout.step }, layout));
    lines
}

/// The lines of `- value` at `indent`, without line ends.
pub(crate) fn item_lines(
    value: &Snippet,
    comment: Option<&str>,
    indent: usize,
    layout: Layout,
) -> Vec<String> {
    let (value, own) = value.split_comment();
    let note = comment_text(comment.or(own));
    let head = format!("{:indent$}-", "");
    if is_inline(value) {
        let value = if matches!(value, Snippet::Null) { "null".into() } else { inline(value, Place::Block) };
        return vec![format!("{head} {value}{note}")];
    }
    let mut lines = value_lines(value, indent + 2, layout);
    if !note.is_empty() {
        lines.insert(0, format!("{head}{note}"));
    } else if let Some(first) = lines.first_mut() {
        *first = format!("{head} {}", first.trim_start());
    }
    lines
}

/// The lines of a value that stands alone, each at `indent` or deeper.
pub(crate) fn value_lines(value: &Snippet, indent: usize, layout: Layout) -> Vec<String> {
    let (value, comment) = value.split_comment();
    match value {
        Snippet::Seq(items) if !items.is_empty() => items
            .iter()
            .flat_map(|(item, comment)| item_lines(item, comment.as_deref(), indent, layout))
            .collect(),
        Snippet::Map(entries) if !entries.is_empty() => entries
            .iter()
            .flat_map(|(key, value, comment)| entry_lines(key, value, comment.as_deref(), indent, layout))
            .collect(),
        value => {
            let text =
                if matches!(value, Snippet::Null) { "null".into() } else { inline(value, Place::Block) };
            vec![format!("{:indent$}{text}{}", "", comment_text(comment))]
        }
    }
}

/// The value on one line; comments inside it have no place there and are left out.
pub(crate) fn flow(value: &Snippet) -> String {
    match value.split_comment().0 {
        Snippet::Null => "null".to_owned(),
        Snippet::Seq(items) => {
            let items: Vec<_> = items.iter().map(|(item, _)| flow(item)).collect();
            format!("[{}]", items.join(", "))
        }
        Snippet::Map(entries) => {
            let entries: Vec<_> = entries.iter().map(|(key, value, _)| flow_entry(key, value)).collect();
            format!("{{{}}}", entries.join(", "))
        }
        scalar => inline(scalar, Place::Flow).into_owned(),
    }
}

/// `key: value` on one line.
pub(crate) fn flow_entry(key: &str, value: &Snippet) -> String {
    format!("{}: {}", quote_at(key, Place::Flow), flow(value))
}

/// ` # comment`, or nothing. A comment is one line: every run of white space and control characters becomes a space.
pub(crate) fn comment_text(comment: Option<&str>) -> String {
    let words = comment.unwrap_or("").split(|c: char| c.is_whitespace() || c.is_control() || c == '\u{feff}');
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() { String::new() } else { format!(" # {}", words.join(" ")) }
}

fn is_inline(value: &Snippet) -> bool {
    match value {
        Snippet::Seq(items) => items.is_empty(),
        Snippet::Map(entries) => entries.is_empty(),
        _ => true,
    }
}

/// A scalar or an empty collection.
fn inline(value: &Snippet, place: Place) -> Cow<'_, str> {
    match value {
        Snippet::Null => Cow::Borrowed(""),
        Snippet::Scalar(text) => quote_at(text, place),
        Snippet::Bool(value) => Cow::Owned(value.to_string()),
        Snippet::Int(value) => Cow::Owned(value.to_string()),
        Snippet::Seq(_) | Snippet::Map(_) | Snippet::Commented(..) => Cow::Owned(flow(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, flow, render, value_lines};
    use crate::Snippet;

    fn sample() -> Snippet {
        Snippet::Map(vec![
            ("read_only".into(), true.into(), Some("nothing is written\nat run time".into())),
            ("user".into(), "65532:65532".into(), None),
            ("cap_drop".into(), Snippet::strings(["ALL"]), Some("none is used".into())),
            (
                "tmpfs".into(),
                Snippet::Seq(vec![
                    ("/tmp:size=64m".into(), Some("seen".into())),
                    (Snippet::map([("type", "tmpfs".into()), ("opts", Snippet::strings(["a", "b"]))]), None),
                    (Snippet::map([("type", Snippet::from("bind"))]), Some("why".into())),
                    (Snippet::strings(["x"]), None),
                ]),
                None,
            ),
            ("empty".into(), Snippet::Map(vec![]), None),
            ("none".into(), Snippet::Null, None),
        ])
    }

    #[test]
    fn whole_file_is_in_block_style() {
        insta::assert_snapshot!(render(&sample()), @r#"
        read_only: true # nothing is written at run time
        user: "65532:65532"
        cap_drop: # none is used
          - ALL
        tmpfs:
          - /tmp:size=64m # seen
          - type: tmpfs
            opts:
              - a
              - b
          - # why
            type: bind
          - - x
        empty: {}
        none:
        "#);
    }

    #[test]
    fn layout_of_the_file_is_followed() {
        let layout = Layout { step: 4, indent_dashes: false, newline: "\n" };
        insta::assert_snapshot!(value_lines(&sample(), 4, layout).join("\n"), @r#"
        read_only: true # nothing is written at run time
        user: "65532:65532"
        cap_drop: # none is used
        - ALL
        tmpfs:
        - /tmp:size=64m # seen
        - type: tmpfs
          opts:
          - a
          - b
        - # why
          type: bind
        - - x
        empty: {}
        none:
        "#);
    }

    #[test]
    fn flow_is_on_one_line_without_comments() {
        insta::assert_snapshot!(flow(&sample()), @r#"{read_only: true, user: "65532:65532", cap_drop: [ALL], tmpfs: ["/tmp:size=64m", {type: tmpfs, opts: [a, b]}, {type: bind}, [x]], empty: {}, none: null}"#);
    }
}
