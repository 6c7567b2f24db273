use std::process::Command;

use crate::failure::{Failure, Result};
use crate::generate::Mode;
use crate::workspace::Workspace;
use crate::{documents, generate, shell, test};

/// Everything that must hold before a change is accepted; the quick checks first, and the first that fails ends it.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    for mut command in formatting_and_lints(workspace) {
        shell::run(&mut command)?;
    }
    generate::run(workspace, Mode::Check)?;
    documents::check(workspace)?;
    dependencies(workspace)?;
    test::run(workspace, &[])
}

fn formatting_and_lints(workspace: &Workspace) -> Vec<Command> {
    // The fuzz targets are a workspace of their own, which is why a changed API would break them unseen.
    let fuzz = ["--manifest-path", "fuzz/Cargo.toml"];
    let mut fuzz_lints = workspace.cargo(&["clippy"]);
    fuzz_lints.args(fuzz).arg("--target-dir").arg(&workspace.target).args(["--", "-D", "warnings"]);
    let mut fuzz_format = workspace.cargo(&["fmt"]);
    fuzz_format.args(fuzz).arg("--check");
    vec![
        workspace.cargo(&["fmt", "--all", "--check"]),
        fuzz_format,
        workspace.cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        fuzz_lints,
    ]
}

/// Bans, licences and sources of all dependencies, by `deny.toml`.
///
/// Not `advisories`: its database is a git repository on GitHub, and these checks must give the same answer where only
/// the crate registry can be reached.
fn dependencies(workspace: &Workspace) -> Result<()> {
    if !shell::succeeds(&mut workspace.cargo(&["deny", "--version"])) {
        return Err(Failure::step(
            "cargo-deny is not here, and the dependencies cannot be checked without it: run `cargo install --locked cargo-deny`",
        ));
    }
    shell::say(
        "deny: bans, licences and sources; advisories are not checked here (their database is not on the registry)",
    );
    shell::run(&mut workspace.cargo(&["deny", "check", "bans", "licenses", "sources"]))
}
