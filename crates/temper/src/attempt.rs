//! What this program does when it is started by itself: inside a container, in a helper container, or in a sibling. It comes
//! before everything else, because entering a container needs a process with one thread.

use std::io::{Read, Write};
use std::process::ExitCode;

use temper_live::prove::{ATTEMPT, HERE, OBSERVE, attempt, attempt_here, observe};

/// Carries out what this process was started for; `None` for every other use.
pub(crate) fn run() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let subcommand = arguments.next()?;
    let argument = arguments.next();
    let answer = match (subcommand.to_str()?, argument.as_ref().and_then(|text| text.to_str())) {
        (ATTEMPT, Some(HERE)) => attempt_here(),
        (ATTEMPT, None) => {
            let mut request = String::new();
            // A request that cannot be read is not understood, which the answer says.
            let _ = std::io::stdin().read_to_string(&mut request);
            attempt(&request)
        }
        (OBSERVE, Some(order)) => observe(order),
        _ => return None,
    };
    let written = std::io::stdout().write_all(answer.as_bytes());
    Some(if written.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
