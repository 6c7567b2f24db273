use std::time::Duration;

use serde::Serialize;
use temper_model::Refusal;

use super::Unmet;

/// How a rollout ended.
#[derive(Debug)]
pub enum Ended {
    /// Every container is as the files say already.
    NothingToDo,
    /// The hardening runs.
    Completed(Report),
    /// The stack is as it was.
    RolledBack {
        /// Why.
        reason: String,
        /// What could not be put back by itself, for people; empty when all is as it was.
        left: Vec<String>,
        /// How long taking back took.
        took: Duration,
    },
    /// A precondition does not hold: nothing was begun.
    Unmet(Vec<Unmet>),
}

/// What a completed rollout did.
#[derive(Debug, Default)]
pub struct Report {
    /// The run, as `temper rollback` and the history name it.
    pub run: String,
    /// Services whose containers were replaced, in that order.
    pub services: Vec<ServiceReport>,
    /// Fixes that broke a service and were left out.
    pub refusals: Vec<Refusal>,
    /// Files that were written, relative to the root.
    pub files: Vec<String>,
    /// What a person should know besides.
    pub notes: Vec<String>,
    /// The whole time.
    pub took: Duration,
    /// The part of it that was spent waiting for containers: stopping, starting, being healthy, being tried.
    pub waited: Duration,
}

/// What happened to one service.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ServiceReport {
    /// The service.
    pub service: String,
    /// What the trial on a clone showed; `None` before it.
    pub trial: Option<Trial>,
    /// What is known of its speed, for people.
    pub performance: Vec<String>,
    /// What a person should know besides.
    pub notes: Vec<String>,
}

/// What the trial of a service on a clone showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trial {
    /// It works as planned.
    Passed,
    /// It works without the fixes of these controls.
    PassedWithout(Vec<String>),
    /// Nothing: why, for people.
    Undecided(String),
}

impl Trial {
    /// True when a clone has started twice with the data: the wave need not start the service a second time.
    pub(crate) fn has_passed(&self) -> bool {
        matches!(self, Self::Passed | Self::PassedWithout(_))
    }
}
