//! Dockerfiles as a syntax tree with spans, and what each build target produces.
//!
//! [`parse`] follows the line rules of BuildKit's Dockerfile frontend (`frontend/dockerfile/parser`): parser directives,
//! continuations, heredocs, flags, exec and shell form. It never fails: what cannot be read becomes a [`ParseError`]
//! beside the tree. [`Dockerfile::facts`] says what a build target produces, [`edit`] changes the text.
//!
//! ```
//! let text = "FROM python:3.12-slim\nRUN useradd -u 65532 app\nUSER app\n";
//! let file = temper_dockerfile::parse(text);
//! let facts = file.facts(None, &Default::default()).expect("one stage");
//! assert_eq!(facts.user_name(), Some("app"));
//! let created = facts.created_user("app").expect("useradd creates it");
//! assert_eq!(created.span.slice(text), "useradd -u 65532 app");
//! ```

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
