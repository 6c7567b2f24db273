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
        let annotations = marks.iter().filter(|mark| mark.at.file == id).map(|mark| {
            let kind = if mark.failed { AnnotationKind::Primary } else { AnnotationKind::Context };
            kind.span(shown(file, mark.at.span).range()).label(mark.controls.join(", "))
        });
        Snippet::source(secrets.hidden(stack, id)).path(file.path()).annotations(annotations)
    });
    let group = Group::with_level(Level::ERROR).elements(snippets);
    Renderer::styled().term_width(width).render(&[group]) + "\n"
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
