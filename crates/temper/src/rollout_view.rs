//! A rollout as it goes on, for people and for programs.

use std::io::Write;

use temper_live::Event;

use crate::args::DeployFormat;
use crate::output;

/// Shows events: a line each, or a JSON object each.
pub(crate) struct RolloutView {
    format: DeployFormat,
}

impl RolloutView {
    pub(crate) fn new(format: DeployFormat) -> Self {
        Self { format }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: &Event) {
        match self.format {
            DeployFormat::Json => {
                // An event is made of strings and numbers, which always serialise.
                if let Ok(line) = serde_json::to_string(event) {
                    let _ = writeln!(std::io::stdout().lock(), "{line}");
                }
            }
            DeployFormat::Human => human(event),
        }
    }
}

fn human(event: &Event) {
    match event {
        Event::Phase { name, detail } => output::note(&format!("{name}: {detail}")),
        Event::Service { service, state, detail } if detail.is_empty() => {
            output::note(&format!("  {service:<16} {state}"));
        }
        Event::Service { service, state, detail } => {
            output::note(&format!("  {service:<16} {state}: {detail}"));
        }
        Event::StepBegun { .. } | Event::StepDone { .. } => {}
    }
}
