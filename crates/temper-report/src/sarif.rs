//! SARIF 2.1.0 (OASIS, 2020): what code scanning services read.

use serde::Serialize;
use sha2::{Digest, Sha256};
use temper_controls::{ALL, Judged, Judgement, Meta, Severity, Verdict, frameworks};
use temper_model::{Problem, Stack};
use temper_text::{Loc, SourceFile};

use crate::message::said;
use crate::problems::{has_errors, problems};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    column_kind: &'static str,
    invocations: [Invocation; 1],
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Message,
    full_description: Message,
    help: Help,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: String,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: Vec<String>,
    /// A number from 0 to 10 as text; GitHub sorts by it.
    #[serde(rename = "security-severity")]
    security_severity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
    locations: Vec<Location>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: &'static str,
    rule_index: usize,
    /// `fail`, or `open` where it cannot be told (SARIF 3.27.9).
    kind: &'static str,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression>,
}

/// What stays the same when lines move.
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "temperFinding/v1")]
    finding: String,
}

#[derive(Serialize)]
struct Suppression {
    kind: &'static str,
    justification: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: PhysicalLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

/// The findings as SARIF, with a final newline.
#[must_use]
pub fn sarif(stack: &Stack, judged: &Judged) -> String {
    let found = judged.judgements.iter().filter(|judgement| judgement.verdict != Verdict::Pass);
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "temper",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: ALL.iter().map(|control| rule(control.meta())).collect(),
                },
            },
            column_kind: "unicodeCodePoints",
            invocations: [invocation(stack)],
            results: found.map(|judgement| result(stack, judgement)).collect(),
        }],
    };
    let text = serde_json::to_string_pretty(&log);
    // The log is made of structs, strings and numbers, which always serialise.
    text.map_or_else(|error| format!("{{\"error\": \"{error}\"}}\n"), |text| text + "\n")
}

fn rule(meta: &'static Meta) -> Rule {
    let why = meta.section("Why it matters").unwrap_or_default();
    let tags = frameworks::items(meta.references).map(|item| format!("{} {}", item.framework, item.number));
    Rule {
        id: meta.id,
        short_description: Message { text: meta.title.to_owned() },
        full_description: Message { text: why.replace('\n', " ") },
        help: Help { text: why, markdown: meta.documentation() },
        default_configuration: Configuration { level: level(meta.severity) },
        properties: RuleProperties {
            tags: std::iter::once("security".to_owned()).chain(tags).collect(),
            security_severity: score(meta.severity),
        },
    }
}

fn invocation(stack: &Stack) -> Invocation {
    let problems = problems(stack);
    Invocation {
        execution_successful: !has_errors(stack),
        tool_execution_notifications: problems.iter().map(|problem| notification(stack, problem)).collect(),
    }
}

fn notification(stack: &Stack, problem: &Problem) -> Notification {
    let location = match problem.at {
        Some(at) => location(stack, at, None),
        None => Location {
            id: None,
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation { uri: uri(&problem.file) },
                region: None,
            },
            message: None,
        },
    };
    let level = if problem.warning { "warning" } else { "error" };
    Notification { level, message: Message { text: problem.message.clone() }, locations: vec![location] }
}

fn result(stack: &Stack, judgement: &Judgement) -> SarifResult {
    let related = judgement.related.iter().enumerate();
    let message = format!("{}: {}", judgement.resource, said(judgement));
    let open = matches!(judgement.verdict, Verdict::Unknown { .. });
    SarifResult {
        rule_id: judgement.control.id,
        rule_index: ALL
            .iter()
            .position(|control| control.meta().id == judgement.control.id)
            .unwrap_or_default(),
        kind: if open { "open" } else { "fail" },
        // A result that is not `fail` has the level `none` (SARIF 3.27.10).
        level: if open { "none" } else { level(judgement.control.severity) },
        message: Message { text: message },
        locations: [location(stack, judgement.at, None)],
        related_locations: related.map(|(id, see)| location(stack, see.at, Some((id, &see.label)))).collect(),
        partial_fingerprints: Fingerprints { finding: fingerprint(stack, judgement) },
        suppressions: suppressions(judgement),
    }
}

/// A hash over control, resource and the text of the place, but not its line. The text may be a credential.
fn fingerprint(stack: &Stack, judgement: &Judgement) -> String {
    let file = stack.sources.file(judgement.at.file).path();
    let text = stack.sources.slice(judgement.at).trim();
    let whole = format!("{}|{}|{file}|{text}", judgement.control.id, judgement.resource);
    Sha256::digest(whole.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn suppressions(judgement: &Judgement) -> Vec<Suppression> {
    let Verdict::Waived(waived) = &judgement.verdict else { return Vec::new() };
    let justification = format!("{} ({}, until {})", waived.reason, waived.owner, waived.expires);
    vec![Suppression { kind: "external", justification }]
}

fn location(stack: &Stack, at: Loc, label: Option<(usize, &String)>) -> Location {
    let file = stack.sources.file(at.file);
    Location {
        id: label.map(|(id, _)| id),
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(file.path()) },
            region: Some(region(file, at)),
        },
        message: label.map(|(_, label)| Message { text: label.clone() }),
    }
}

fn region(file: &SourceFile, at: Loc) -> Region {
    let start = file.line_col(at.span.start as usize);
    let end = file.line_col(at.span.end as usize);
    Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column }
}

/// A path as a relative URI reference (RFC 3986): what is no unreserved character is written with `%`.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low => "note",
    }
}

/// GitHub's bands: above 9.0 critical, from 7.0 high, from 4.0 medium.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "9.5",
        Severity::High => "8.0",
        Severity::Medium => "5.5",
        Severity::Low => "2.0",
    }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn spaces_and_umlauts_in_paths_are_escaped() {
        assert_eq!(uri("docs/old plans/ä.yml"), "docs/old%20plans/%C3%A4.yml");
    }
}
