use temper_text::Span;

use crate::{Directive, ParseError, Word};

/// Names that BuildKit knows (`frontend/dockerfile/parser/directives.go`); any other ends the directives.
const KNOWN: [&str; 3] = ["syntax", "escape", "check"];

/// Reads `# name = value`. `text` begins at the `#`, which stands in the file at `offset`.
pub(super) fn read(text: &str, offset: usize) -> Option<Directive> {
    let body = text.strip_prefix('#')?.trim_start();
    let (name, value) = body.split_once('=')?;
    let (name, value) = (name.trim_end(), value.trim());
    let name = name.to_ascii_lowercase();
    if value.is_empty() || !KNOWN.contains(&name.as_str()) {
        return None;
    }
    let start = text.len() - text.split_once('=')?.1.trim_start().len();
    let span = Span::new(offset + start, offset + start + value.len());
    let value = Word { text: value.to_owned(), span };
    Some(Directive { name, value, span: Span::new(offset, span.end as usize) })
}

/// What is wrong with `directive`, given those before it.
pub(super) fn check(directive: &Directive, before: &[Directive]) -> Option<ParseError> {
    let message = if before.iter().any(|earlier| earlier.name == directive.name) {
        format!("the `{}` parser directive stands here a second time; only one is allowed", directive.name)
    } else if directive.name == "escape" && escape_of(directive).is_none() {
        format!("invalid escape character `{}`: expected ` or \\", directive.value.text)
    } else {
        return None;
    };
    Some(ParseError { message, span: directive.span })
}

/// The escape character that an `escape` directive sets.
pub(super) fn escape_of(directive: &Directive) -> Option<char> {
    match directive.value.text.as_str() {
        "\\" => Some('\\'),
        "`" => Some('`'),
        _ => None,
    }
}
