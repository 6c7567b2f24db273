use std::fs::OpenOptions;
use std::io::Write;

use temper_model::Settings;

use crate::args::Init;
use crate::error::{Error, Exit};
use crate::output;

/// `temper init`: writes a commented `temper.toml`, never over one that is there.
pub(crate) fn run(args: &Init) -> Result<Exit, Error> {
    let path = args.path.join("temper.toml");
    let shown = path.display().to_string();
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Error::Usage(format!("{shown} is there already; edit it, or move it away"))
            }
            _ => Error::Write { path: shown.clone(), reason: error.to_string() },
        })?;
    let written = file.write_all(Settings::template().as_bytes());
    written.map_err(|error| Error::Write { path: shown.clone(), reason: error.to_string() })?;
    output::print(&format!("wrote {shown}\n"))?;
    Ok(Exit::Clean)
}
