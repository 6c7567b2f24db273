use temper_fit::Evidence;
use temper_text::{FileId, Loc};

use crate::{Fix, Meta, Surface};

/// What a control says of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The control holds.
    Pass,
    /// It does not.
    Fail,
    /// It cannot be told.
    Unknown {
        /// What is missing, for people: "`${DB_USER}` has no value".
        missing: String,
    },
    /// It fails, and somebody has taken responsibility until a date.
    Waived(Waived),
}

impl Verdict {
    /// True for what a person has to look at: it fails, or it cannot be told.
    #[must_use]
    pub fn is_finding(&self) -> bool {
        matches!(self, Self::Fail | Self::Unknown { .. })
    }

    /// The word used in JSON and on screen.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown { .. } => "unknown",
            Self::Waived(_) => "waived",
        }
    }
}

/// Who waived a finding, why, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// The reason.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day, `YYYY-MM-DD`.
    pub expires: String,
}

/// The verdict of one control on one resource, with everything a reader needs.
#[derive(Debug, Clone)]
pub struct Judgement {
    /// The control.
    pub control: &'static Meta,
    /// The verdict.
    pub verdict: Verdict,
    /// Where it was looked at.
    pub surface: Surface,
    /// The resource: `service/api`, `dockerfile/services/api/Dockerfile`, `project/shop`.
    pub resource: String,
    /// Index of the project, for Compose.
    pub project: Option<usize>,
    /// The place that a person has to look at.
    pub at: Loc,
    /// What is the case, one sentence for people, lower case, no full stop.
    pub message: String,
    /// Why that is believed.
    pub evidence: Vec<Evidence>,
    /// Other places that matter.
    pub related: Vec<Related>,
    /// What would make it pass.
    pub fix: Option<Fix>,
    /// The overlay that has to be named for it to hold; `None` for what starts by default.
    pub overlay: Option<FileId>,
}

/// Another place that matters for a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    /// The place.
    pub at: Loc,
    /// What is there.
    pub label: String,
}

impl Judgement {
    /// Adds evidence.
    pub fn because(&mut self, evidence: impl IntoIterator<Item = Evidence>) -> &mut Self {
        self.evidence.extend(evidence);
        self
    }

    /// Points at another place.
    pub fn see(&mut self, at: Loc, label: impl Into<String>) -> &mut Self {
        self.related.push(Related { at, label: label.into() });
        self
    }

    /// Offers a fix.
    pub fn fix(&mut self, fix: Fix) -> &mut Self {
        self.fix = Some(fix);
        self
    }
}

/// Collects the judgements of one control on one resource.
///
/// A control that says nothing does not apply to the resource; it is counted nowhere.
#[derive(Debug)]
pub struct Verdicts {
    control: &'static Meta,
    surface: Surface,
    resource: String,
    project: Option<usize>,
    judgements: Vec<Judgement>,
}

impl Verdicts {
    pub(crate) fn new(
        control: &'static Meta,
        surface: Surface,
        resource: String,
        project: Option<usize>,
    ) -> Self {
        Self { control, surface, resource, project, judgements: Vec::new() }
    }

    pub(crate) fn into_judgements(self) -> Vec<Judgement> {
        self.judgements
    }

    /// The control holds.
    pub fn pass(&mut self, at: Loc, message: impl Into<String>) -> &mut Judgement {
        self.push(Verdict::Pass, at, message.into())
    }

    /// The control does not hold. `at` is the narrowest place that a person has to look at.
    pub fn fail(&mut self, at: Loc, message: impl Into<String>) -> &mut Judgement {
        self.push(Verdict::Fail, at, message.into())
    }

    /// It cannot be told; `missing` says what would have to be known.
    pub fn unknown(
        &mut self,
        at: Loc,
        message: impl Into<String>,
        missing: impl Into<String>,
    ) -> &mut Judgement {
        self.push(Verdict::Unknown { missing: missing.into() }, at, message.into())
    }

    #[expect(clippy::unwrap_used, reason = "an item was pushed on the line before")]
    fn push(&mut self, verdict: Verdict, at: Loc, message: String) -> &mut Judgement {
        self.judgements.push(Judgement {
            control: self.control,
            verdict,
            surface: self.surface,
            resource: self.resource.clone(),
            project: self.project,
            at,
            message,
            evidence: Vec::new(),
            related: Vec::new(),
            fix: None,
            overlay: None,
        });
        self.judgements.last_mut().unwrap()
    }
}
