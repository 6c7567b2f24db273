use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};
use temper_text::Span;

use crate::conflict::merge_conflict;
use crate::scan::{line_start, skip_trivia, token_end};
use crate::{Entry, Kind, Node, Scalar, Style, Yaml, YamlError};

/// Largest text that [`parse`] reads, in bytes.
pub const MAX_BYTES: usize = 16 * 1024 * 1024;

/// Most nodes of one text that [`parse`] reads: scalars, aliases, sequences and mappings. So many take about 150 MB,
/// which a text of [`MAX_BYTES`] could need thirty times over.
pub const MAX_NODES: usize = 500_000;

/// Deepest nesting of sequences and mappings that [`parse`] reads.
pub const MAX_DEPTH: usize = 128;

const CORE_TAGS: &str = "tag:yaml.org,2002:";

/// Reads a YAML text. A byte order mark is accepted; repeated keys and aliases without an anchor are kept, not refused.
///
/// Aliases are never expanded, so the tree is never larger than the text.
///
/// # Errors
/// When the text is not YAML, is larger than [`MAX_BYTES`], has more than [`MAX_NODES`] nodes, is nested deeper than
/// [`MAX_DEPTH`], holds a NUL byte or a carriage return without a line feed, or holds a merge conflict.
pub fn parse(text: &str) -> Result<Yaml, YamlError> {
    if text.len() > MAX_BYTES {
        return Err(YamlError::new("file is larger than 16 MiB", Span::at(0)));
    }
    if let Some(at) = text.find('\0') {
        let message = "NUL byte: expected a text file, this one is binary or UTF-16; save it as UTF-8";
        return Err(YamlError::new(message, Span::new(at, at + 1)));
    }
    if let Some(at) = lone_carriage_return(text) {
        let message = "carriage return without a line feed: save the file with line ends LF or CRLF";
        return Err(YamlError::new(message, Span::new(at, at + 1)));
    }
    if let Some(error) = merge_conflict(text) {
        return Err(error);
    }
    let options = granit_parser::options! {
        emit_anchor_events: true,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH + 1,
        block_nesting_limit: MAX_DEPTH + 1,
        // A licence header is often longer than the parser's own limit of 96 lines.
        max_buffered_comment_events: usize::MAX,
    };
    let mut builder = Builder::new(text);
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, source) = event.map_err(|error| describe(text, &error))?;
        // The parser documents byte offsets for every span of a `str` input.
        let range = source.byte_range().unwrap_or(0..0);
        let tag_span = source.tag_span().and_then(|span| span.byte_range());
        let tag_span = tag_span.map(|range| Span::new(range.start, range.end));
        let span = Span::new(range.start, range.end);
        builder.event(event, span, tag_span)?;
        if builder.nodes > MAX_NODES {
            return Err(YamlError::new(format!("more than {MAX_NODES} values in one file"), span));
        }
    }
    Ok(builder.finish())
}

/// YAML takes it for a line end, as old Mac OS did. Nothing else that works with lines does, nor any editor today.
fn lone_carriage_return(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let is_lone = |(at, byte): &(usize, &u8)| **byte == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    bytes.iter().enumerate().find(is_lone).map(|(at, _)| at)
}

/// A collection whose end has not been seen yet.
struct Open {
    start: Span,
    flow: bool,
    mapping: bool,
    anchor: Option<Box<str>>,
    tag: Option<Box<str>>,
    properties: Option<Span>,
    slot: Option<u32>,
    items: Vec<Node>,
    entries: Vec<Entry>,
    key: Option<Node>,
}

