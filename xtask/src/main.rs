//! The repository's own tasks, run as `cargo xtask TASK`.

mod ci;
mod compose;
mod debian;
mod docker;
mod documents;
mod engine;
mod failure;
mod fuzz;
mod generate;
mod generators;
mod images;
mod newer_engine;
mod packages;
mod sarif;
mod shell;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use failure::{Failure, Result};
use generate::Mode;
use workspace::Workspace;

const USAGE: &str = "\
usage: cargo xtask TASK

  test [-- ARGS]            set up what the tests need and run them; ARGS go to cargo nextest (or cargo test)
  ci                        format, lints, generated files, documents, dependencies, fuzz targets, tests
  generate [--check]        write the generated files, or say which of them are out of date
  documents                 check the links of documents, and the output that they show
  images                    start a Docker engine if none runs, and build the images of examples/shop
  engine -- COMMAND...      start a second, newer Docker engine with those images, run COMMAND with it, and stop it
  fuzz TARGET [SECONDS]     fuzz one target of fuzz/fuzz_targets, for 60 seconds unless told otherwise
";

fn main() -> ExitCode {
    let args: Vec<String> =
        std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned()).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            shell::say(&format!("error: {message}\n\n{USAGE}"));
            ExitCode::from(2)
        }
        Err(failure) => {
            shell::say(&format!("error: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<()> {
    match args {
        [] | ["help" | "-h" | "--help"] => {
            shell::say(USAGE);
            Ok(())
        }
        ["test"] => test::run(&Workspace::find()?, &[]),
        ["test", "--", rest @ ..] => test::run(&Workspace::find()?, rest),
        ["ci"] => ci::run(&Workspace::find()?),
        ["generate"] => generate::run(&Workspace::find()?, Mode::Write),
        ["generate", "--check"] => generate::run(&Workspace::find()?, Mode::Check),
        ["documents"] => documents::check(&Workspace::find()?),
        ["engine", "--", command @ ..] if !command.is_empty() => {
            newer_engine::run(&Workspace::find()?, command)
        }
        ["images"] => images::run(&Workspace::find()?),
        ["fuzz", target] => fuzz::run(&Workspace::find()?, target, fuzz::DEFAULT_SECONDS),
        ["fuzz", target, seconds] => fuzz::run(&Workspace::find()?, target, fuzz::seconds(seconds)?),
        _ => Err(Failure::Usage(format!("not a task: {}", args.join(" ")))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, run};

    #[test]
    fn what_is_not_a_task_is_a_usage_error() {
        for args in [
            &["tests"][..],
            &["test", "name"],
            &["ci", "--fast"],
            &["generate", "--chek"],
            &["fuzz"],
            &["images", "redis"],
        ] {
            assert!(matches!(run(args), Err(Failure::Usage(_))), "{args:?}");
        }
    }
}
