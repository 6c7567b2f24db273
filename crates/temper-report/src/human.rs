//! Findings for people: a summary, then a block a resource with its source.
//!
//! The text holds ANSI colours; whoever prints it strips them where they are not wanted.

use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use anstyle::{AnsiColor, Style};
use temper_controls::{Judged, Judgement, Safety, Severity, Verdict};
use temper_model::{Problem, Stack};
use temper_text::{FileId, Loc, SourceFile, Span};

use crate::Counts;
use crate::count::{by_severity, plural};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The summary and one line a resource.
    Quiet,
    /// Every finding in one line, with the source of those that stand at a line of their own.
    Normal,
    /// Every finding with evidence, fix and waiver.
    Verbose,
}

/// The findings of a scan. `root` is shown as it is.
#[must_use]
pub fn findings(root: &str, stack: &Stack, judged: &Judged, detail: Detail) -> String {
    let mut out = summary(root, stack, judged);
    for problem in &stack.problems {
        out.push_str(&problem_line(stack, problem));
    }
    for group in by_resource(&judged.judgements) {
        out.push_str(&resource(stack, &group, detail));
    }
    out.push_str(&next_step(root, judged));
    out
}

fn summary(root: &str, stack: &Stack, judged: &Judged) -> String {
    let services: usize = stack.projects.iter().map(|group| group.project.services.len()).sum();
    let counts = Counts::of(&judged.judgements);
    let worst = by_severity(judged.judgements.iter().filter(|judgement| judgement.verdict == Verdict::Fail));
    let bold = Style::new().bold();
    let failed = if worst.is_empty() { String::new() } else { format!(" ({worst})") };
    let mut out = format!(
        "{bold}{root}{bold:#}: {} in {}, {}\n{} fail{failed}, {} unknown, {} pass, {} waived\n",
        plural(services, "service"),
        plural(stack.projects.len(), "Compose project"),
        plural(stack.dockerfiles.len(), "Dockerfile"),
        counts.fail,
        counts.unknown,
        counts.pass,
        counts.waived,
    );
    for group in &stack.projects {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  project {}: {}", group.project.name, group.reason);
    }
    out
}

fn problem_line(stack: &Stack, problem: &Problem) -> String {
    let (word, color) =
        if problem.warning { ("warning", AnsiColor::Yellow) } else { ("error", AnsiColor::Red) };
    let style = color.on_default().bold();
    format!("{style}{word}{style:#}: {}\n", self::problem(stack, problem))
}

/// One line for something that could not be read, with its place.
#[must_use]
pub fn problem(stack: &Stack, problem: &Problem) -> String {
    let place = problem.at.map_or_else(|| problem.file.clone(), |at| place(stack, at));
    format!("{place}: {}", problem.message)
}

/// Judgements that are not passes, by resource, in the order in which the resources come.
fn by_resource(judgements: &[Judgement]) -> Vec<Vec<&Judgement>> {
    let mut groups: Vec<Vec<&Judgement>> = Vec::new();
    for judgement in judgements.iter().filter(|judgement| judgement.verdict != Verdict::Pass) {
        let same = |group: &&mut Vec<&Judgement>| {
            group.first().is_some_and(|first| {
                first.resource == judgement.resource && first.project == judgement.project
            })
        };
        match groups.iter_mut().rev().find(same) {
            Some(group) => group.push(judgement),
            None => groups.push(vec![judgement]),
        }
    }
    groups
}

fn resource(stack: &Stack, group: &[&Judgement], detail: Detail) -> String {
    let Some(first) = group.first() else { return String::new() };
    let counts = by_severity(group.iter().copied());
    let waived = group.iter().filter(|judgement| matches!(judgement.verdict, Verdict::Waived(_))).count();
    let waived = if waived > 0 { format!(" ({waived} waived)") } else { String::new() };
    let bold = Style::new().bold();
    let home = home(stack, first);
    let shown = home.map_or_else(String::new, |at| format!("  {}", place(stack, at)));
    let heading = format!("{bold}{}{bold:#}{shown}  {counts}{waived}\n", first.resource);
    if detail == Detail::Quiet {
        return heading;
    }
    let mut out = format!("\n{heading}");
    let mut sorted: Vec<&Judgement> = group.to_vec();
    sorted.sort_by_key(|judgement| std::cmp::Reverse(judgement.control.severity));
    out.push_str(&excerpts(stack, &sorted, home));
    for judgement in &sorted {
        let excerpted = Some(judgement.at) != home;
        if detail == Detail::Verbose || !excerpted {
            out.push_str(&line(judgement));
        }
        if detail == Detail::Verbose {
            out.push_str(&details(stack, judgement));
        }
    }
    out
}

