//! One file a command.

mod apply;
mod completions;
mod config;
mod deploy;
mod explain;
mod init;
mod load;
mod man;
mod plan;
mod rollback;
mod scan;
mod schema;
mod verify;
mod write;

use crate::args::{Args, Color, Command};
use crate::error::{Error, Exit};

/// Runs the command that was asked for.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    choose_color(args.color);
    match &args.command {
        Command::Scan(args) => scan::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Apply(args) => apply::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Rollback(args) => rollback::run(args),
        Command::Deploy(args) => deploy::run(args),
        Command::Config(args) => config::run(args),
        Command::Explain(args) => explain::run(args),
        Command::Init(args) => init::run(args),
        Command::Schema => schema::run(),
        Command::Completions(args) => completions::run(args),
        Command::Man => man::run(),
    }
}

fn choose_color(color: Color) {
    let choice = match color {
        Color::Auto => anstream::ColorChoice::Auto,
        Color::Always => anstream::ColorChoice::Always,
        Color::Never => anstream::ColorChoice::Never,
    };
    choice.write_global();
}
