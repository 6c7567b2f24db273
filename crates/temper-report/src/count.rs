use temper_controls::{Judgement, Severity, Verdict};

/// How many verdicts there are of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Controls that hold.
    pub pass: usize,
    /// Controls that do not hold.
    pub fail: usize,
    /// Controls of which it cannot be told.
    pub unknown: usize,
    /// Controls that do not hold and were waived.
    pub waived: usize,
}

impl Counts {
    /// Counts judgements.
    pub fn of<'a>(judgements: impl IntoIterator<Item = &'a Judgement>) -> Self {
        let mut counts = Self::default();
        for judgement in judgements {
            match judgement.verdict {
                Verdict::Pass => counts.pass += 1,
                Verdict::Fail => counts.fail += 1,
                Verdict::Unknown { .. } => counts.unknown += 1,
                Verdict::Waived(_) => counts.waived += 1,
            }
        }
        counts
    }
}

/// `2 critical, 5 high` for the failures among the judgements, the worst first.
pub(crate) fn by_severity<'a>(judgements: impl IntoIterator<Item = &'a Judgement>) -> String {
    let mut numbers =
        [(Severity::Critical, 0), (Severity::High, 0), (Severity::Medium, 0), (Severity::Low, 0)];
    let mut unknown = 0;
    for judgement in judgements {
        match judgement.verdict {
            Verdict::Fail => {
                for (severity, number) in &mut numbers {
                    *number += usize::from(*severity == judgement.control.severity);
                }
            }
            Verdict::Unknown { .. } => unknown += 1,
            Verdict::Pass | Verdict::Waived(_) => {}
        }
    }
    let named = numbers
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(severity, number)| format!("{number} {severity}"));
    let unknown = (unknown > 0).then(|| format!("{unknown} unknown"));
    named.chain(unknown).collect::<Vec<_>>().join(", ")
}

/// `1 service`, `2 services`.
pub(crate) fn plural(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
