//! Short syntax to long: after this step every field has one form.

mod build;
mod lists;
mod mounts;
mod node;
mod ports;
mod resources;
mod service;
mod words;

pub(super) use node::{derived, edit, map_mut, member, node, seq_mut, text_of};
pub(super) use service::{canonical, external_names};
