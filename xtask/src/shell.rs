use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};

use crate::failure::{Failure, Result};

/// Prints one message to standard error. Tasks have no other output of their own.
pub(crate) fn say(message: &str) {
    // Nothing is left to tell when standard error is closed; the exit status still says it.
    let _ = writeln!(std::io::stderr(), "{}", message.trim_end());
}

/// Shows a command, runs it with the caller's terminal, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = shown(command);
    say(&format!("$ {line}"));
    let status = command.status().map_err(|error| Failure::step(format!("cannot run `{line}`: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::step(format!("`{line}` failed: {status}"))) }
}

/// Runs a command and gives its standard output. Fails with its standard error unless it succeeds.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = shown(command);
    let output = captured(command).map_err(|error| Failure::step(format!("cannot run `{line}`: {error}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(Failure::step(format!("`{line}` failed: {}\n{}", output.status, said.trim_end())));
    }
    String::from_utf8(output.stdout)
        .map_err(|_| Failure::step(format!("`{line}` printed bytes that are not UTF-8")))
}

/// True when the command can be started and succeeds. For asking whether a tool is there.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    captured(command).is_ok_and(|output| output.status.success())
}

fn captured(command: &mut Command) -> std::io::Result<Output> {
    command.stdin(Stdio::null()).output()
}

fn shown(command: &Command) -> String {
    let words: Vec<&OsStr> = std::iter::once(command.get_program()).chain(command.get_args()).collect();
    words.iter().map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{read, run, shown, succeeds};

    #[test]
    fn shown_command_can_be_pasted_into_a_shell() {
        assert_eq!(
            shown(Command::new("cargo").args(["test", "--", "a b", "it's", ""])),
            r"cargo test -- 'a b' 'it'\''s' ''"
        );
    }

    #[test]
    fn failing_command_names_itself_and_what_it_said() {
        let failure =
            read(Command::new("sh").args(["-c", "echo broken >&2; exit 3"])).unwrap_err().to_string();
        assert!(failure.contains("exit 3") && failure.contains("broken"), "{failure}");
    }

    #[test]
    fn program_that_is_not_there_is_a_failure() {
        assert!(run(&mut Command::new("no-such-program-here")).is_err());
        assert!(!succeeds(&mut Command::new("no-such-program-here")));
    }
}
