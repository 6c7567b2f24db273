use crate::Span;

/// Replaces the bytes of a span. An empty span inserts, an empty replacement deletes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextEdit {
    /// The bytes to replace.
    pub span: Span,
    /// What stands there afterwards.
    pub replacement: String,
}

impl TextEdit {
    /// Replaces `span` by `replacement`.
    #[must_use]
    pub fn replace(span: Span, replacement: impl Into<String>) -> Self {
        Self { span, replacement: replacement.into() }
    }

    /// Inserts `text` before the byte at `offset`.
    #[must_use]
    pub fn insert(offset: usize, text: impl Into<String>) -> Self {
        Self::replace(Span::at(offset), text)
    }

    /// Deletes `span`.
    #[must_use]
    pub fn delete(span: Span) -> Self {
        Self::replace(span, String::new())
    }
}

/// Why edits cannot be applied to a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Two edits touch the same bytes.
    #[error("two edits touch the same bytes: {first:?} and {second:?}")]
    Overlap {
        /// The edit that comes first in the text.
        first: Span,
        /// The edit that begins before the first has ended.
        second: Span,
    },
    /// An edit names bytes that the text does not have, or cuts a character in two.
    #[error("an edit does not fit the text: {0:?}")]
    OutOfText(Span),
}

/// Applies `edits` to `text`. Every byte that no edit names stays as it is.
///
/// The order of `edits` matters only between insertions at the same offset: they stay in the given order.
///
/// # Errors
/// When two edits touch the same bytes, or one does not fit the text. Nothing is applied then.
pub fn apply(text: &str, edits: &[TextEdit]) -> Result<String, EditError> {
    let mut ordered: Vec<&TextEdit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.span.start, edit.span.end));
    let added: usize = ordered.iter().map(|edit| edit.replacement.len()).sum();
    let mut out = String::with_capacity(text.len() + added);
    let mut done = Span::at(0);
    for edit in ordered {
        if edit.span.start < done.end {
            return Err(EditError::Overlap { first: done, second: edit.span });
        }
        let between = text.get(done.end as usize..edit.span.start as usize);
        let replaced = text.get(edit.span.range());
        let (Some(between), Some(_)) = (between, replaced) else {
            return Err(EditError::OutOfText(edit.span));
        };
        out.push_str(between);
        out.push_str(&edit.replacement);
        done = edit.span;
    }
    // `done` was checked against the text above, so the rest is always there.
    out.push_str(text.get(done.end as usize..).unwrap_or(""));
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{EditError, TextEdit, apply};
    use crate::Span;

    #[test]
    fn edits_apply_in_any_order() {
        let edits = [
            TextEdit::delete(Span::new(4, 5)),
            TextEdit::insert(0, "x"),
            TextEdit::replace(Span::new(1, 2), "YY"),
        ];
        assert_eq!(apply("abcde", &edits).as_deref(), Ok("xaYYcd"));
    }

    #[test]
    fn insertions_at_one_offset_keep_their_order() {
        let edits = [TextEdit::insert(1, "1"), TextEdit::insert(1, "2")];
        assert_eq!(apply("ab", &edits).as_deref(), Ok("a12b"));
    }

    #[test]
    fn overlap_is_refused() {
        let edits = [TextEdit::delete(Span::new(0, 2)), TextEdit::delete(Span::new(1, 3))];
        assert!(matches!(apply("abcd", &edits), Err(EditError::Overlap { .. })));
    }

    #[test]
    fn edit_inside_a_character_or_past_the_end_is_refused() {
        assert!(matches!(apply("é", &[TextEdit::insert(1, "x")]), Err(EditError::OutOfText(_))));
        assert!(matches!(apply("a", &[TextEdit::delete(Span::new(0, 7))]), Err(EditError::OutOfText(_))));
    }

    proptest! {
        #[test]
        fn bytes_outside_an_edit_stay(text in ".{0,40}", start in 0usize..40, len in 0usize..10, new in ".{0,8}") {
            let span = Span::new(start, start + len);
            if let Ok(out) = apply(&text, &[TextEdit::replace(span, new.clone())]) {
                prop_assert_eq!(&out[..start], &text[..start]);
                prop_assert_eq!(&out[start..start + new.len()], new.as_str());
                prop_assert_eq!(&out[start + new.len()..], &text[start + len..]);
            }
        }
    }
}
