//! The Compose command line: found, asked for its version, and run with argument lists, never through a shell.

mod cli;
mod error;

pub use cli::{Cli, Files};
pub use error::ComposeError;
