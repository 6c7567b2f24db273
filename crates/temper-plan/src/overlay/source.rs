use temper_model::compose::Project;
use temper_model::{Stack, Value};
use temper_text::{Loc, Span};
use temper_yaml::{Kind, Node, Snippet, Typed};

/// The node of exactly these bytes.
pub(super) fn find_node(node: &Node, span: Span) -> Option<&Node> {
    if node.span == span {
        return Some(node);
    }
    let below = node.items().iter().chain(node.entries().iter().map(|entry| &entry.value));
    below.filter(|child| child.span.contains(span)).find_map(|child| find_node(child, span))
}

/// The value of a node as it would be written again. `None` when it holds an alias, a tag or a number whose spelling
/// matters: then it does not mean the same elsewhere.
pub(crate) fn snippet_of(node: &Node) -> Option<Snippet> {
    if node.tag.is_some() {
        return None;
    }
    match &node.kind {
        Kind::Scalar(_) => match node.typed()? {
            Typed::Null => Some(Snippet::Null),
            Typed::Bool(value) => Some(Snippet::Bool(value)),
            Typed::Int(value) => Some(Snippet::Int(value)),
            Typed::Str(text) => Some(Snippet::Scalar(text.to_owned())),
            Typed::Float(_) => None,
        },
        Kind::Sequence { items, .. } => {
            let items: Option<Vec<_>> = items.iter().map(|item| Some((snippet_of(item)?, None))).collect();
            items.map(Snippet::Seq)
        }
        Kind::Mapping { entries, .. } => {
            let entries: Option<Vec<_>> = entries
                .iter()
                .map(|entry| Some((entry.key.as_str()?.to_owned(), snippet_of(&entry.value)?, None)))
                .collect();
            // A merge key would lose what it merges.
            entries.filter(|entries| entries.iter().all(|(key, ..)| key != "<<")).map(Snippet::Map)
        }
        Kind::Alias(_) => None,
    }
}

/// The items of a list of the base as they are written, each with its place. An item that stands for several after
/// Compose has read it (a range of ports) is there once.
///
/// # Errors
/// When an item cannot be written again in another file, for people.
pub(crate) fn written_items(
    stack: &Stack,
    project: &Project,
    list: &Value,
) -> Result<Vec<(Loc, Snippet)>, String> {
    let mut items: Vec<(Loc, Snippet)> = Vec::new();
    for value in list.as_seq().ok_or("it is not a list")? {
        if items.iter().any(|(at, _)| *at == value.at) {
            continue;
        }
        items.push((value.at, written(stack, project, value.at)?));
    }
    Ok(items)
}

fn written(stack: &Stack, project: &Project, at: Loc) -> Result<Snippet, String> {
    let file = stack.sources.file(at.file);
    let text = at.span.slice(file.text());
    // Paths and variables of an included or extended file are not those of the project.
    let elsewhere = !project.files.contains(&at.file);
    if elsewhere && (text.contains('$') || text.contains("./")) {
        return Err(format!(
            "`{text}` comes from {}, where its path or variable means something else",
            file.path()
        ));
    }
    let yaml = temper_yaml::parse(file.text()).map_err(|error| error.to_string())?;
    let node = yaml.documents.iter().find_map(|document| find_node(document, at.span));
    node.and_then(snippet_of).ok_or_else(|| format!("`{text}` cannot be repeated in an overlay"))
}
