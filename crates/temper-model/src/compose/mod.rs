//! Compose projects, read exactly as Docker Compose reads them.

mod canonical;
mod consistency;
mod dotenv;
mod features;
mod json;
mod load;
mod loaded;
mod normalize;
mod paths;
mod project;
mod report;
mod schema;
mod selection;
mod service;
mod typed;
mod units;

pub use loaded::Mode;
pub use project::{config, load_project};
pub use service::*;
