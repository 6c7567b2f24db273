//! From the syntax of a YAML file to its values: aliases, merge keys, tags, types.

use std::collections::HashMap;

use indexmap::IndexMap;
use temper_text::{FileId, Loc, SourceFile, Span};
use temper_yaml::{Entry, Kind, Node, Style, Typed};

use super::go_yaml::{AsText, Timestamp, binary};
use super::load_path::KeyPath;
use super::tags::Removal;
use crate::{Data, Member, Origin, Text, Value};

/// Values that one project may have, aliases expanded. A thousand services have some ten thousand, an alias bomb has
/// billions. So many take about 50 MB.
pub(crate) const MAX_NODES: usize = 250_000;
/// How deep values may lie within each other, aliases expanded. The file format needs about ten.
pub(crate) const MAX_DEPTH: usize = 100;

/// How many more values may be made.
#[derive(Debug)]
pub(crate) struct Budget {
    left: usize,
}

impl Budget {
    /// A budget of [`MAX_NODES`].
    pub(crate) fn new() -> Self {
        Self { left: MAX_NODES }
    }

    /// Takes `count` values from the budget. False when there are not so many left; then none is.
    pub(crate) fn take(&mut self, count: usize) -> bool {
        let left = self.left.checked_sub(count);
        self.left = left.unwrap_or(0);
        left.is_some()
    }
}

/// One YAML document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    /// Its value.
    pub(crate) root: Value,
    /// The `!reset` and `!override` tags in it.
    pub(crate) removals: Vec<Removal>,
}

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where.
    pub(crate) at: Loc,
    /// What was expected.
    pub(crate) message: String,
}

/// The value of a document. What is wrong goes to `faults`; a value that cannot be known then has itself as a
/// missing variable, so that nothing takes it for absent.
pub(crate) fn document(
    file: FileId,
    source: &SourceFile,
    node: &Node,
    budget: &mut Budget,
    faults: &mut Vec<Fault>,
) -> Document {
    let mut reader = Reader {
        file,
        source,
        targets: HashMap::new(),
        open: Vec::new(),
        depth: 0,
        path: KeyPath::default(),
        removals: Vec::new(),
        budget,
        faults,
        exhausted: false,
        overrides: 0,
        named_by_alias: false,
    };
    reader.bind(node, &mut HashMap::new());
    let root = reader.value(node, Origin::Written);
    let null = || Value::new(Data::Null, Loc { file, span: node.span });
    let root = root.filter(|_| !reader.exhausted).unwrap_or_else(null);
    Document { root, removals: reader.removals }
}

struct Reader<'n, 'b> {
    file: FileId,
    source: &'b SourceFile,
    /// Where an alias starts, and the node it names. An anchor may be set twice; an alias means the one before it.
    targets: HashMap<u32, &'n Node>,
    /// Anchored nodes that are being read, to find one that holds itself.
    open: Vec<&'n Node>,
    depth: usize,
    path: KeyPath,
    removals: Vec<Removal>,
    budget: &'b mut Budget,
    faults: &'b mut Vec<Fault>,
    exhausted: bool,
    /// How many nodes under `!override` are open.
    overrides: usize,
    /// The next node is the target of an alias.
    named_by_alias: bool,
}

