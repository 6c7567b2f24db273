//! The images of `examples/shop`, built from Debian packages where no registry can be reached.

mod bake;
mod base;
mod inputs;

use std::path::Path;
use std::time::Instant;

use bake::Bake;
use inputs::Inputs;

use crate::docker::{Docker, with_plugins};
use crate::failure::Result;
use crate::shell::{self, say};
use crate::workspace::Workspace;
use crate::{compose, engine};

const EXAMPLE: &str = "examples/shop/compose.yml";

/// The task: starts an engine where none runs, builds the images, and says how to start the example.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let docker = with_plugins(workspace, &compose::find_or_install(workspace)?)?;
    engine::find_or_start(workspace)?;
    build(workspace, &docker)?;
    say(&format!(
        "\nto start the example:\n  DOCKER_CONFIG={} docker compose -f {EXAMPLE} up -d --wait",
        workspace.relative(&docker.settings)
    ));
    Ok(())
}

/// The references of all images that [`build`] builds.
///
/// # Errors
/// When the files of targets cannot be read.
pub(crate) fn references(workspace: &Workspace, docker: &Docker) -> Result<Vec<String>> {
    let files = [workspace.root.join("xtask/images/docker-bake.hcl"), workspace.root.join(EXAMPLE)];
    let mut references = Vec::new();
    for file in files {
        references.extend(Bake::new(docker, &file)?.references().map(str::to_owned));
    }
    Ok(references)
}

/// Builds those images of the example that are not there as their inputs say they should be.
///
/// # Errors
/// When the engine, Debian's mirror or a build fails.
pub(crate) fn build(workspace: &Workspace, docker: &Docker) -> Result<()> {
    let start = Instant::now();
    let folder = workspace.root.join("xtask/images");
    let inputs = Inputs::new().text(&base::recipe()).files(&folder)?.digest();
    let bases = Bake::new(docker, &folder.join("docker-bake.hcl"))?.with("BASE", base::reference());
    let mut built = bases.targets_to_build(&inputs, bake::Foreign::Keep)?;
    if !built.is_empty() {
        base::find_or_make(workspace)?;
        bases.build(&built, &inputs)?;
    }

    let example = workspace.root.join(EXAMPLE);
    let folder = example.parent().unwrap_or(Path::new("."));
    let python =
        shell::read(&mut docker.command(&["image", "inspect", "-f", "{{.Id}}", "python:3.11-slim"]))?;
    let inputs = Inputs::new().text(&python).files(folder)?.digest();
    let own = Bake::new(docker, &example)?;
    let targets = own.targets_to_build(&inputs, bake::Foreign::Replace)?;
    if !targets.is_empty() {
        own.build(&targets, &inputs)?;
        built.extend(targets);
    }
    say(&match built.as_slice() {
        [] => "images: all of them are there".to_owned(),
        built => format!("images: built {} in {} s", built.join(", "), start.elapsed().as_secs()),
    });
    Ok(())
}
