use anstyle::{AnsiColor, Style};
use temper_controls::{Judgement, Severity, Verdict};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const ERROR: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default().bold();

pub(crate) fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Critical => AnsiColor::Red.on_default().bold(),
        Severity::High => AnsiColor::Red.on_default(),
        Severity::Medium => AnsiColor::Yellow.on_default(),
        Severity::Low => Style::new(),
    }
}

/// The word that stands before a finding: its severity, or `unknown`, or `waived`.
pub(crate) fn word(judgement: &Judgement) -> (&'static str, Style) {
    match &judgement.verdict {
        Verdict::Unknown { .. } => ("unknown", AnsiColor::Cyan.on_default()),
        Verdict::Waived(_) => ("waived", DIM),
        Verdict::Pass | Verdict::Fail => {
            let severity = judgement.control.severity;
            (severity.as_str(), severity_style(severity))
        }
    }
}
