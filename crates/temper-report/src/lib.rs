//! Findings for people and for programs: terminal, JSON, SARIF, JUnit. Writes into strings, never to a terminal.

mod count;
mod human;
mod json;
mod junit;
mod plan;
mod sarif;

pub use count::Counts;
pub use human::{Detail, findings, problem};
pub use json::{document, schema};
pub use junit::junit;
pub use plan::{plan, plan_json};
pub use sarif::sarif;
