//! YAML read into a tree with exact byte spans, and edits that leave every other byte alone.
//!
//! [`parse`] gives a [`Yaml`]: documents of [`Node`]s, and the comments. It resolves nothing: aliases stay names, merge
//! keys stay entries, duplicate keys stay both, so that what a file says and where it says it are never confused with
//! what it means. What it means is for the reader of a format (Compose, a workflow) to say.
//!
//! [`edit`] turns a wish ("add this entry") into text edits; [`Snippet`] is what they write.

mod conflict;
pub mod edit;
mod error;
mod node;
mod parse;
mod quote;
mod render;
mod scan;
mod snippet;
mod typed;
mod value;

pub use error::YamlError;
pub use node::{Entry, Kind, Node, Scalar, Style, Yaml};
pub use parse::{MAX_BYTES, MAX_DEPTH, MAX_NODES, parse};
pub use quote::quote;
pub use render::render;
pub use snippet::Snippet;
pub use typed::Typed;
pub use value::{duplicate_keys, same_value};
