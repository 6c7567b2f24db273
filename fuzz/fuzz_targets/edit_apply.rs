//! `temper_text::apply` against the plainest way to say what it does: byte by byte.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use temper_text::{EditError, Span, TextEdit, apply};

#[derive(Debug, Arbitrary)]
struct Input {
    text: String,
    edits: Vec<Edit>,
}

#[derive(Debug, Arbitrary)]
struct Edit {
    start: u8,
    len: u8,
    replacement: String,
}

fuzz_target!(|input: Input| {
    let text = &input.text;
    let edits: Vec<TextEdit> = input.edits.into_iter().map(edit).collect();
    match apply(text, &edits) {
        Ok(out) => assert_eq!(out.into_bytes(), expected(text, &edits)),
        Err(EditError::OutOfText(span)) => assert!(text.get(span.range()).is_none(), "{span:?} fits"),
        Err(EditError::Overlap { first, second }) => assert!(conflict(first, second), "{first:?} {second:?}"),
    }
});

fn edit(edit: Edit) -> TextEdit {
    let start = usize::from(edit.start);
    TextEdit::replace(Span::new(start, start + usize::from(edit.len % 16)), edit.replacement)
}

/// What must come out, given that the edits fit: also fails when they do not and `apply` has not said so.
fn expected(text: &str, edits: &[TextEdit]) -> Vec<u8> {
    for (i, edit) in edits.iter().enumerate() {
        assert!(text.get(edit.span.range()).is_some(), "accepted an edit that does not fit: {edit:?}");
        let clash = edits[..i].iter().find(|other| conflict(edit.span, other.span));
        assert_eq!(clash, None, "accepted beside {edit:?}");
    }
    let mut out = Vec::new();
    for offset in 0..=text.len() {
        let here = edits.iter().filter(|edit| edit.span.start as usize == offset);
        let (inserts, replaces): (Vec<_>, Vec<_>) = here.partition(|edit| edit.span.is_empty());
        for edit in inserts.iter().chain(&replaces) {
            out.extend(edit.replacement.bytes());
        }
        let replaced = edits.iter().any(|edit| edit.span.range().contains(&offset));
        out.extend(text.as_bytes().get(offset).filter(|_| !replaced));
    }
    out
}

/// Two spans conflict when they share a byte, or when one is an insertion inside the other.
fn conflict(a: Span, b: Span) -> bool {
    a.start.max(b.start) < a.end.min(b.end) || within(a, b) || within(b, a)
}

fn within(insertion: Span, other: Span) -> bool {
    insertion.is_empty() && other.start < insertion.start && insertion.start < other.end
}
