use crate::error::{Error, Exit};
use crate::output;

/// `temper schema`.
pub(crate) fn run() -> Result<Exit, Error> {
    output::print(&temper_report::schema())?;
    Ok(Exit::Clean)
}
