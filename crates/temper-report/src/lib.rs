//! Findings for people and for programs: terminal, JSON, SARIF, JUnit. Writes into strings, never to a terminal.

mod count;
mod human;
mod json;
mod plan;

pub use count::Counts;
pub use human::{Detail, findings};
pub use json::{document, schema};
pub use plan::plan;
