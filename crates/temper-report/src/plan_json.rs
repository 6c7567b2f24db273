//! The JSON of `plan --format json`. Fields are only ever added.

use serde::Serialize;
use temper_controls::Safety;
use temper_model::Stack;
use temper_plan::{Budget, Outcome, Plan, ServicePlan, Step};

use crate::json::{EvidenceItem, ReadError, errors, evidence_item};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    steps: Vec<StepDocument<'a>>,
    files: Vec<FileDocument<'a>>,
    budgets: Vec<BudgetDocument<'a>>,
    notes: &'a [String],
    errors: Vec<ReadError>,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    resource: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a str>,
    control: &'static str,
    safety: &'static str,
    summary: &'a str,
    chosen: bool,
    /// Why it needs proof, or why it was left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    evidence: Vec<EvidenceItem>,
}

#[derive(Serialize)]
struct FileDocument<'a> {
    path: &'a str,
    new_file: bool,
    diff: String,
}

/// Sizes are in bytes.
#[derive(Serialize)]
struct BudgetDocument<'a> {
    project: &'a str,
    tmpfs: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<u64>,
    over_limit: Vec<OverLimitDocument<'a>>,
}

#[derive(Serialize)]
struct OverLimitDocument<'a> {
    service: &'a str,
    tmpfs: u64,
    memory: u64,
}

/// The plan as JSON, with a final newline.
#[must_use]
pub fn plan_json(stack: &Stack, plan: &Plan) -> String {
    let steps =
        plan.services.iter().flat_map(|service| service.steps.iter().map(move |step| (service, step)));
    let files = plan.files.iter().map(|file| FileDocument {
        path: &file.path,
        new_file: file.old.is_none(),
        diff: file.diff(),
    });
    let document = Document {
        schema: 1,
        steps: steps.map(|(service, step)| step_document(stack, service, step)).collect(),
        files: files.collect(),
        budgets: plan.budgets.iter().map(|budget| budget_document(stack, budget)).collect(),
        notes: &plan.notes,
        errors: errors(stack),
    };
    let text = serde_json::to_string_pretty(&document);
    // The document is made of structs, strings and booleans, which always serialise.
    text.map_or_else(|error| format!("{{\"error\": \"{error}\"}}\n"), |text| text + "\n")
}

fn step_document<'a>(stack: &'a Stack, service: &'a ServicePlan, step: &'a Step) -> StepDocument<'a> {
    let reason = match (&step.outcome, &step.safety) {
        (Outcome::LeftOut(reason), _) => Some(reason.as_str()),
        (Outcome::Chosen, Safety::NeedsProof { why }) => Some(why.as_str()),
        _ => None,
    };
    StepDocument {
        resource: &service.resource,
        project: service.project.map(|index| project_name(stack, index)),
        control: step.control.id,
        safety: step.safety.as_str(),
        summary: &step.summary,
        chosen: step.outcome == Outcome::Chosen,
        reason,
        evidence: step.evidence.iter().map(|evidence| evidence_item(stack, evidence)).collect(),
    }
}

fn budget_document<'a>(stack: &'a Stack, budget: &'a Budget) -> BudgetDocument<'a> {
    let over = budget.over_limit.iter().map(|over| OverLimitDocument {
        service: &over.service,
        tmpfs: over.tmpfs,
        memory: over.memory,
    });
    BudgetDocument {
        project: project_name(stack, budget.project),
        tmpfs: budget.tmpfs,
        host: budget.host,
        over_limit: over.collect(),
    }
}

fn project_name(stack: &Stack, index: usize) -> &str {
    stack.projects.get(index).map_or("", |group| group.project.name.as_str())
}
