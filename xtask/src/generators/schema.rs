use crate::failure::Result;
use crate::generate::File;
use crate::workspace::Workspace;

/// The schema of `temper scan --format json`, as `temper schema` prints it.
pub(super) fn files(_: &Workspace) -> Result<Vec<File>> {
    Ok(vec![File { path: "docs/schema/scan.json".to_owned(), content: temper_report::schema() }])
}
