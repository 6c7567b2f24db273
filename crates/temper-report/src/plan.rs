//! A plan for people: what is done for each resource, what is not and why, what is to be proven, then the diff.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use temper_controls::Safety;
use temper_model::{Stack, show_size};
use temper_plan::{Budget, Outcome, Plan, ServicePlan, Step};

use crate::count::plural;
use crate::human::told_problems;
use crate::redact::Secrets;
use crate::style::{BOLD, DIM, ERROR, WARNING};
use crate::wrap::wrap;

const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// Columns before the text of a step.
const INDENT: usize = 36;

/// The plan as text of that width; with `diff`, the diff of every file follows.
#[must_use]
pub fn plan(stack: &Stack, plan: &Plan, diff: bool, width: usize) -> String {
    let mut out = summary(plan);
    out.push_str(&told_problems(stack, width));
    let shared = left_out_alike(plan);
    let mut before = None;
    for service in &plan.services {
        if before != Some(service.project) {
            out.push_str(&project_heading(stack, service.project));
            before = Some(service.project);
        }
        out.push_str(&resource(service, &shared, width));
    }
    out.push_str(&reasons("to be proven by a canary", YELLOW, &doubts(plan), width));
    out.push_str(&reasons("left out for the same reason", DIM, &shared, width));
    for budget in &plan.budgets {
        out.push_str(&budget_lines(stack, budget, width));
    }
    for note in &plan.notes {
        let _ = writeln!(out, "\n{BOLD}note{BOLD:#}: {}", wrap(note, width, 6, 2));
    }
    if diff {
        let secrets = Secrets::of(stack);
        for file in &plan.files {
            out.push('\n');
            out.push_str(&coloured(&secrets.hidden_diff(stack, &file.diff())));
        }
    }
    out
}

fn summary(plan: &Plan) -> String {
    let steps = || plan.services.iter().flat_map(|service| &service.steps);
    let chosen = steps().filter(|step| step.outcome == Outcome::Chosen);
    let (safe, unproven): (Vec<&Step>, Vec<&Step>) =
        chosen.partition(|step| matches!(step.safety, Safety::Safe | Safety::Proven));
    let left = steps().count() - safe.len() - unproven.len();
    let fixes = match safe.len() + unproven.len() {
        1 => "1 fix".to_owned(),
        number => format!("{number} fixes"),
    };
    format!(
        "{BOLD}{fixes}{BOLD:#} in {}: {} safe, {} to be proven by a canary; {left} left out\n",
        plural(plan.files.len(), "file"),
        safe.len(),
        unproven.len(),
    )
}

fn project_heading(stack: &Stack, project: Option<usize>) -> String {
    match project.and_then(|index| stack.projects.get(index)) {
        Some(group) => {
            let files = group.project.files.iter().map(|id| stack.sources.file(*id).path());
            let files: Vec<&str> = files.collect();
            format!("\n{BOLD}project {}{BOLD:#}  {DIM}{}{DIM:#}\n", group.project.name, files.join(" "))
        }
        None => format!("\n{BOLD}Dockerfiles{BOLD:#}\n"),
    }
}

fn resource(service: &ServicePlan, shared: &[Reason<'_>], width: usize) -> String {
    let mut out = format!("\n{BOLD}{}{BOLD:#}\n", service.resource);
    let (chosen, left): (Vec<&Step>, Vec<&Step>) =
        service.steps.iter().partition(|step| step.outcome == Outcome::Chosen);
    for step in chosen.into_iter().chain(left) {
        out.push_str(&step_line(step, shared, width));
    }
    out
}

fn step_line(step: &Step, shared: &[Reason<'_>], width: usize) -> String {
    let (word, style, text) = match (&step.outcome, &step.safety) {
        (Outcome::LeftOut(reason), _) if shared.iter().any(|known| known.is(step, reason)) => {
            ("left out", DIM, format!("{} (below)", step.summary))
        }
        (Outcome::LeftOut(reason), _) => ("left out", DIM, format!("{}: {reason}", step.summary)),
        (Outcome::Chosen, Safety::NeedsProof { .. }) => ("to prove", YELLOW, step.summary.clone()),
        (Outcome::Chosen, Safety::Proven) => ("proven", GREEN, step.summary.clone()),
        (Outcome::Chosen, _) => ("safe", GREEN, step.summary.clone()),
    };
    let text = wrap(&text, width, INDENT, INDENT);
    format!("  {style}{word:8}{style:#} {:24} {text}\n", step.control.id)
}

/// A reason, once for all resources of which it is said.
struct Reason<'a> {
    control: &'static str,
    text: &'a str,
    resources: Vec<&'a str>,
}

impl Reason<'_> {
    fn is(&self, step: &Step, text: &str) -> bool {
        self.control == step.control.id && self.text == text
    }
}

