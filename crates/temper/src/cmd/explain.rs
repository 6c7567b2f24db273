use std::fmt::Write;

use anstyle::Style;
use temper_controls::{ALL, Meta, find, frameworks};

use crate::args::Explain;
use crate::error::{Error, Exit};
use crate::output;

use super::load::unknown_control;

/// `temper explain [CONTROL]`.
pub(crate) fn run(args: &Explain) -> Result<Exit, Error> {
    let text = match &args.control {
        None => list(),
        Some(id) => match find(id) {
            Some(control) => page(control.meta()),
            None => return Err(Error::Usage(unknown_control(id))),
        },
    };
    output::print(&text)?;
    Ok(Exit::Clean)
}

fn list() -> String {
    let mut out = String::new();
    for control in ALL {
        let Meta { id, title, severity, .. } = control.meta();
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{id:24} {severity:9} {title}");
    }
    out.push_str("\n`temper explain CONTROL` says more.\n");
    out
}

fn page(meta: &Meta) -> String {
    let bold = Style::new().bold();
    let surfaces: Vec<&str> = meta.surfaces.iter().map(|surface| surface.as_str()).collect();
    let mut out =
        format!("{bold}{}{bold:#}  {} severity, on {}\n\n", meta.id, meta.severity, surfaces.join(" and "));
    for line in meta.documentation().lines() {
        let shown = line.strip_prefix("## ").map(|heading| format!("{bold}{heading}{bold:#}"));
        let _ = writeln!(out, "{}", shown.as_deref().unwrap_or(line));
    }
    let _ = writeln!(out, "\n{bold}Benchmark items{bold:#}");
    for item in frameworks::items(meta.references) {
        let _ = writeln!(out, "- {} {}: {}", item.framework, item.number, item.title);
    }
    out
}
