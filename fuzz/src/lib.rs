//! Laws that several fuzz targets assert.

use temper_text::Span;

/// Fails unless `span` names whole characters of `text`.
#[track_caller]
pub fn assert_fits(text: &str, span: Span) {
    assert!(span.start <= span.end, "span ends before it starts: {span:?}");
    assert!(text.get(span.range()).is_some(), "{span:?} does not fit a text of {} bytes", text.len());
}

/// Fails unless `inner` lies in `outer`.
#[track_caller]
pub fn assert_inside(outer: Span, inner: Span) {
    assert!(outer.contains(inner), "{inner:?} is not inside {outer:?}");
}

/// Fails unless the spans follow each other without touching the same byte.
#[track_caller]
pub fn assert_in_order(spans: impl IntoIterator<Item = Span>) {
    let mut end = 0;
    for span in spans {
        assert!(span.start >= end, "{span:?} begins before {end}, where the one before it ends");
        end = span.end;
    }
}

/// Fails unless `span` is a comment: a `#`, and what follows it on its line.
#[track_caller]
pub fn assert_comment(text: &str, span: Span) {
    assert_fits(text, span);
    let comment = span.slice(text);
    assert!(comment.starts_with('#') && !comment.contains('\n'), "not a comment: {comment:?}");
}
