//! Compose projects, read exactly as Docker Compose reads them.

mod canonical;
mod consistency;
mod document;
mod dotenv;
mod extends;
mod features;
mod go_yaml;
mod include;
mod include_conflict;
mod interpolate;
mod interpolate_tree;
mod json;
mod load;
mod load_path;
mod load_start;
#[cfg(test)]
mod load_tests;
mod loaded;
mod merge;
mod merge_empty;
mod merge_rules;
mod merge_unicity;
mod normalize;
mod paths;
mod project;
mod report;
mod schema;
mod selection;
mod service;
mod tags;
mod typed;
mod units;

pub use loaded::Mode;
pub use project::{config, load_project};
pub use service::*;

pub(crate) use project::load_from;