struct Builder<'a> {
    text: &'a str,
    yaml: Yaml,
    open: Vec<Open>,
    nodes: usize,
    /// End of the last token that belongs to a node; the next node's own bytes come after it.
    cursor: usize,
    /// The last event began a collection, so that an anchor event now is the collection's.
    began: bool,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, yaml: Yaml::default(), open: Vec::new(), nodes: 0, cursor: 0, began: false }
    }

    fn event(&mut self, event: Event<'_>, span: Span, tag_span: Option<Span>) -> Result<(), YamlError> {
        let began = std::mem::take(&mut self.began);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let written = anchor != 0 || tag.is_some() || !span.is_empty() || style != ScalarStyle::Plain;
                let content = span;
                let span = self.scalar_span(content, style, written);
                let value: Box<str> = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => {
                        block::without_line_end_that_is_not_written(self.text, span, content, &value).into()
                    }
                    // The parser gives `~` for a value that is not written.
                    _ if span.is_empty() => "".into(),
                    _ => value.into(),
                };
                let kind = Kind::Scalar(Scalar { value, style: style_of(style) });
                let tag = tag.as_deref().map(tag_name);
                let slot = self.slot();
                self.push(Node { kind, span, anchor: None, tag, properties: tag_span, slot, in_flow: false });
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                // A name may itself begin with `*`.
                let written = span.slice(self.text);
                let kind = Kind::Alias(written.strip_prefix('*').unwrap_or(written).into());
                let slot = self.slot();
                self.push(Node {
                    kind,
                    span,
                    anchor: None,
                    tag: None,
                    properties: None,
                    slot,
                    in_flow: false,
                });
            }
            Event::Anchor(_, name) => self.anchor(name.into(), span, began),
            Event::SequenceStart(style, _, tag) => {
                self.begin(false, style, tag.as_deref(), span, tag_span)?
            }
            Event::MappingStart(style, _, tag) => self.begin(true, style, tag.as_deref(), span, tag_span)?,
            Event::SequenceEnd | Event::MappingEnd => self.end(span),
            Event::Comment(..) => {
                self.yaml.comments.push(span);
                self.began = began;
            }
            // The span of an implicit start is that of the first token.
            Event::DocumentStart(explicit, _) if explicit => self.cursor = span.end as usize,
            // The ends of streams and documents; the enum is open, but the parser's version is pinned.
            _ => {}
        }
        Ok(())
    }

    fn begin(
        &mut self,
        mapping: bool,
        style: StructureStyle,
        tag: Option<&Tag>,
        start: Span,
        properties: Option<Span>,
    ) -> Result<(), YamlError> {
        if self.open.len() == MAX_DEPTH {
            return Err(YamlError::new(too_deep(), start));
        }
        let slot = self.slot();
        // The parser begins a list that stands no deeper than its key after the first dash.
        let dash = self.next_content();
        let block = style == StructureStyle::Block;
        let start = if block && !mapping && self.text.as_bytes().get(dash) == Some(&b'-') {
            Span::at(dash)
        } else {
            start
        };
        self.cursor = start.end as usize;
        self.began = true;
        self.open.push(Open {
            start,
            flow: style == StructureStyle::Flow,
            mapping,
            anchor: None,
            tag: tag.map(tag_name),
            properties,
            slot,
            items: Vec::new(),
            entries: Vec::new(),
            key: None,
        });
        Ok(())
    }

    fn end(&mut self, span: Span) {
        let Some(mut open) = self.open.pop() else { return };
        // Only brackets have an end of their own; the parser ends a block collection after the trivia that follows it.
        let last = open.entries.last().map(|entry| entry.key.span.cover(entry.value.span));
        let last = last.or_else(|| open.items.last().map(|item| item.span));
        let end = if span.is_empty() { last.unwrap_or(open.start).end } else { span.end };
        let kind = if open.mapping {
            Kind::Mapping { entries: std::mem::take(&mut open.entries), flow: open.flow }
        } else {
            Kind::Sequence { items: std::mem::take(&mut open.items), flow: open.flow }
        };
        let span = Span { start: open.start.start, end };
        let Open { anchor, tag, properties, slot, .. } = open;
        self.push(Node { kind, span, anchor, tag, properties, slot, in_flow: false });
    }

    fn push(&mut self, mut node: Node) {
        self.nodes += 1;
        self.cursor = node.span.end as usize;
        let Some(open) = self.open.last_mut() else {
            self.yaml.documents.push(node);
            return;
        };
        node.in_flow = open.flow;
        if !open.mapping {
            open.items.push(node);
        } else if let Some(key) = open.key.take() {
            open.entries.push(Entry { key, value: node });
        } else {
            open.key = Some(node);
        }
    }

    fn anchor(&mut self, name: Box<str>, span: Span, began: bool) {
        let (anchor, properties) = if began {
            let Some(open) = self.open.last_mut() else { return };
            (&mut open.anchor, &mut open.properties)
        } else {
            let Some(node) = self.last_node() else { return };
            (&mut node.anchor, &mut node.properties)
        };
        *anchor = Some(name);
        *properties = Some(properties.map_or(span, |tag| tag.cover(span)));
    }

    fn last_node(&mut self) -> Option<&mut Node> {
        match self.open.last_mut() {
            None => self.yaml.documents.last_mut(),
            Some(Open { mapping: false, items, .. }) => items.last_mut(),
            Some(Open { key: Some(key), .. }) => Some(key),
            Some(Open { entries, .. }) => entries.last_mut().map(|entry| &mut entry.value),
        }
    }

    fn scalar_span(&self, span: Span, style: ScalarStyle, written: bool) -> Span {
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded => block::span(self.text, self.next_content(), span),
            _ if written => span,
            _ => self.absent_span(span),
        }
    }

    /// Just past the `:` or `-` that introduces the node that comes next after the cursor, if one does.
    fn slot(&self) -> Option<u32> {
        let open = self.open.last()?;
        let indicator = match open {
            Open { mapping: true, key: Some(_), .. } => b':',
            Open { mapping: false, flow: false, .. } => b'-',
            _ => return None,
        };
        let at = skip_trivia(self.text, self.cursor);
        if self.text.as_bytes().get(at) != Some(&indicator) {
            return None;
        }
        // After `? a`, a `:` further below may belong to an outer mapping.
        let same_line = !self.text.get(self.cursor..at).is_some_and(|between| between.contains('\n'));
        let placed = open.flow || same_line || self.column(at) == self.column(open.start.start as usize);
        let own = if self.is_separated(at + 1, open.flow) {
            placed
        } else {
            // `:P` is a scalar, except just after what quotes or brackets end (YAML 1.2.2, section 7.4.2).
            same_line && self.cursor.checked_sub(1).is_some_and(|last| self.ends_like_json(last))
        };
        own.then(|| Span::at(at + 1).start)
    }

    /// True when an indicator that ends before `at` is one, and not the first character of a scalar.
    fn is_separated(&self, at: usize, flow: bool) -> bool {
        match self.text.as_bytes().get(at) {
            None | Some(b' ' | b'\t' | b'\r' | b'\n') => true,
            Some(next) => flow && b",[]{}".contains(next),
        }
    }

    fn ends_like_json(&self, last: usize) -> bool {
        self.text.as_bytes().get(last).is_some_and(|byte| b"\"'}]".contains(byte))
    }

    /// The column of `at`, from 0, in characters.
    fn column(&self, at: usize) -> usize {
        self.text.get(line_start(self.text, at)..at).map_or(0, |prefix| prefix.chars().count())
    }

    /// Where the block scalar or block sequence that comes next begins: past its indicator, anchor and tag.
    fn next_content(&self) -> usize {
        let mut at = self.slot().map_or(self.cursor, |slot| slot as usize);
        loop {
            at = skip_trivia(self.text, at);
            match self.text.as_bytes().get(at) {
                Some(b'?') => at += 1,
                Some(b'&' | b'!') => at = token_end(self.text, at),
                _ => return at,
            }
        }
    }

    /// The place of a value that is not written: just after its `:` or `-`. The parser gives the end of the key, or the
    /// next token. A key may also stand alone: `{a, b}`, or `? a`.
    fn absent_span(&self, given: Span) -> Span {
        let in_collection = self.open.last().is_some_and(|open| !open.mapping || open.key.is_some());
        match self.slot() {
            Some(slot) => Span { start: slot, end: slot },
            None if in_collection => Span::at(self.cursor),
            None => given,
        }
    }

    fn finish(mut self) -> Yaml {
        // The comment after a block scalar's `|` arrives after the scalar.
        self.yaml.comments.sort_unstable();
        self.yaml
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

fn tag_name(tag: &Tag) -> Box<str> {
    if let Some(name) = tag.suffix_in_namespace(CORE_TAGS) {
        return format!("!!{name}").into();
    }
    let (handle, suffix) = tag.parts();
    if handle.starts_with('!') || suffix == "!" {
        return format!("{handle}{suffix}").into();
    }
    format!("!<{handle}{suffix}>").into()
}

fn too_deep() -> String {
    format!("nested deeper than {MAX_DEPTH} levels")
}

fn describe(text: &str, error: &ScanError) -> YamlError {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.len());
    let start = line_start(text, at);
    let indentation = text.get(start..at).unwrap_or("");
    let next = text.get(at..).and_then(|rest| rest.chars().next());
    let tab = indentation.trim_start_matches(' ').starts_with('\t') || next == Some('\t');
    let message = if tab && indentation.trim().is_empty() {
        "tab in the indentation: YAML allows only spaces there".to_owned()
    } else if matches!(error.kind(), ErrorKind::RecursionLimitExceeded) {
        too_deep()
    } else if matches!(error.kind(), ErrorKind::MappingValueNotAllowed) {
        "mapping values are not allowed here: check the indentation of this line and of the one above"
            .to_owned()
    } else {
        error.info()
    };
    YamlError::new(message, Span::new(at, at + next.map_or(0, char::len_utf8)))
}

mod block;
#[cfg(test)]
mod tests;
