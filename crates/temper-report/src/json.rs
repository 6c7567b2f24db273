//! The JSON of `scan --format json`: a contract for other programs (DESIGN.md). Fields are only ever added.

use schemars::JsonSchema;
use serde::Serialize;
use temper_controls::{Fix, Judged, Judgement, Safety, Verdict};
use temper_fit::Evidence;
use temper_model::{Problem, Stack};
use temper_text::Loc;

use crate::Counts;
use crate::problems::{position, problems};

/// What a scan found.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "temper scan")]
pub struct Document {
    /// Version of this format; it changes only when a field changes its meaning or goes.
    schema: u32,
    /// The program that wrote it.
    tool: Tool,
    /// The root of the stack; every path is relative to it.
    root: String,
    /// Compose projects, and how their files were grouped.
    projects: Vec<Project>,
    /// Verdicts that are not `pass`, in the order of the stack.
    findings: Vec<Finding>,
    /// What could not be read.
    errors: Vec<ReadError>,
    /// Numbers over all verdicts.
    summary: Summary,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

/// A Compose project.
#[derive(Debug, Serialize, JsonSchema)]
struct Project {
    /// Its name.
    name: String,
    /// Its files in the order of merging.
    files: Vec<String>,
    /// Files that have to be named with `-f` on top of these.
    overlays: Vec<String>,
    /// Its services.
    services: Vec<String>,
    /// Why the files were grouped so.
    reason: String,
}

/// A verdict that is not `pass`.
#[derive(Debug, Serialize, JsonSchema)]
struct Finding {
    /// The control.
    control: &'static str,
    /// `fail`, `unknown` or `waived`.
    verdict: &'static str,
    /// `critical`, `high`, `medium` or `low`.
    severity: &'static str,
    /// `compose` or `dockerfile`.
    surface: &'static str,
    /// `service/NAME`, `project/NAME` or `dockerfile/PATH`.
    resource: String,
    /// Name of the Compose project, for services and projects.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    /// The file.
    file: String,
    /// Line, from 1.
    line: u32,
    /// Column in characters, from 1.
    column: u32,
    /// Line of the end.
    end_line: u32,
    /// Column just past the end.
    end_column: u32,
    /// What is the case.
    message: String,
    /// What would have to be known, for `unknown`.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    /// Who waived it, for `waived`.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiver: Option<Waiver>,
    /// Why that is believed.
    evidence: Vec<EvidenceItem>,
    /// Benchmark items.
    references: Vec<&'static str>,
    /// What would make it pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<FixSummary>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Waiver {
    reason: String,
    owner: String,
    expires: String,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EvidenceItem {
    /// `declared`, `source`, `known-image`, `image`, `observed` or `proven`.
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    detail: String,
}

#[derive(Debug, Serialize, JsonSchema)]
struct FixSummary {
    /// `proven`, `safe`, `needs-proof` or `refused`.
    safety: &'static str,
    summary: String,
    /// Why it needs proof or is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ReadError {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    message: String,
    /// True when the file could still be used.
    warning: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    resources: usize,
    controls: usize,
    pass: usize,
    fail: usize,
    unknown: usize,
    waived: usize,
}

/// The document of a scan. `root` is shown as it is.
#[must_use]
pub fn document(root: &str, stack: &Stack, judged: &Judged) -> Document {
    let counts = Counts::of(&judged.judgements);
    let found = judged.judgements.iter().filter(|judgement| judgement.verdict != Verdict::Pass);
    Document {
        schema: 1,
        tool: Tool { name: "temper", version: env!("CARGO_PKG_VERSION") },
        root: root.to_owned(),
        projects: projects(stack),
        findings: found.map(|judgement| finding(stack, judgement)).collect(),
        errors: errors(stack),
        summary: Summary {
            resources: judged.resources,
            controls: judged.controls,
            pass: counts.pass,
            fail: counts.fail,
            unknown: counts.unknown,
            waived: counts.waived,
        },
    }
}

/// The JSON schema of [`Document`], with a final newline.
#[must_use]
pub fn schema() -> String {
    let schema = schemars::schema_for!(Document);
    let text = serde_json::to_string_pretty(&schema);
    // A schema is made of maps with string keys and plain values, which always serialise.
    text.map_or_else(|error| format!("{{\"error\": \"{error}\"}}\n"), |text| text + "\n")
}

fn projects(stack: &Stack) -> Vec<Project> {
    let path = |id| stack.sources.file(id).path().to_owned();
    let groups = stack.projects.iter().map(|group| Project {
        name: group.project.name.clone(),
        files: group.project.files.iter().copied().map(path).collect(),
        overlays: group.overlays.iter().map(|overlay| path(overlay.file)).collect(),
        services: group.project.services.keys().cloned().collect(),
        reason: group.reason.clone(),
    });
    groups.collect()
}

fn finding(stack: &Stack, judgement: &Judgement) -> Finding {
    let file = stack.sources.file(judgement.at.file);
    let start = file.line_col(judgement.at.span.start as usize);
    let end = file.line_col(judgement.at.span.end as usize);
    let project = judgement.project.and_then(|index| stack.projects.get(index));
    Finding {
        control: judgement.control.id,
        verdict: judgement.verdict.as_str(),
        severity: judgement.control.severity.as_str(),
        surface: judgement.surface.as_str(),
        resource: judgement.resource.clone(),
        project: project.map(|group| group.project.name.clone()),
        file: file.path().to_owned(),
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        message: judgement.message.clone(),
        missing: match &judgement.verdict {
            Verdict::Unknown { missing } => Some(missing.clone()),
            _ => None,
        },
        waiver: match &judgement.verdict {
            Verdict::Waived(waived) => Some(Waiver {
                reason: waived.reason.clone(),
                owner: waived.owner.clone(),
                expires: waived.expires.clone(),
            }),
            _ => None,
        },
        evidence: judgement.evidence.iter().map(|evidence| evidence_item(stack, evidence)).collect(),
        references: judgement.control.references.to_vec(),
        fix: judgement.fix.as_ref().map(fix_summary),
    }
}

pub(crate) fn evidence_item(stack: &Stack, evidence: &Evidence) -> EvidenceItem {
    let place = evidence
        .at
        .map(|at: Loc| (stack.sources.file(at.file).path().to_owned(), stack.sources.line_col(at).line));
    let (file, line) = place.unzip();
    EvidenceItem { kind: evidence.kind.as_str(), file, line, detail: evidence.detail.clone() }
}

fn fix_summary(fix: &Fix) -> FixSummary {
    let reason = match &fix.safety {
        Safety::NeedsProof { why } => Some(why.clone()),
        Safety::Refused { reason } => Some(reason.clone()),
        Safety::Proven | Safety::Safe => None,
    };
    FixSummary { safety: fix.safety.as_str(), summary: fix.summary.clone(), reason }
}

pub(crate) fn errors(stack: &Stack) -> Vec<ReadError> {
    problems(stack).into_iter().map(|problem| read_error(stack, problem)).collect()
}

fn read_error(stack: &Stack, problem: &Problem) -> ReadError {
    let position = position(&stack.sources, problem);
    ReadError {
        file: problem.file.clone(),
        line: position.map(|position| position.line),
        column: position.map(|position| position.column),
        message: problem.message.clone(),
        warning: problem.warning,
    }
}
