//! Findings for people: a summary, what could not be read, then the resources of each project with their source.
//!
//! The text holds ANSI colours; whoever prints it strips them where they are not wanted.

use std::fmt::Write;

use temper_controls::{Judged, Judgement, Safety, Verdict};
use temper_model::{ProjectGroup, Stack};

use crate::Counts;
use crate::block::{INDENT, Shown, block, heading};
use crate::common::{Common, common};
use crate::count::{by_severity, plural};
use crate::fold::{Folded, folded, is_folded};
use crate::place::place;
use crate::problems::{problem_line, problems};
use crate::redact::Secrets;
use crate::style::{BOLD, DIM, ERROR, WARNING, word};
use crate::wrap::wrap;

/// How much is shown, and how wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// How much.
    pub detail: Detail,
    /// Columns that a line may take.
    pub width: usize,
}

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
pub fn findings(root: &str, stack: &Stack, judged: &Judged, view: View) -> String {
    let mut out = summary(root, stack, judged);
    out.push_str(&told_problems(stack, view.width));
    let projects = 0..stack.projects.len();
    let found: Vec<_> = projects.map(|index| by_resource(&judged.judgements, Some(index))).collect();
    let is_normal = view.detail == Detail::Normal;
    let folded = if is_normal { folded(&found) } else { Vec::new() };
    let shared = if is_normal { common(stack, &without(&found, &folded)) } else { Vec::new() };
    // Without excerpts there is nothing to hide.
    let secrets = if view.detail == Detail::Quiet { Secrets::default() } else { Secrets::of(stack) };
    let shown = Shown { stack, secrets: &secrets, shared: &shared, folded: &folded, view };
    out.push_str(&several(stack, &shared, view.width));
    out.push_str(&unknown_together(&folded, view.width));
    for (group, found) in stack.projects.iter().zip(&found) {
        out.push_str(&project(&shown, group, found));
    }
    let dockerfiles = by_resource(&judged.judgements, None);
    if !dockerfiles.is_empty() {
        let _ = writeln!(out, "\n{BOLD}Dockerfiles{BOLD:#}");
    }
    for found in &dockerfiles {
        out.push_str(&resource(&Shown { shared: &[], folded: &[], ..shown }, found));
    }
    out.push_str(&next_step(root, judged));
    out
}

fn summary(root: &str, stack: &Stack, judged: &Judged) -> String {
    let services: usize = stack.projects.iter().map(|group| group.project.services.len()).sum();
    let counts = Counts::of(&judged.judgements);
    let worst = by_severity(judged.judgements.iter().filter(|judgement| judgement.verdict == Verdict::Fail));
    let failed = if worst.is_empty() { String::new() } else { format!(" ({worst})") };
    let waived = if counts.waived == 0 { String::new() } else { format!(", {} waived", counts.waived) };
    format!(
        "{BOLD}{root}{BOLD:#}: {} in {}, {}\n{BOLD}{} fail{BOLD:#}{failed}, {} unknown{waived}, {} pass\n",
        plural(services, "service"),
        plural(stack.projects.len(), "Compose project"),
        plural(stack.dockerfiles.len(), "Dockerfile"),
        counts.fail,
        counts.unknown,
        counts.pass,
    )
}

