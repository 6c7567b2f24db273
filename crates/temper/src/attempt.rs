//! The attempt process: this program started by itself, inside a container. It comes before everything else, because
//! entering a container needs a process with one thread.

use std::io::{Read, Write};
use std::process::ExitCode;

use temper_live::prove::{ATTEMPT, attempt};

/// Carries out the request on standard input when this process was started for that; `None` for every other use.
pub(crate) fn run() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ATTEMPT {
        return None;
    }
    let mut request = String::new();
    let done = std::io::stdin()
        .read_to_string(&mut request)
        .and_then(|_| std::io::stdout().write_all(attempt(&request).as_bytes()));
    Some(if done.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