/// What is not certain about the steps that are part of the change.
fn doubts(plan: &Plan) -> Vec<Reason<'_>> {
    collect(plan, |step| match (&step.outcome, &step.safety) {
        (Outcome::Chosen, Safety::NeedsProof { why }) => Some(why),
        _ => None,
    })
}

/// Why steps are not part of the change, where that is the same for several resources.
fn left_out_alike(plan: &Plan) -> Vec<Reason<'_>> {
    let mut reasons = collect(plan, |step| match &step.outcome {
        Outcome::LeftOut(reason) => Some(reason),
        Outcome::Chosen => None,
    });
    reasons.retain(|reason| reason.resources.len() > 2);
    reasons
}

fn collect(plan: &Plan, text: impl Fn(&Step) -> Option<&String>) -> Vec<Reason<'_>> {
    let mut reasons: Vec<Reason<'_>> = Vec::new();
    for service in &plan.services {
        let name = service.resource.strip_prefix("service/").unwrap_or(&service.resource);
        for step in &service.steps {
            let Some(text) = text(step) else { continue };
            match reasons.iter_mut().find(|reason| reason.is(step, text)) {
                Some(reason) if reason.resources.last() == Some(&name) => {}
                Some(reason) => reason.resources.push(name),
                None => reasons.push(Reason { control: step.control.id, text, resources: vec![name] }),
            }
        }
    }
    reasons
}

fn reasons(heading: &str, style: Style, reasons: &[Reason<'_>], width: usize) -> String {
    const INDENT: usize = 27;
    if reasons.is_empty() {
        return String::new();
    }
    let mut out = format!("\n{BOLD}{heading}{BOLD:#}\n");
    for reason in reasons {
        let text = wrap(reason.text, width, INDENT, INDENT);
        let names = wrap(&reason.resources.join(", "), width, INDENT, INDENT);
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {style}{:24}{style:#} {text}", reason.control);
        let _ = writeln!(out, "{:INDENT$}{DIM}{names}{DIM:#}", "");
    }
    out
}

fn budget_lines(stack: &Stack, budget: &Budget, width: usize) -> String {
    let name = stack.projects.get(budget.project).map_or("", |group| group.project.name.as_str());
    let head =
        format!("memory of project {name}: all tmpfs mounts together may use {}", show_size(budget.tmpfs));
    let (text, style) = match budget.host {
        Some(host) if budget.tmpfs > host => {
            (format!("{head}, more than the {} of the host", show_size(host)), ERROR)
        }
        Some(host) => (format!("{head} of the {} of the host", show_size(host)), Style::new()),
        None => (format!("{head}; set host.memory in temper.toml to have that checked"), Style::new()),
    };
    let mut out = format!("\n{style}{}{style:#}\n", wrap(&text, width, 0, 2));
    for over in &budget.over_limit {
        let text = format!(
            "service/{}: its tmpfs mounts may use {}, and its memory limit is {}: full ones get it killed",
            over.service,
            show_size(over.tmpfs),
            show_size(over.memory)
        );
        let _ = writeln!(out, "  {WARNING}{}{WARNING:#}", wrap(&text, width, 2, 4));
    }
    out
}

fn coloured(diff: &str) -> String {
    let mut out = String::new();
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => BOLD,
            [b'+', ..] => GREEN,
            [b'-', ..] => AnsiColor::Red.on_default(),
            [b'@', ..] => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let body = line.trim_end_matches('\n');
        let end = line.get(body.len()..).unwrap_or("");
        let _ = write!(out, "{style}{body}{style:#}{end}");
    }
    out
}
