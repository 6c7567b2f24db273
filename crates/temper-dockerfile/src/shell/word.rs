use temper_text::Span;

use crate::expand::{Resolved, Scope, expand};

/// A word of a shell command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// The text without quotes; expansions stand in it as written.
    pub text: String,
    /// False when the word holds an expansion: then `text` is not what the program gets.
    pub literal: bool,
    /// The bytes of the file, quotes included.
    pub span: Span,
    pub(super) pieces: Vec<Piece>,
}

/// A part of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text without quotes.
    Text(String),
    /// `$NAME` or `${…}` as written.
    Variable(String),
    /// Known only when it runs: `$(…)`, `$((…))`, `{1..3}`.
    Computed(String),
}

impl Word {
    /// A word without expansions.
    #[must_use]
    pub fn plain(text: impl Into<String>, span: Span) -> Self {
        let text = text.into();
        Self { pieces: vec![Piece::Text(text.clone())], text, literal: true, span }
    }

    pub(super) fn new(pieces: Vec<Piece>, span: Span) -> Self {
        let literal = pieces.iter().all(|piece| matches!(piece, Piece::Text(_)));
        let text = pieces.iter().map(Piece::text).collect();
        Self { text, literal, span, pieces }
    }

    /// The value with the variables of `scope`.
    #[must_use]
    pub fn resolve(&self, scope: &Scope) -> Resolved {
        let mut value = String::new();
        let mut all_missing: Vec<String> = Vec::new();
        for piece in &self.pieces {
            match piece.resolve(scope) {
                Resolved::Known(text) => value.push_str(&text),
                Resolved::Unknown { missing } => all_missing.extend(missing),
            }
        }
        if all_missing.is_empty() {
            Resolved::Known(value)
        } else {
            Resolved::Unknown { missing: all_missing }
        }
    }
}

impl Piece {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Variable(text) | Self::Computed(text) => text,
        }
    }

    fn resolve(&self, scope: &Scope) -> Resolved {
        match self {
            Self::Text(text) => Resolved::Known(text.clone()),
            // Shells escape with a backslash, whatever the Dockerfile's own escape character is.
            Self::Variable(text) => expand(text, '\\', scope),
            Self::Computed(text) => Resolved::Unknown { missing: vec![text.clone()] },
        }
    }
}
