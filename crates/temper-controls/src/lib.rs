//! Security controls: what each means, how it is checked and fixed, which benchmark items it satisfies.
//!
//! One control is one file in `controls/`. [`judge`] runs them over a stack.

pub mod controls;
mod fix;
pub mod frameworks;
mod judge;
mod meta;
mod verdict;
mod waive;

pub use controls::{ALL, Control, DockerfileContext, ProjectContext, ServiceContext, find};
pub use fix::{Change, ComposeAction, DockerfileAction, Fix, Safety, Scalar};
pub use judge::{Judged, Selection, judge};
pub use meta::{Meta, Severity, Surface};
pub use verdict::{Judgement, Related, Verdict, Verdicts, Waived};

/// What to say when variables have no value: "`${A}` has no value".
pub(crate) fn missing_variables(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().map(|name| format!("`${{{name}}}`")).collect();
    let verb = if names.len() == 1 { "has" } else { "have" };
    format!("{} {verb} no value", shown.join(", "))
}
