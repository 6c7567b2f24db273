//! Findings for people and for programs: terminal, JSON, SARIF, JUnit. Writes into strings, never to a terminal.

mod block;
mod common;
mod count;
mod excerpt;
mod fold;
mod human;
mod json;
mod junit;
mod message;
mod place;
mod plan;
mod plan_json;
mod problems;
mod redact;
mod sarif;
mod style;
mod wrap;

pub use count::Counts;
pub use human::{Detail, View, findings};
pub use json::{document, schema};
pub use junit::junit;
pub use plan::plan;
pub use plan_json::plan_json;
pub use problems::{has_errors, problem_line, problems};
pub use sarif::sarif;
