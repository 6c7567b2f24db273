//! What a build target produces, as far as its Dockerfile says.

mod accounts;
mod collect;
mod copies;
mod distribution;
mod options;
mod packages;
mod paths;
mod run;
mod start;
mod target;

pub use accounts::{Accounts, GroupFact, UserFact, UserSource};
pub use copies::{CopyFact, CopyFrom};
pub use distribution::{Distribution, DistributionHint, distribution_hint};
pub use packages::{PackageManager, PackageUse};
pub use paths::{PathAction, PathFact};
pub use start::{Start, StartScript, Wrapper, WrapperUse};
pub use target::{ArgFact, BaseImage, ChainLink, HealthcheckFact, PortFact, Spanned, TargetFacts};