/// What could not be read, errors first.
pub(crate) fn told_problems(stack: &Stack, width: usize) -> String {
    let mut out = String::new();
    for problem in problems(stack) {
        let (word, style) = if problem.warning { ("warning", WARNING) } else { ("error", ERROR) };
        let text = wrap(&problem_line(&stack.sources, problem), width, word.len() + 2, 2);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{style}{word}{style:#}: {text}");
    }
    if out.is_empty() { out } else { format!("\n{out}") }
}

/// Judgements that are not passes, by resource, in the order in which the resources come.
fn by_resource(judgements: &[Judgement], project: Option<usize>) -> Vec<Vec<&Judgement>> {
    let mut groups: Vec<Vec<&Judgement>> = Vec::new();
    let found = judgements.iter().filter(|judgement| judgement.verdict != Verdict::Pass);
    for judgement in found.filter(|judgement| judgement.project == project) {
        let same = |group: &&mut Vec<&Judgement>| {
            group.first().is_some_and(|first| first.resource == judgement.resource)
        };
        match groups.iter_mut().rev().find(same) {
            Some(group) => group.push(judgement),
            None => groups.push(vec![judgement]),
        }
    }
    groups
}

fn project(shown: &Shown<'_>, group: &ProjectGroup, found: &[Vec<&Judgement>]) -> String {
    let Shown { stack, view, .. } = *shown;
    if found.is_empty() && view.detail == Detail::Quiet {
        return String::new();
    }
    let files: Vec<&str> = group.project.files.iter().map(|id| stack.sources.file(*id).path()).collect();
    let name = format!("project {}", group.project.name);
    let mut out = format!("\n{BOLD}{name}{BOLD:#}");
    if view.detail == Detail::Quiet {
        let _ = writeln!(out, "  {}", wrap(&files.join(" "), view.width, name.len() + 2, 4));
    } else {
        let count = plural(group.project.services.len(), "service");
        let text = format!("{count}; {}", group.reason);
        let _ = writeln!(out, "  {DIM}{}{DIM:#}", wrap(&text, view.width, name.len() + 2, 2));
        for overlay in &group.overlays {
            let path = stack.sources.file(overlay.file).path();
            // Its lines are judged here, the stack that it makes only when it is named.
            let named: Vec<String> = files
                .iter()
                .filter(|file| **file != group.hardened_path)
                .chain([&path])
                .map(|file| format!("-f {file}"))
                .collect();
            let text =
                format!("overlay {path}: {}; judge it whole with `{}`", overlay.reason, named.join(" "));
            let _ = writeln!(out, "  {DIM}{}{DIM:#}", wrap(&text, view.width, 2, 4));
        }
    }
    for found in found {
        out.push_str(&resource(shown, found));
    }
    out
}

/// What is remarked on several services in the same words, with their number.
fn several(stack: &Stack, shared: &[Common<'_>], width: usize) -> String {
    if shared.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{BOLD}several services{BOLD:#}\n");
    for Common { remark, services } in shared {
        let (word, style) = word(remark.finding);
        let id = remark.finding.control.id;
        let text = match remark.at {
            Some(at) => format!("{} ({})", remark.text, place(stack, at)),
            None => remark.text.clone(),
        };
        let text = wrap(&text, width, INDENT + 6, INDENT + 6);
        let _ = writeln!(out, "  {services:>4}  {style}{word:8}{style:#} {id:24} {text}");
    }
    out
}

/// The findings that are not told together.
fn without<'a>(projects: &[Vec<Vec<&'a Judgement>>], folded: &[Folded<'_>]) -> Vec<Vec<Vec<&'a Judgement>>> {
    let left = |found: &Vec<&'a Judgement>| -> Vec<&'a Judgement> {
        found.iter().copied().filter(|finding| !is_folded(folded, finding)).collect()
    };
    projects.iter().map(|project| project.iter().map(left).collect()).collect()
}

/// What is unknown of several services because the same thing is missing, with their number and their names.
fn unknown_together(folded: &[Folded<'_>], width: usize) -> String {
    if folded.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{BOLD}unknown for the same reason{BOLD:#}\n");
    for Folded { finding, missing, services } in folded {
        let (word, style) = word(finding);
        let text = wrap(missing, width, INDENT + 6, INDENT + 6);
        let names = wrap(&services.join(", "), width, INDENT + 6, INDENT + 6);
        let (number, id) = (services.len(), finding.control.id);
        let _ = writeln!(out, "  {number:>4}  {style}{word:8}{style:#} {id:24} {text}");
        let _ = writeln!(out, "{:width$}{DIM}{names}{DIM:#}", "", width = INDENT + 6);
    }
    out
}

fn resource(shown: &Shown<'_>, found: &[&Judgement]) -> String {
    match shown.view.detail {
        Detail::Quiet => format!("  {}", heading(shown.stack, found)),
        Detail::Normal | Detail::Verbose => block(shown, found),
    }
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
