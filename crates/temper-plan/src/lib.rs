//! From fixes to an ordered, conflict-free change that is parsed again before it is written.

mod plan;

pub use plan::{Budget, FileChange, Options, Outcome, Plan, PlanError, ServicePlan, Step};
