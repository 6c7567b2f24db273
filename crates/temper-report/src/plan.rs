//! A plan for people: what is done for each resource and why, what is not, then the diff.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use temper_controls::Safety;
use temper_model::{Stack, show_size};
use temper_plan::{Budget, Outcome, Plan, ServicePlan, Step};

use crate::count::plural;

/// The plan as text; with `diff`, the diff of every file follows.
#[must_use]
pub fn plan(stack: &Stack, plan: &Plan, diff: bool) -> String {
    let mut out = summary(plan);
    for service in &plan.services {
        out.push_str(&resource(service));
    }
    for budget in &plan.budgets {
        out.push_str(&budget_line(stack, budget));
    }
    if diff {
        for file in &plan.files {
            out.push('\n');
            out.push_str(&coloured(&file.diff()));
        }
    }
    out
}

/// A plan for programs.
#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    steps: Vec<StepDocument<'a>>,
    files: Vec<FileDocument<'a>>,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    resource: &'a str,
    control: &'static str,
    safety: &'static str,
    summary: &'a str,
    chosen: bool,
    /// Why it needs proof, or why it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct FileDocument<'a> {
    path: &'a str,
    new_file: bool,
    diff: String,
}

/// The plan as JSON, with a final newline.
#[must_use]
pub fn plan_json(plan: &Plan) -> String {
    let steps =
        plan.services.iter().flat_map(|service| service.steps.iter().map(move |step| (service, step)));
    let document = Document {
        schema: 1,
        steps: steps.map(|(service, step)| step_document(service, step)).collect(),
        files: plan
            .files
            .iter()
            .map(|file| FileDocument { path: &file.path, new_file: file.old.is_none(), diff: file.diff() })
            .collect(),
    };
    let text = serde_json::to_string_pretty(&document);
    // The document is made of structs, strings and booleans, which always serialise.
    text.map_or_else(|error| format!("{{\"error\": \"{error}\"}}\n"), |text| text + "\n")
}

fn step_document<'a>(service: &'a ServicePlan, step: &'a Step) -> StepDocument<'a> {
    let reason = match (&step.outcome, &step.safety) {
        (Outcome::LeftOut(reason), _) => Some(reason.as_str()),
        (Outcome::Chosen, Safety::NeedsProof { why }) => Some(why.as_str()),
        _ => None,
    };
    StepDocument {
        resource: &service.resource,
        control: step.control.id,
        safety: step.safety.as_str(),
        summary: &step.summary,
        chosen: step.outcome == Outcome::Chosen,
        reason,
    }
}

fn summary(plan: &Plan) -> String {
    let steps = || plan.services.iter().flat_map(|service| &service.steps);
    let chosen = steps().filter(|step| step.outcome == Outcome::Chosen);
    let (safe, unproven): (Vec<&Step>, Vec<&Step>) =
        chosen.partition(|step| matches!(step.safety, Safety::Safe | Safety::Proven));
    let left = steps().count() - safe.len() - unproven.len();
    let bold = Style::new().bold();
    format!(
        "{bold}{}{bold:#} in {}: {} safe, {} to be proven by a canary, {} left out\n",
        fixes(safe.len() + unproven.len()),
        plural(plan.files.len(), "file"),
        safe.len(),
        unproven.len(),
        left,
    )
}

fn fixes(number: usize) -> String {
    if number == 1 { "1 fix".to_owned() } else { format!("{number} fixes") }
}

fn resource(service: &ServicePlan) -> String {
    let bold = Style::new().bold();
    let mut out = format!("\n{bold}{}{bold:#}\n", service.resource);
    for step in &service.steps {
        out.push_str(&step_lines(step));
    }
    out
}

fn step_lines(step: &Step) -> String {
    let (word, style, why) = match (&step.outcome, &step.safety) {
        (Outcome::LeftOut(reason), _) => ("left out", Style::new().dimmed(), Some(reason)),
        (Outcome::Chosen, Safety::NeedsProof { why }) => {
            ("to prove", AnsiColor::Yellow.on_default(), Some(why))
        }
        (Outcome::Chosen, Safety::Proven) => ("proven", AnsiColor::Green.on_default(), None),
        (Outcome::Chosen, _) => ("safe", AnsiColor::Green.on_default(), None),
    };
    let mut out = format!("  {style}{word:8}{style:#} {:24} {}\n", step.control.id, step.summary);
    if let Some(why) = why {
        let dim = Style::new().dimmed();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "           {dim}{why}{dim:#}");
    }
    out
}

fn budget_line(stack: &Stack, budget: &Budget) -> String {
    let name = stack.projects.get(budget.project).map_or("", |group| group.project.name.as_str());
    let used = show_size(budget.tmpfs);
    match budget.host {
        Some(host) if budget.tmpfs > host => {
            let style = AnsiColor::Red.on_default().bold();
            format!(
                "\n{style}project {name}: all tmpfs together may use {used}, more than the {} of the host{style:#}\n",
                show_size(host)
            )
        }
        Some(host) => format!(
            "\nproject {name}: all tmpfs together may use {used} of the {} of the host\n",
            show_size(host)
        ),
        None => format!(
            "\nproject {name}: all tmpfs together may use {used}; set host.memory in temper.toml to have that checked\n"
        ),
    }
}

fn coloured(diff: &str) -> String {
    let mut out = String::new();
    for line in diff.split_inclusive('\n') {
        let style = match line.as_bytes().first() {
            Some(b'+') => AnsiColor::Green.on_default(),
            Some(b'-') => AnsiColor::Red.on_default(),
            Some(b'@') => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let body = line.trim_end_matches('\n');
        let end = line.get(body.len()..).unwrap_or("");
        let _ = write!(out, "{style}{body}{style:#}{end}");
    }
    out
}
