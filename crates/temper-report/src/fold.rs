//! Unknowns that lack the same thing are told once: a fresh clone without its env files lacks them in every service.

use temper_controls::{Judgement, Verdict};

/// Fewer services than this are told one by one.
const MANY: usize = 3;

/// What one control cannot tell of several services, because the same thing is missing.
#[derive(Debug)]
pub(crate) struct Folded<'a> {
    /// The first of the findings.
    pub(crate) finding: &'a Judgement,
    /// What is missing.
    pub(crate) missing: &'a str,
    /// Names of the services, each once, in the order in which they come.
    pub(crate) services: Vec<&'a str>,
}

impl Folded<'_> {
    fn holds(&self, finding: &Judgement) -> bool {
        self.finding.control.id == finding.control.id && missing(finding) == Some(self.missing)
    }
}

/// The unknowns of `projects` that lack the same thing on several services, the most frequent first.
pub(crate) fn folded<'a>(projects: &[Vec<Vec<&'a Judgement>>]) -> Vec<Folded<'a>> {
    let mut all: Vec<Folded<'a>> = Vec::new();
    for finding in projects.iter().flatten().flatten().copied() {
        let (Some(missing), Some(service)) = (missing(finding), finding.resource.strip_prefix("service/"))
        else {
            continue;
        };
        match all.iter_mut().find(|known| known.holds(finding)) {
            Some(known) if known.services.contains(&service) => {}
            Some(known) => known.services.push(service),
            None => all.push(Folded { finding, missing, services: vec![service] }),
        }
    }
    all.retain(|folded| folded.services.len() >= MANY);
    all.sort_by_key(|folded| std::cmp::Reverse(folded.services.len()));
    all
}

/// True when a finding is told by one of `folded`.
pub(crate) fn is_folded(folded: &[Folded<'_>], finding: &Judgement) -> bool {
    finding.resource.starts_with("service/") && folded.iter().any(|one| one.holds(finding))
}

fn missing(finding: &Judgement) -> Option<&str> {
    match &finding.verdict {
        Verdict::Unknown { missing } => Some(missing),
        _ => None,
    }
}
