//! Runs the real program on small stacks. A folder of `tests/fixtures` is one stack, copied for each test.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod apply;
mod bad_input;
mod commands;
mod formats;
mod plan;
mod rollback;
mod scan;
mod support;