impl<'n> Reader<'n, '_> {
    fn loc(&self, span: Span) -> Loc {
        Loc { file: self.file, span }
    }

    fn fault(&mut self, span: Span, message: impl Into<String>) {
        self.faults.push(Fault { at: self.loc(span), message: message.into() });
    }

    /// Finds the target of every alias. Nodes are visited in the order of the text, as anchors count from where they
    /// are written.
    fn bind(&mut self, node: &'n Node, anchors: &mut HashMap<&'n str, &'n Node>) {
        if let Some(name) = &node.anchor {
            anchors.insert(name, node);
        }
        match &node.kind {
            Kind::Scalar(_) => {}
            Kind::Alias(name) => {
                if let Some(target) = anchors.get(&**name) {
                    self.targets.insert(node.span.start, target);
                }
            }
            Kind::Sequence { items, .. } => items.iter().for_each(|item| self.bind(item, anchors)),
            Kind::Mapping { entries, .. } => {
                for entry in entries {
                    self.bind(&entry.key, anchors);
                    self.bind(&entry.value, anchors);
                }
            }
        }
    }

    /// The value of a node; `None` for one under `!reset`.
    fn value(&mut self, node: &'n Node, origin: Origin) -> Option<Value> {
        let at = self.loc(node.span);
        if self.exhausted {
            return None;
        }
        if !self.budget.take(1) {
            self.exhaust(node.span, format!("expected at most {MAX_NODES} values with aliases expanded"));
            return None;
        }
        if self.depth >= MAX_DEPTH {
            self.exhaust(node.span, format!("expected values at most {MAX_DEPTH} levels deep"));
            return None;
        }
        let named = std::mem::take(&mut self.named_by_alias);
        let tag = self.tag(node);
        if let Some(tag) = tag {
            // Compose takes a `!reset` out of an anchored value where the anchor stands; an alias of that value
            // resets nothing more. Only an alias of the tagged value itself does.
            if tag == "!override" || named || origin == Origin::Written {
                self.removals.push(Removal { path: self.path.keys().to_vec(), tag, at });
            }
            if tag == "!reset" {
                return None;
            }
            self.overrides += 1;
        }
        self.depth += 1;
        let anchored = node.anchor.is_some();
        if anchored {
            self.open.push(node);
        }
        let value = match &node.kind {
            Kind::Alias(name) => self.alias(node, name, origin),
            Kind::Scalar(_) => Some(Value { data: self.scalar(node), at, origin }),
            Kind::Sequence { items, .. } => Some(Value { data: self.sequence(items, origin), at, origin }),
            Kind::Mapping { entries, .. } => Some(Value { data: self.mapping(entries, origin), at, origin }),
        };
        if anchored {
            self.open.pop();
        }
        if tag.is_some() {
            self.overrides -= 1;
        }
        self.depth -= 1;
        value
    }

    /// `!reset` or `!override`. Below an `!override` Compose looks for no further tags.
    fn tag(&self, node: &Node) -> Option<&'static str> {
        match node.tag.as_deref() {
            _ if self.overrides > 0 => None,
            Some("!reset") => Some("!reset"),
            Some("!override") => Some("!override"),
            _ => None,
        }
    }

    fn exhaust(&mut self, span: Span, message: String) {
        self.exhausted = true;
        self.fault(span, message);
    }

    fn alias(&mut self, node: &'n Node, name: &str, origin: Origin) -> Option<Value> {
        let at = self.loc(node.span);
        let Some(target) = self.target(node, name) else {
            let unknown = Text { missing: vec![format!("*{name}")], ..Text::default() };
            return Some(Value { data: Data::Str(unknown), at, origin });
        };
        self.named_by_alias = true;
        self.value(target, if origin == Origin::Written { Origin::Alias(at) } else { origin })
    }

    /// The node that an alias names.
    fn target(&mut self, node: &'n Node, name: &str) -> Option<&'n Node> {
        let Some(target) = self.targets.get(&node.span.start).copied() else {
            self.fault(node.span, format!("unknown anchor `{name}`; expected `&{name}` above this line"));
            return None;
        };
        if self.open.iter().any(|open| std::ptr::eq(*open, target)) {
            self.fault(node.span, format!("the value of anchor `{name}` contains itself"));
            return None;
        }
        Some(target)
    }

    fn scalar(&mut self, node: &'n Node) -> Data {
        // A tag of the application, `!override` among them, leaves the type of a plain scalar to its text.
        let local = node.tag.as_deref().is_some_and(|tag| tag.starts_with('!') && !tag.starts_with("!!"));
        let untagged = local.then(|| {
            let mut copy = node.clone();
            copy.tag = None;
            copy
        });
        match untagged.as_ref().unwrap_or(node).typed() {
            Some(Typed::Null) => Data::Null,
            Some(Typed::Bool(value)) => Data::Bool(value),
            Some(Typed::Int(value)) => Data::Int(value),
            Some(Typed::Float(value)) => {
                if !value.is_finite() {
                    let text = node.as_str().unwrap_or_default();
                    self.fault(
                        node.span,
                        format!("expected a finite number, found `{text}`; put it in quotes"),
                    );
                }
                Data::Float(value)
            }
            Some(Typed::Str(text)) => self.text(node, text),
            None => {
                let text = node.as_str().unwrap_or_default();
                let tag = node.tag.as_deref().unwrap_or_default();
                self.fault(node.span, format!("expected a value of type {tag}, found `{text}`"));
                Data::Str(text.into())
            }
        }
    }

    /// A text, unless the reader of Compose makes something else of it.
    fn text(&mut self, node: &Node, text: &str) -> Data {
        if node.tag.as_deref() == Some("!!binary") {
            let Some(decoded) = binary(text) else {
                self.fault(node.span, "expected base64 after `!!binary`");
                return Data::Str(text.into());
            };
            return Data::Str(decoded.as_str().into());
        }
        let Some(time) = timestamp(node, text) else { return Data::Str(text.into()) };
        match time.at(&self.path) {
            AsText::Text(text) => Data::Str(text.as_str().into()),
            AsText::Written => Data::Str(text.into()),
            AsText::Refused => {
                let message =
                    format!("Docker Compose makes a date of `{text}`, and expects a text; put it in quotes");
                self.fault(node.span, message);
                Data::Str(text.into())
            }
        }
    }

    fn sequence(&mut self, items: &'n [Node], origin: Origin) -> Data {
        let mut values = Vec::new();
        for (index, item) in items.iter().enumerate() {
            self.path.push(&index.to_string());
            values.extend(self.value(item, origin));
            self.path.pop();
        }
        Data::Seq(values)
    }

    fn mapping(&mut self, entries: &'n [Entry], origin: Origin) -> Data {
        let mut map: IndexMap<String, Member> = IndexMap::new();
        let mut merge: Option<&Entry> = None;
        for entry in entries {
            if is_merge_key(&entry.key) {
                if let Some(first) = merge.replace(entry) {
                    self.repeated("<<", self.loc(first.key.span), entry.key.span);
                }
                continue;
            }
            let Some(name) = self.key(&entry.key) else { continue };
            self.path.push(&name);
            let value = self.value(&entry.value, origin);
            self.path.pop();
            let Some(value) = value else { continue };
            let key = self.loc(entry.key.span);
            if let Some(first) = map.get(&name) {
                self.repeated(&name, first.key, entry.key.span);
            }
            map.insert(name, Member { key, value });
        }
        if let Some(entry) = merge {
            self.merge_key(&mut map, entry, origin);
        }
        Data::Map(map)
    }

    fn repeated(&mut self, name: &str, first: Loc, again: Span) {
        let line = self.source.line_col(first.span.start as usize).line;
        let message =
            format!("key `{name}` is written twice in this mapping, first in line {line}; remove one");
        self.fault(again, message);
    }

    /// The text of a key. Compose takes nothing but strings as keys, also under `x-`.
    fn key(&mut self, node: &'n Node) -> Option<String> {
        let node = match &node.kind {
            Kind::Alias(name) => self.target(node, name)?,
            _ => node,
        };
        let Some(text) = node.as_str() else {
            self.fault(node.span, "expected a string as key, found a list or a mapping");
            return None;
        };
        if !matches!(node.typed(), Some(Typed::Str(_))) || timestamp(node, text).is_some() {
            self.fault(node.span, format!("expected a string as key, found `{text}`; put it in quotes"));
        }
        Some(text.to_owned())
    }

    /// `<<`: entries of other mappings, for the keys that the mapping does not have. Of several, the first wins.
    /// Source: <https://yaml.org/type/merge.html>.
    fn merge_key(&mut self, map: &mut IndexMap<String, Member>, entry: &'n Entry, origin: Origin) {
        let origin = match origin {
            Origin::Written => Origin::MergeKey(self.loc(entry.key.span)),
            other => other,
        };
        let sources: &[Node] = match &entry.value.kind {
            Kind::Sequence { items, .. } => items,
            _ => std::slice::from_ref(&entry.value),
        };
        for source in sources {
            let Some(value) = self.value(source, origin) else { continue };
            let Data::Map(merged) = value.data else {
                self.fault(source.span, "expected a mapping, or a list of mappings, for `<<`");
                continue;
            };
            for (name, member) in merged {
                map.entry(name).or_insert(member);
            }
        }
    }
}

/// The point in time that a plain scalar, or one with that tag, is.
fn timestamp<'t>(node: &Node, text: &'t str) -> Option<Timestamp<'t>> {
    let plain = matches!(&node.kind, Kind::Scalar(scalar) if scalar.style == Style::Plain);
    let may = match node.tag.as_deref() {
        None => plain,
        Some(tag) => tag == "!!timestamp",
    };
    Timestamp::of(text).filter(|_| may)
}

fn is_merge_key(node: &Node) -> bool {
    match &node.kind {
        Kind::Scalar(scalar) if &*scalar.value == "<<" => match node.tag.as_deref() {
            None => scalar.style == Style::Plain,
            Some(tag) => tag == "!!merge",
        },
        _ => false,
    }
}
