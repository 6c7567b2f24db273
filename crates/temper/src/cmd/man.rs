use clap::CommandFactory;

use crate::args::Args;
use crate::error::{Error, Exit};
use crate::output;

/// `temper man`: one page with every command.
pub(crate) fn run() -> Result<Exit, Error> {
    let mut page = Vec::new();
    let rendered = clap_mangen::Man::new(Args::command()).render(&mut page);
    let failed =
        |error: std::io::Error| Error::Write { path: "the manual page".into(), reason: error.to_string() };
    rendered.map_err(failed)?;
    for command in Args::command().get_subcommands().filter(|command| command.get_name() != "help") {
        let name = format!("temper {}", command.get_name());
        let man = clap_mangen::Man::new(command.clone().display_name(name.clone()).bin_name(name));
        man.render_synopsis_section(&mut page).map_err(failed)?;
        man.render_options_section(&mut page).map_err(failed)?;
    }
    output::print(&String::from_utf8_lossy(&page))?;
    Ok(Exit::Clean)
}
