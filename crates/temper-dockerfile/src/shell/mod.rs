//! What a shell command runs: a flat list of simple commands.
//!
//! The text is read by the tree-sitter grammar for bash, which holds `sh` and `ash` too. Nothing of that grammar is
//! visible here.

mod script;
mod walk;
mod word;

pub use script::{ReadOnce, Redirect, Script, SimpleCommand, script_file};
pub(crate) use script::{basename, is_shell};
pub use word::Word;
