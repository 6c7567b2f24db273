//! What is remarked on many services in the same words is said once for all of them.

use temper_controls::{Judgement, Severity, Verdict};
use temper_model::Stack;
use temper_text::Loc;

use crate::message::said;
use crate::place::home;
use crate::style::word;

/// Fewer services than this are told one by one.
const MANY: usize = 3;

/// What one control says of one resource in one place. What it says at the key of a service, because something is not
/// written there, is one line: "no memory limit; no CPU limit".
#[derive(Debug, Clone)]
pub(crate) struct Remark<'a> {
    /// The first of the findings.
    pub(crate) finding: &'a Judgement,
    /// Where it stands; none for the key of a service.
    pub(crate) at: Option<Loc>,
    pub(crate) text: String,
}

impl Remark<'_> {
    /// True when the other is of the same control and has the same word before it.
    fn is_like(&self, other: &Remark<'_>) -> bool {
        self.finding.control.id == other.finding.control.id && word(self.finding).0 == word(other.finding).0
    }

    fn says_the_same(&self, other: &Remark<'_>) -> bool {
        self.is_like(other) && self.at == other.at && self.text == other.text
    }

    /// Failures before what is unknown or waived; among them the severer first.
    fn rank(&self) -> (bool, Severity) {
        (self.finding.verdict == Verdict::Fail, self.finding.control.severity)
    }
}

/// The same remark on several services. An anchor may give all of them the same place.
#[derive(Debug)]
pub(crate) struct Common<'a> {
    pub(crate) remark: Remark<'a>,
    /// Number of services.
    pub(crate) services: usize,
}

/// The remarks on one resource, the worst first.
pub(crate) fn remarks<'a>(stack: &Stack, findings: &[&'a Judgement]) -> Vec<Remark<'a>> {
    let mut remarks: Vec<Remark<'a>> = Vec::new();
    for finding in findings {
        let at = Some(finding.at).filter(|at| home(stack, finding) != Some(*at));
        let remark = Remark { finding, at, text: said(finding) };
        match remarks.iter_mut().find(|known| at.is_none() && known.at.is_none() && known.is_like(&remark)) {
            Some(known) => known.text = format!("{}; {}", known.text, remark.text),
            None => remarks.push(remark),
        }
    }
    remarks.sort_by_key(|remark| std::cmp::Reverse(remark.rank()));
    remarks
}

/// What is remarked on several services in the same words, for each control and verdict only the most frequent: so
/// the name of the control alone says which.
pub(crate) fn common<'a>(stack: &Stack, projects: &[Vec<Vec<&'a Judgement>>]) -> Vec<Common<'a>> {
    let is_service = |resource: &&Vec<&Judgement>| {
        resource.first().is_some_and(|first| first.resource.starts_with("service/"))
    };
    let mut all: Vec<Common<'a>> = Vec::new();
    let services = projects.iter().flatten().filter(is_service);
    for remark in services.flat_map(|service| remarks(stack, service)) {
        match all.iter_mut().find(|common| common.remark.says_the_same(&remark)) {
            Some(common) => common.services += 1,
            None => all.push(Common { remark, services: 1 }),
        }
    }
    all.retain(|common| common.services >= MANY);
    all.sort_by_key(|common| std::cmp::Reverse((common.remark.rank(), common.services)));
    let mut chosen: Vec<Common<'a>> = Vec::new();
    for common in all {
        if !chosen.iter().any(|known| known.remark.is_like(&common.remark)) {
            chosen.push(common);
        }
    }
    chosen
}

/// True when one of `common` says the same.
pub(crate) fn is_common(common: &[Common<'_>], remark: &Remark<'_>) -> bool {
    common.iter().any(|common| common.remark.says_the_same(remark))
}
