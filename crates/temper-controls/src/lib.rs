//! Security controls: what each means, how it is checked and fixed, which benchmark items it satisfies.
//!
//! One control is one file in `controls/`. [`judge`] runs them over a stack.

pub mod controls;
mod fix;
pub mod frameworks;
mod judge;
mod meta;
mod refuse;
mod verdict;
mod waive;

pub use controls::{
    ALL, ContainerContext, Control, DockerfileContext, ProjectContext, ServiceContext, find, is_credential,
};
pub use fix::{Change, ComposeAction, DockerfileAction, Fix, Safety, Scalar};
pub use judge::{Judged, Selection, judge, judge_containers};
pub use meta::{Meta, Severity, Surface};
pub use verdict::{Judgement, Related, Verdict, Verdicts, Waived};
