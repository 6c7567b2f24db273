use std::process::Command;

use crate::failure::Result;
use crate::workspace::Workspace;
use crate::{shell, tools};

/// Arguments of cargo with which the caller names packages; `--workspace` would overrule them.
const NAMES_A_PACKAGE: [&str; 3] = ["-p", "--package", "--manifest-path"];

/// The packages whose tests ask a container engine, as the end of an argument that names them (`-ptemper`, `--package=temper`).
const WITH_ENGINE: [&str; 3] = ["temper-live", "temper", "Cargo.toml"];

/// Sets up what the tests need and runs them all, or those that `args` choose.
pub(crate) fn run(workspace: &Workspace, args: &[&str]) -> Result<()> {
    let environment = tools::for_tests(workspace, needs_engine(args))?;
    for mut command in commands(workspace, args, has_nextest(workspace)) {
        shell::run(command.envs(environment.iter().map(|(name, value)| (name, value))))?;
    }
    Ok(())
}

/// False when every package that the caller names is known to ask no engine. A test that does all the same fails.
fn needs_engine(args: &[&str]) -> bool {
    let own: Vec<&str> = args.iter().copied().take_while(|arg| *arg != "--").collect();
    !names_a_package(args) || WITH_ENGINE.iter().any(|name| own.iter().any(|arg| arg.ends_with(name)))
}

fn has_nextest(workspace: &Workspace) -> bool {
    let found = shell::succeeds(&mut workspace.cargo(&["nextest", "--version"]));
    if !found {
        shell::say("nextest: not installed, so `cargo test` runs the tests (slower, same tests)");
    }
    found
}

/// `cargo test` runs doc tests by itself, nextest never does.
fn commands(workspace: &Workspace, args: &[&str], nextest: bool) -> Vec<Command> {
    let scope: &[&str] = if names_a_package(args) { &[] } else { &["--workspace"] };
    let runner: &[&str] = if nextest { &["nextest", "run"] } else { &["test"] };
    let mut commands = vec![workspace.cargo(&[runner, scope, args].concat())];
    if nextest && args.is_empty() {
        commands.push(workspace.cargo(&["test", "--doc", "--workspace"]));
    }
    commands
}

fn names_a_package(args: &[&str]) -> bool {
    let own = args.iter().take_while(|arg| **arg != "--");
    own.into_iter().any(|arg| {
        NAMES_A_PACKAGE.iter().any(|name| arg == name || arg.starts_with(&format!("{name}=")))
            || (arg.starts_with("-p") && !arg.starts_with("--"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{commands, names_a_package, needs_engine};
    use crate::workspace::Workspace;

    fn lines(args: &[&str], nextest: bool) -> Vec<String> {
        let workspace = Workspace { root: PathBuf::from("/"), target: PathBuf::from("/target") };
        let words = |command: std::process::Command| {
            command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
        };
        commands(&workspace, args, nextest).into_iter().map(words).collect()
    }

    #[test]
    fn without_arguments_unit_and_doc_tests_of_every_crate_run() {
        assert_eq!(lines(&[], true), ["nextest run --workspace", "test --doc --workspace"]);
        assert_eq!(lines(&[], false), ["test --workspace"]);
    }

    #[test]
    fn arguments_choose_tests() {
        assert_eq!(lines(&["-p", "temper-yaml", "anchor"], true), ["nextest run -p temper-yaml anchor"]);
        assert_eq!(lines(&["anchor"], false), ["test --workspace anchor"]);
    }

    #[test]
    fn engine_is_set_up_unless_only_packages_without_one_are_tested() {
        for args in [&[][..], &["anchor"], &["-p", "temper-yaml", "-p", "temper-live"], &["-ptemper"]] {
            assert!(needs_engine(args), "{args:?}");
        }
        for args in [&["-p", "temper-yaml"][..], &["--package=xtask"], &["-p", "xtask", "--", "temper"]] {
            assert!(!needs_engine(args), "{args:?}");
        }
    }

    #[test]
    fn package_is_named_in_every_form_cargo_knows() {
        assert!(
            names_a_package(&["-p", "a"]) && names_a_package(&["-pa"]) && names_a_package(&["--package=a"])
        );
        assert!(!names_a_package(&["--profile", "ci"]) && !names_a_package(&["--", "-p"]));
    }
}
