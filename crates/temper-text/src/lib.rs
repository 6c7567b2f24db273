//! Source files, byte spans, text edits and diffs. Knows no file format.

mod diff;
mod edit;
mod source;
mod span;

pub use diff::unified_diff;
pub use edit::{EditError, TextEdit, apply};
pub use source::{FileId, LineCol, Loc, SourceFile, SourceMap};
pub use span::Span;
