//! Source excerpts: where a finding stands, with carets.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use temper_controls::Verdict;
use temper_model::Stack;
use temper_text::{FileId, Loc, SourceFile, Span};

use crate::common::Remark;
use crate::redact::Secrets;

/// The source of all remarks that stand at a place of their own, with the names of the controls.
pub(crate) fn excerpts(stack: &Stack, secrets: &Secrets, remarks: &[Remark<'_>], width: usize) -> String {
    let marks = marks(remarks);
    let mut files: Vec<FileId> = Vec::new();
    for mark in &marks {
        if !files.contains(&mark.at.file) {
            files.push(mark.at.file);
        }
    }
    if files.is_empty() {
        return String::new();
    }
    let snippets = files.into_iter().map(|id| {
        let file = stack.sources.file(id);
        let spans: Vec<(&Mark, Span)> = marks
            .iter()
            .filter(|mark| mark.at.file == id)
            .map(|mark| (mark, shown(file, mark.at.span)))
            .collect();
        let (window, first_line) = window(file, &spans);
        let start = window.start as usize;
        let annotations = spans.into_iter().map(|(mark, span)| {
            let kind = if mark.failed { AnnotationKind::Primary } else { AnnotationKind::Context };
            let range = span.range();
            kind.span(range.start - start..range.end - start).label(mark.controls.join(", "))
        });
        Snippet::source(secrets.hidden_part(stack, id, window))
            .line_start(first_line)
            .path(file.path())
            .annotations(annotations)
    });
    let group = Group::with_level(Level::ERROR).elements(snippets);
    Renderer::styled().term_width(width).render(&[group]) + "\n"
}

/// The lines from the first mark to the last, and the number of the first. The renderer looks at every line it is given,
/// and a file with many services is excerpted once for each of them.
fn window(file: &SourceFile, spans: &[(&Mark, Span)]) -> (Span, usize) {
    let first = spans.iter().map(|(_, span)| span.start).min().unwrap_or(0);
    let last = spans.iter().map(|(_, span)| span.end).max().unwrap_or(first);
    let line_of = |offset: u32| file.line_col(offset as usize).line;
    let first_line = line_of(first);
    let start = file.line_span(first_line).map_or(first, |line| line.start.min(first));
    let end = file.line_span(line_of(last)).map_or(last, |line| line.end.max(last));
    (Span { start, end }, first_line as usize)
}

/// A place with everything that is remarked on it.
struct Mark {
    at: Loc,
    controls: Vec<&'static str>,
    failed: bool,
}

fn marks(remarks: &[Remark<'_>]) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for remark in remarks {
        let Some(at) = remark.at else { continue };
        let failed = remark.finding.verdict == Verdict::Fail;
        let id = remark.finding.control.id;
        match marks.iter_mut().find(|mark| mark.at == at) {
            Some(mark) => {
                mark.failed |= failed;
                if !mark.controls.contains(&id) {
                    mark.controls.push(id);
                }
            }
            None => marks.push(Mark { at, controls: vec![id], failed }),
        }
    }
    marks
}

/// The part of a span on its first line, without blanks and a comment behind it: an excerpt shows where to look.
fn shown(file: &SourceFile, span: Span) -> Span {
    let line = file.line_col(span.start as usize).line;
    let end = file.line_span(line).map_or(span.end, |line| line.end);
    let first = Span { start: span.start, end: span.end.min(end).max(span.start) };
    let text = first.slice(file.text());
    let text = if span.end > end { text.split(" #").next().unwrap_or(text) } else { text };
    Span::new(span.start as usize, span.start as usize + text.trim_end().len())
}
