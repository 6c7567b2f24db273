//! What language frameworks and tools write at run time, as data with a typed reader.
//!
//! The facts live in `frameworks/*.toml`, embedded into the binary. Each entry says how it is recognised in an image,
//! which paths it writes and which variable moves them.

mod framework;
mod table;

pub use framework::{Framework, PathTemplate, Recognise, Redirect, Unwritable, Write, WriteKind};
pub use table::all;
