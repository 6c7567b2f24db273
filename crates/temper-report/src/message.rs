use temper_controls::{Judgement, Verdict};

/// What a finding says, with what is missing.
pub(crate) fn said(finding: &Judgement) -> String {
    match &finding.verdict {
        Verdict::Unknown { missing } => format!("{}: {missing}", finding.message),
        _ => finding.message.clone(),
    }
}
