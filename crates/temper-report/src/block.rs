//! One resource with its findings.

use std::fmt::Write;

use temper_controls::{Judgement, Safety, Verdict};
use temper_model::Stack;

use crate::common::{Common, Remark, is_common, remarks};
use crate::count::by_severity;
use crate::excerpt::excerpts;
use crate::fold::{Folded, is_folded};
use crate::human::{Detail, View};
use crate::message::said;
use crate::place::{home, place};
use crate::redact::Secrets;
use crate::style::{BOLD, DIM, word};
use crate::wrap::wrap;

/// Columns before the text of a finding.
pub(crate) const INDENT: usize = 36;

/// The name of a resource, where it stands, and how much was found.
pub(crate) fn heading(stack: &Stack, found: &[&Judgement]) -> String {
    let Some(first) = found.first() else { return String::new() };
    let counts = by_severity(found.iter().copied());
    let waived = found.iter().filter(|judgement| matches!(judgement.verdict, Verdict::Waived(_))).count();
    let waived = (waived > 0).then(|| format!("{waived} waived"));
    let counts: Vec<String> =
        Some(counts).filter(|counts| !counts.is_empty()).into_iter().chain(waived).collect();
    let shown = home(stack, first).map_or_else(String::new, |at| format!("  {}", place(stack, at)));
    format!("{BOLD}{}{BOLD:#}{DIM}{shown}{DIM:#}  {}\n", first.resource, counts.join(", "))
}

/// What every block needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shown<'a> {
    /// The stack.
    pub(crate) stack: &'a Stack,
    /// What no excerpt may show.
    pub(crate) secrets: &'a Secrets,
    /// What was said once for several services.
    pub(crate) shared: &'a [Common<'a>],
    /// What is unknown of several services and was said once.
    pub(crate) folded: &'a [Folded<'a>],
    /// How much is shown.
    pub(crate) view: View,
}

/// A heading, the source of what stands in the files, then every finding.
pub(crate) fn block(shown: &Shown<'_>, found: &[&Judgement]) -> String {
    let Shown { stack, secrets, shared, folded, view } = *shown;
    let mut out = format!("\n{}", heading(stack, found));
    let (told, rest): (Vec<&Judgement>, Vec<&Judgement>) =
        found.iter().copied().partition(|finding| is_folded(folded, finding));
    let (known, own): (Vec<Remark<'_>>, Vec<Remark<'_>>) =
        remarks(stack, &rest).into_iter().partition(|remark| is_common(shared, remark));
    out.push_str(&excerpts(stack, secrets, &own, view.width));
    if view.detail == Detail::Verbose {
        let mut sorted = found.to_vec();
        sorted.sort_by_key(|finding| std::cmp::Reverse(finding.control.severity));
        for finding in sorted {
            out.push_str(&line(finding, &said(finding), view.width));
            out.push_str(&details(stack, finding, view.width));
        }
        return out;
    }
    for remark in &own {
        out.push_str(&line(remark.finding, &remark.text, view.width));
    }
    let mut above: Vec<&str> = known.iter().map(|remark| remark.finding.control.id).collect();
    above.extend(told.iter().map(|finding| finding.control.id));
    above.dedup();
    out.push_str(&also(&above, view.width));
    out
}

/// What was said for the project already.
fn also(names: &[&str], width: usize) -> String {
    if names.is_empty() {
        return String::new();
    }
    let text = wrap(&names.join(", "), width, 11, 11);
    format!("  {DIM}as above {text}{DIM:#}\n")
}

fn line(finding: &Judgement, text: &str, width: usize) -> String {
    let (word, style) = word(finding);
    let text = wrap(text, width, INDENT, INDENT);
    format!("  {style}{word:8}{style:#} {:24} {text}\n", finding.control.id)
}

fn details(stack: &Stack, finding: &Judgement, width: usize) -> String {
    let mut out = String::new();
    let mut note = |text: String| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "           {DIM}{}{DIM:#}", wrap(&text, width, 11, 13));
    };
    for evidence in &finding.evidence {
        let place = evidence.at.map_or_else(String::new, |at| format!(" ({})", place(stack, at)));
        note(format!("because {}{place}", evidence.detail));
    }
    for related in &finding.related {
        note(format!("see {}: {}", place(stack, related.at), related.label));
    }
    if let Verdict::Waived(waived) = &finding.verdict {
        note(format!("waived because {}", waived.reason));
    }
    if let Some(fix) = &finding.fix {
        let why = match &fix.safety {
            Safety::NeedsProof { why } => format!(": {why}"),
            Safety::Refused { reason } => format!(": {reason}"),
            Safety::Proven | Safety::Safe => String::new(),
        };
        note(format!("fix ({}{why}): {}", fix.safety.as_str(), fix.summary));
    }
    out
}
