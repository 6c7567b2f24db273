use std::ops::Range;

use temper_text::SourceFile;

/// Why `temper.toml` cannot be used: the first mistake in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path}:{line}:{column}: {message}")]
pub struct SettingsError {
    /// The file.
    pub path: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong, and what was expected.
    pub message: String,
}

impl SettingsError {
    /// The file is there and cannot be read at all.
    pub(crate) fn unreadable(path: &str, message: String) -> Self {
        Self { path: path.to_owned(), line: 1, column: 1, message }
    }

    pub(super) fn new(
        path: &str,
        text: &str,
        span: Option<Range<usize>>,
        message: impl Into<String>,
    ) -> Self {
        let offset = span.map_or(0, |span| span.start);
        let at = SourceFile::new(path, text).line_col(offset);
        Self { path: path.to_owned(), line: at.line, column: at.column, message: message.into() }
    }
}
