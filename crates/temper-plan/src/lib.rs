//! From fixes to an ordered, conflict-free change that is parsed again before it is written.

mod budget;
mod candidate;
mod change;
mod diff;
mod dockerfile;
mod guard;
mod in_place;
mod overlay;
mod plan;
mod planner;
#[cfg(test)]
mod tests;
mod variables;
mod wish;

pub use plan::{Budget, FileChange, Options, Outcome, OverLimit, Plan, PlanError, ServicePlan, Step};
pub use planner::plan;
