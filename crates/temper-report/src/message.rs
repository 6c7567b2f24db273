use temper_controls::{Judgement, Verdict};

/// What a finding says, with what is missing, or who waived it.
pub(crate) fn said(finding: &Judgement) -> String {
    match &finding.verdict {
        Verdict::Unknown { missing } => format!("{}: {missing}", finding.message),
        Verdict::Waived(waived) => {
            format!("{} (waived by {} until {})", finding.message, waived.owner, waived.expires)
        }
        Verdict::Pass | Verdict::Fail => finding.message.clone(),
    }
}
