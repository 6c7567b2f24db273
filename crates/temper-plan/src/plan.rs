use temper_controls::{Meta, Safety};
use temper_fit::Evidence;
use temper_model::Date;
use temper_text::unified_diff;

/// What kind of change is wanted.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Edit the Compose files themselves instead of writing an overlay beside them.
    pub in_place: bool,
    /// Leave out fixes that still need proof.
    pub safe_only: bool,
    /// Every control was asked about every resource: a control that applies only once others hold, such as writable
    /// paths under a root that becomes read-only, is then part of the plan as well.
    pub asked_all: bool,
    /// Leave Dockerfiles as they are. What hangs on their change is left out too.
    pub no_dockerfiles: bool,
    /// The day that decides which waivers hold for what an earlier overlay sets. `None`: all of them.
    pub today: Option<Date>,
}

/// The fixes chosen for a stack, as texts. Nothing has been written yet.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is done for each resource, in the order of the stack.
    pub services: Vec<ServicePlan>,
    /// The files that change, in the order of their paths.
    pub files: Vec<FileChange>,
    /// Memory that the tmpfs mounts of each project may use.
    pub budgets: Vec<Budget>,
    /// What a person should know besides, such as an overlay that had to take another name.
    pub notes: Vec<String>,
}

/// What is done for one service, project or Dockerfile, and what is not.
#[derive(Debug, Clone)]
pub struct ServicePlan {
    /// The resource: `service/api`.
    pub resource: String,
    /// Index of the project, for Compose.
    pub project: Option<usize>,
    /// One step a finding that has a fix.
    pub steps: Vec<Step>,
}

/// One fix, and what became of it.
#[derive(Debug, Clone)]
pub struct Step {
    /// The control.
    pub control: &'static Meta,
    /// Safety of the fix.
    pub safety: Safety,
    /// One line for people.
    pub summary: String,
    /// Why.
    pub evidence: Vec<Evidence>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is part of the change.
    Chosen,
    /// It is not: the reason, for people.
    LeftOut(String),
}

/// A file with its text before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Path relative to the root of the stack.
    pub path: String,
    /// The text that was read; `None` when there is no such file yet.
    pub old: Option<String>,
    /// The text to be written.
    pub new: String,
}

impl FileChange {
    /// The change as a unified diff.
    #[must_use]
    pub fn diff(&self) -> String {
        unified_diff(&self.path, self.old.as_deref(), &self.new)
    }
}

/// Memory that the tmpfs mounts of a project may use (R40, failure-mode 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Index of the project.
    pub project: usize,
    /// Sum of the sizes of all tmpfs mounts of enabled services, bytes.
    pub tmpfs: u64,
    /// Memory of the host, bytes, when `temper.toml` says it.
    pub host: Option<u64>,
    /// Enabled services whose tmpfs mounts may use more than their own memory limit: tmpfs pages are charged to the
    /// memory cgroup of the container (kernel, `Documentation/admin-guide/cgroup-v2.rst`), so filling them kills it.
    pub over_limit: Vec<OverLimit>,
}

/// A service whose tmpfs mounts may use more memory than it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OverLimit {
    /// The service.
    pub service: String,
    /// Sum of the sizes of its tmpfs mounts, bytes.
    pub tmpfs: u64,
    /// Its memory limit, bytes.
    pub memory: u64,
}

/// Why a change cannot be planned: the result would not be what was meant. Always a fault of temper, not of the stack.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The changed text does not read back.
    #[error(
        "{path}: the planned text does not read back: {message}; nothing was written, please report this"
    )]
    Unreadable {
        /// The file.
        path: String,
        /// What the reader said.
        message: String,
    },
    /// The changed stack differs from the intended one.
    #[error(
        "{resource}: the planned change would also change {what}; nothing was written, please report this"
    )]
    Differs {
        /// The resource.
        resource: String,
        /// What differs.
        what: String,
    },
    /// A control that was fixed does not pass afterwards.
    #[error("{resource}: {control} would still not pass after the change: {message}")]
    NotFixed {
        /// The resource.
        resource: String,
        /// The control.
        control: String,
        /// What the control says.
        message: String,
    },
    /// A control that had no finding before has one afterwards.
    #[error(
        "{resource}: the planned change would make {control} fail: {message}; nothing was written, please report this"
    )]
    NewFinding {
        /// The resource.
        resource: String,
        /// The control.
        control: String,
        /// What the control says.
        message: String,
    },
    /// Planning again on the result would change it once more.
    #[error(
        "{path}: the same plan would change this file a second time; nothing was written, please report this:\n{diff}"
    )]
    Unstable {
        /// The file.
        path: String,
        /// The second change, as a unified diff.
        diff: String,
    },
}
