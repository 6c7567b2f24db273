//! `temper.toml`: what a person decides about a stack.

mod class;
mod date;
mod error;
mod field;
mod probe;
mod project;
mod raw;
mod refusal;
mod service;
mod size;
mod template;
mod tiers;
mod values;
mod waiver;

pub use class::{Class, ClassSizes, UnknownClass};
pub use date::{BadDate, Date};
pub use error::SettingsError;
pub use probe::{HttpProbe, ProbeKind, ProbeSettings, ProbeUrl};
pub use project::ProjectSettings;
pub use refusal::Refusal;
pub use service::ServiceSettings;
pub use size::{BadSize, parse_size, show_size};
pub use tiers::{BadSubnet, Subnet, Tiers};
pub use values::{DEFAULT_OUTPUT, Settings, UserSettings};
pub use waiver::{BadResource, ResourcePattern, Waiver, WaiverState};
