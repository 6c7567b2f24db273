use std::io::{self, Write};
use std::process::ExitCode;

use crate::error::{Error, Exit};

/// Writes to standard output; colours are kept only where the user wants them and the terminal has them.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| closed(&error))
}

/// As [`print`], for a command that has more to do than to tell of it: a reader that has gone away (`temper apply | head`)
/// neither stops the command nor changes its exit status.
pub(crate) fn tell(text: &str) -> Result<(), Error> {
    match print(text) {
        Err(Error::Closed) => Ok(()),
        told => told,
    }
}

/// Columns of the terminal that reads the output; 100 where there is none.
pub(crate) fn width() -> usize {
    const USUAL: usize = 100;
    // A narrower line would hold no message beside the names.
    const NARROWEST: usize = 72;
    terminal_size::terminal_size_of(io::stdout())
        .map_or(USUAL, |(width, _)| usize::from(width.0).max(NARROWEST))
}

/// Tells of what could not be read, where standard output has no place for it.
pub(crate) fn problems(stack: &temper_model::Stack) {
    for problem in temper_report::problems(stack) {
        let line = temper_report::problem_line(&stack.sources, problem);
        if problem.warning { warning(&line) } else { error(&line) }
    }
}

/// Tells the user of something that is not right and does not stop the command.
pub(crate) fn warning(text: &str) {
    let style = anstyle::AnsiColor::Yellow.on_default().bold();
    note(&format!("{style}warning{style:#}: {text}"));
}

/// Tells the user of an error.
pub(crate) fn error(text: &str) {
    let style = anstyle::AnsiColor::Red.on_default().bold();
    note(&format!("{style}error{style:#}: {text}"));
}

/// Writes a line for people to standard error, so that standard output stays readable for programs.
pub(crate) fn note(text: &str) {
    // A closed standard error must not change what the command does.
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}

fn closed(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Error::Closed,
        _ => Error::Write { path: "standard output".into(), reason: error.to_string() },
    }
}

/// Tells the user of an error and gives the exit status.
pub(crate) fn exit(outcome: Result<Exit, Error>) -> ExitCode {
    match outcome {
        Ok(exit) => ExitCode::from(exit.code()),
        // `temper scan | head` is no error: head has seen what it wanted.
        Err(Error::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            self::error(&error.to_string());
            ExitCode::from(error.exit().code())
        }
    }
}