/// The key of a service: the place of findings about what is not written. They need no excerpt of their own.
fn home(stack: &Stack, judgement: &Judgement) -> Option<Loc> {
    let name = judgement.resource.strip_prefix("service/")?;
    let project = stack.projects.get(judgement.project?)?;
    project.project.services.get(name).map(|service| service.at)
}

/// One source excerpt a file, with all findings that stand at lines of their own.
fn excerpts(stack: &Stack, group: &[&Judgement], home: Option<Loc>) -> String {
    let mut files: Vec<FileId> = Vec::new();
    for judgement in group.iter().filter(|judgement| Some(judgement.at) != home) {
        if !files.contains(&judgement.at.file) {
            files.push(judgement.at.file);
        }
    }
    let mut out = String::new();
    for id in files {
        let file = stack.sources.file(id);
        let here = group.iter().filter(|judgement| Some(judgement.at) != home && judgement.at.file == id);
        let annotations = here.map(|judgement| {
            let kind = if judgement.verdict == Verdict::Fail {
                AnnotationKind::Primary
            } else {
                AnnotationKind::Context
            };
            let label = format!("{}: {}", judgement.control.id, judgement.message);
            kind.span(first_line(file, judgement.at.span).range()).label(label)
        });
        let snippet = Snippet::source(file.text()).path(file.path()).annotations(annotations);
        let group = Group::with_level(Level::ERROR).element(snippet);
        out.push_str(&Renderer::styled().render(&[group]));
        out.push('\n');
    }
    out
}

/// The part of a span on its first line: an excerpt shows where to look, not all of it.
fn first_line(file: &SourceFile, span: Span) -> Span {
    let line = file.line_col(span.start as usize).line;
    let end = file.line_span(line).map_or(span.end, |line| line.end);
    Span { start: span.start, end: span.end.min(end).max(span.start) }
}

fn line(judgement: &Judgement) -> String {
    let (word, style) = match &judgement.verdict {
        Verdict::Unknown { .. } => ("unknown", AnsiColor::Cyan.on_default()),
        Verdict::Waived(_) => ("waived", Style::new().dimmed()),
        _ => (judgement.control.severity.as_str(), severity_style(judgement.control.severity)),
    };
    let missing = match &judgement.verdict {
        Verdict::Unknown { missing } => format!(": {missing}"),
        _ => String::new(),
    };
    format!("  {style}{word:8}{style:#} {:24} {}{missing}\n", judgement.control.id, judgement.message)
}

fn details(stack: &Stack, judgement: &Judgement) -> String {
    let dim = Style::new().dimmed();
    let mut out = String::new();
    let mut note = |text: String| {
        let _ = writeln!(out, "           {dim}{text}{dim:#}");
    };
    for evidence in &judgement.evidence {
        let place = evidence.at.map_or_else(String::new, |at| format!(" ({})", place(stack, at)));
        note(format!("because {}{place}", evidence.detail));
    }
    for related in &judgement.related {
        note(format!("see {}: {}", place(stack, related.at), related.label));
    }
    if let Verdict::Waived(waived) = &judgement.verdict {
        note(format!("waived by {} until {}: {}", waived.owner, waived.expires, waived.reason));
    }
    if let Some(fix) = &judgement.fix {
        let why = match &fix.safety {
            Safety::NeedsProof { why } => format!(": {why}"),
            Safety::Refused { reason } => format!(": {reason}"),
            Safety::Proven | Safety::Safe => String::new(),
        };
        note(format!("fix ({}{why}): {}", fix.safety.as_str(), fix.summary));
    }
    out
}

fn next_step(root: &str, judged: &Judged) -> String {
    let fixable = judged.judgements.iter().filter(|judgement| {
        let open = matches!(judgement.verdict, Verdict::Fail | Verdict::Unknown { .. });
        let refused = |fix: &temper_controls::Fix| matches!(fix.safety, Safety::Refused { .. });
        open && judgement.fix.as_ref().is_some_and(|fix| !refused(fix))
    });
    match fixable.count() {
        0 => String::new(),
        number => format!("\n`temper plan {root}` shows the changes that fix {number} of these.\n"),
    }
}

pub(crate) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => Style::new(),
    }
}

pub(crate) fn place(stack: &Stack, at: Loc) -> String {
    let position = stack.sources.line_col(at);
    format!("{}:{}:{}", stack.sources.file(at.file).path(), position.line, position.column)
}
