use std::path::PathBuf;

use crate::failure::Result;
use crate::workspace::Workspace;
use crate::{compose, sarif};

/// Finds or installs everything the tests need, and gives the environment variables that tell them where it is.
///
/// A test reads its variable and fails without it: a missing tool is never a skipped test.
/// A further tool is one more module like [`compose`] and one more line here.
pub(crate) fn for_tests(workspace: &Workspace) -> Result<Vec<(&'static str, PathBuf)>> {
    Ok(vec![
        (compose::VARIABLE, compose::find_or_install(workspace)?),
        (sarif::VARIABLE, sarif::find_or_download(workspace)?),
    ])
}
