//! Small pieces that several controls need. No control of its own.

pub(super) mod code;
pub(super) mod credentials;
pub(super) mod host_work;
pub(super) mod image;
pub(super) mod live;
pub(super) mod mounts;
pub(super) mod overlay;
pub(super) mod owner;
pub(super) mod run_as;
pub(super) mod security_opt;
pub(super) mod setuid;
pub(super) mod targets;
pub(super) mod writable;

use temper_fit::Evidence;
pub(super) use temper_fit::size_text;
use temper_model::compose::Item;

use super::ServiceContext;
use crate::{Change, ComposeAction, Fix, Safety};

/// A fix of one service.
pub(super) fn fix(
    context: &ServiceContext<'_>,
    safety: Safety,
    summary: impl Into<String>,
    actions: impl IntoIterator<Item = (ComposeAction, String)>,
) -> Fix {
    let change = |(action, reason)| Change::Service {
        project: context.index,
        service: context.service.name.clone(),
        action,
        reason,
    };
    Fix { safety, summary: summary.into(), changes: actions.into_iter().map(change).collect() }
}

/// A fix that a canary has to prove.
pub(super) fn needs_proof(why: impl Into<String>) -> Safety {
    Safety::NeedsProof { why: why.into() }
}

/// A fix that temper does not write; the reason says what a person can do.
pub(super) fn refused(summary: impl Into<String>, reason: impl Into<String>) -> Fix {
    Fix { safety: Safety::Refused { reason: reason.into() }, summary: summary.into(), changes: Vec::new() }
}

/// What to say when variables have no value: "`${A}` has no value".
pub(super) fn missing_variables(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().map(|name| format!("`${{{name}}}`")).collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!("{} {verb} no value", shown.join(", "))
}

/// A capability as the kernel names it, without `CAP_`, in capitals (Docker accepts any case and both forms).
pub(super) fn capability_name(written: &str) -> String {
    let upper = written.trim().to_ascii_uppercase();
    upper.strip_prefix("CAP_").map_or_else(|| upper.clone(), str::to_owned)
}

/// Variables without a value that any item of a list hangs on.
pub(super) fn missing_in(items: &[Item]) -> Vec<String> {
    let mut names: Vec<String> = items.iter().flat_map(|item| &item.missing).cloned().collect();
    names.sort();
    names.dedup();
    names
}

/// A reason for a line of YAML: the first evidence, cut at a word where it is long.
pub(super) fn reason_of(evidence: &[Evidence], otherwise: &str) -> String {
    const LONGEST: usize = 90;
    let text = evidence.first().map_or(otherwise, |evidence| evidence.detail.as_str());
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let head: String = text.chars().take(LONGEST - 1).collect();
    let whole_words = head.rsplit_once(' ').map_or(head.as_str(), |(words, _)| words);
    format!("{}…", whole_words.trim_end_matches([',', ';', ':']))
}
