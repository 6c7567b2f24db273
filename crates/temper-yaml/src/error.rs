use temper_text::Span;

/// Why a text is not YAML that can be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct YamlError {
    /// What is wrong and what to do, for people.
    pub message: String,
    /// The place. Empty when the fault is at the end of the text or concerns all of it.
    pub span: Span,
}

impl YamlError {
    pub(crate) fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), span }
    }
}
