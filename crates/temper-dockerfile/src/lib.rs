//! Dockerfiles as a syntax tree with spans, and what each build target produces.
//!
//! [`parse`] follows the line rules of BuildKit's Dockerfile frontend (`frontend/dockerfile/parser`): parser directives,
//! continuations, heredocs, flags, exec and shell form. It never fails: what cannot be read becomes a [`ParseError`]
//! beside the tree.

mod ast;
pub mod edit;
mod expand;
pub mod facts;
mod line;
mod parser;
pub mod shell;
mod stage;

pub use ast::{
    ArgDef, Command, Directive, Dockerfile, Flag, Heredoc, Instruction, InstructionKind, Pair, ParseError,
    Word,
};
pub use expand::{Resolved, Scope, Variable, expand, resolve_word, resolve_words};
pub use facts::TargetFacts;
pub use line::Segments;
pub use parser::parse;
pub use stage::{BuildArgs, Stage, StageBase};
