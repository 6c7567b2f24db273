use std::io::{self, Write};
use std::process::ExitCode;

use crate::error::{Error, Exit};

/// Writes to standard output; colours are kept only where the user wants them and the terminal has them.
pub(crate) fn print(text: &str) -> Result<(), Error> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| closed(&error))
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
            ExitCode::from(Exit::BadInput.code())
        }
    }
}
