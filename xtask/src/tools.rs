use std::ffi::OsString;

use crate::failure::Result;
use crate::workspace::Workspace;
use crate::{compose, docker, engine, images, sarif};

/// Environment variables, by name.
pub(crate) type Variables = Vec<(&'static str, OsString)>;

/// Finds or installs everything the tests need, and gives the environment variables that tell them where it is.
///
/// A test reads its variable and fails without it: a missing tool is never a skipped test.
/// A further tool is one more module like [`compose`] and one more line here.
pub(crate) fn for_tests(workspace: &Workspace, engine: bool) -> Result<Variables> {
    let compose = compose::find_or_install(workspace)?;
    let mut variables: Variables = vec![
        (compose::VARIABLE, compose.clone().into_os_string()),
        (sarif::VARIABLE, sarif::find_or_download(workspace)?.into_os_string()),
    ];
    if engine {
        let docker = docker::with_plugins(workspace, &compose)?;
        let address = engine::find_or_start(workspace)?;
        images::build(workspace, &docker)?;
        variables.push((engine::VARIABLE, address.into()));
        variables.push((docker::VARIABLE, docker.settings.into_os_string()));
    }
    Ok(variables)
}
