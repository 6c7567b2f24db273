use clap::CommandFactory;

use crate::args::{Args, Completions};
use crate::error::{Error, Exit};
use crate::output;

/// `temper completions SHELL`.
pub(crate) fn run(args: &Completions) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "temper", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Clean)
}
