//! A text that is changed step by step, while places of the original text can still be found in it.

use temper_text::{Span, TextEdit, apply};

/// A text with the edits made so far.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    text: String,
    /// For each step: the replaced bytes, and how many stand there since. In the order of the text.
    steps: Vec<Vec<(Span, usize)>>,
}

impl Draft {
    pub(crate) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), steps: Vec::new() }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// Makes edits of the text as it is now.
    ///
    /// # Errors
    /// When the edits touch the same bytes, for people.
    pub(crate) fn edit(&mut self, edits: &[TextEdit]) -> Result<(), String> {
        self.text = apply(&self.text, edits).map_err(|error| error.to_string())?;
        let mut step: Vec<_> = edits.iter().map(|edit| (edit.span, edit.replacement.len())).collect();
        step.sort_by_key(|(span, _)| (span.start, span.end));
        self.steps.push(step);
        Ok(())
    }

    /// Where a span of the original text stands now; `None` when an edit has touched it.
    pub(crate) fn locate(&self, span: Span) -> Option<Span> {
        let mut start = span.start as usize;
        let mut end = span.end as usize;
        for step in &self.steps {
            let mut before = 0i64;
            let mut inside = 0i64;
            for (replaced, len) in step {
                let delta = i64::try_from(*len).ok()? - i64::try_from(replaced.len()).ok()?;
                let (from, to) = (replaced.start as usize, replaced.end as usize);
                if to <= start {
                    before += delta;
                } else if from >= end {
                    break;
                } else if from > start && to < end {
                    inside += delta;
                } else {
                    return None;
                }
            }
            start = usize::try_from(i64::try_from(start).ok()? + before).ok()?;
            end = usize::try_from(i64::try_from(end).ok()? + before + inside).ok()?;
        }
        Some(Span::new(start, end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use temper_text::{Span, TextEdit};

    use super::Draft;

    #[test]
    fn places_behind_an_edit_move_with_the_text() {
        let mut draft = Draft::new("a: 1\nb: 2\nc: 3\n");
        draft.edit(&[TextEdit::insert(5, "x: 9\n")]).unwrap();
        draft.edit(&[TextEdit::delete(Span::new(0, 5))]).unwrap();
        let place = draft.locate(Span::new(13, 14)).unwrap();
        assert_eq!((place.slice(draft.text()), draft.text()), ("3", "x: 9\nb: 2\nc: 3\n"));
        assert_eq!(draft.locate(Span::new(3, 4)), None);
    }

    proptest! {
        #[test]
        fn what_no_edit_touched_is_found_again(
            text in "[a-z]{1,20}", at in 0usize..20, new in "[A-Z]{0,5}", start in 0usize..20, len in 1usize..4,
        ) {
            let (at, start) = (at % text.len(), start % text.len());
            let kept = Span::new(start, (start + len).min(text.len()));
            let mut draft = Draft::new(&text);
            draft.edit(&[TextEdit::replace(Span::new(at, at + 1), new)]).unwrap();
            let untouched = kept.end as usize <= at || kept.start as usize > at;
            let found = draft.locate(kept).map(|found| found.slice(draft.text()).to_owned());
            prop_assert!(!untouched || found.as_deref() == Some(kept.slice(&text)), "{found:?}");
        }
    }
}
