//! From a plan to hardened containers: trials on clones, then waves in place, each judged, each with a way back.

mod bisect;
mod build;
mod candidate;
mod copy;
mod data;
mod derive;
mod folder;
mod judge;
mod order;
mod ownership;
mod precondition;
mod prepare;
mod report;
mod run;
mod session;
mod settle;
mod swap;
mod sweep;
mod translate;
mod trial;
mod trials;
mod wave;
mod waves;

pub use candidate::{Candidate, CandidateError, Inputs};
pub use precondition::{CheckError, Unmet};
pub use prepare::PrepareError;
pub use report::{Ended, Report, ServiceReport, Trial};
pub use run::{Rollout, RolloutError, RolloutOptions};
pub use settle::settle;
pub use sweep::sweep;
pub use translate::TranslateError;
