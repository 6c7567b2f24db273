//! The command line of temper: reads arguments, calls the libraries, prints, and chooses the exit status.
//!
//! Nothing below this crate prints or exits. Exit status: 0 proven clean, 1 findings at or above `--fail-on`,
//! 2 bad input or usage, 3 something outside (engine, cluster, network) is needed and not there, 4 rolled back.

mod args;
mod attempt;
mod cmd;
mod error;
mod history;
mod output;
mod progress;
mod rollout_view;
mod root;
mod suggest;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    if let Some(done) = attempt::run() {
        return done;
    }
    let args = args::Args::parse();
    let outcome = cmd::run(&args);
    output::exit(outcome)
}
