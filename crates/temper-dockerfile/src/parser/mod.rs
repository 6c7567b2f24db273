//! From text to [`crate::Dockerfile`].

mod args;
mod directive;
mod file;
mod heredoc;
mod instruction;
mod json;

pub use file::parse;
