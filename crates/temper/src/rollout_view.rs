//! A rollout as it goes on: a line a service that changes in place on a terminal, plain lines elsewhere, JSON for programs.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::Duration;

use indexmap::IndexMap;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use temper_live::Event;

use crate::args::DeployFormat;
use crate::output;

/// Columns for the name of a service; a longer one pushes its line.
const NAME: usize = 18;

/// Shows events.
pub(crate) enum RolloutView {
    /// One JSON object a line, on standard output.
    Json,
    /// One line an event, on standard error.
    Lines,
    /// One line a service, on the terminal behind standard error.
    Live(Live),
}

/// The lines of the services on a terminal.
pub(crate) struct Live {
    all: MultiProgress,
    services: IndexMap<String, ProgressBar>,
}

impl RolloutView {
    pub(crate) fn new(format: DeployFormat) -> Self {
        match format {
            DeployFormat::Json => Self::Json,
            DeployFormat::Human if stderr().is_terminal() => {
                Self::Live(Live { all: MultiProgress::new(), services: IndexMap::new() })
            }
            DeployFormat::Human => Self::Lines,
        }
    }

    /// Shows one event.
    pub(crate) fn show(&mut self, event: &Event) {
        match (self, event) {
            (Self::Json, event) => json(event),
            (Self::Lines, Event::Phase { name, detail }) => output::note(&format!("{name}: {detail}")),
            (Self::Lines, Event::Service { service, state, detail }) => {
                output::note(&format!("  {service:<NAME$}{}", said(state, detail)));
            }
            (Self::Live(live), Event::Phase { name, detail }) => live.phase(name, detail),
            (Self::Live(live), Event::Service { service, state, detail }) => {
                live.service(service, state, detail)
            }
            // Steps are for the journal: `temper deploy --history`.
            (Self::Lines | Self::Live(_), Event::StepBegun { .. } | Event::StepDone { .. }) => {}
        }
    }
}

impl Live {
    fn phase(&self, name: &str, detail: &str) {
        // A terminal that has gone away must not change what the rollout does.
        let _ = self.all.println(format!("{name}: {detail}"));
    }

    fn service(&mut self, service: &str, state: &str, detail: &str) {
        let all = &self.all;
        let bar = self.services.entry(service.to_owned()).or_insert_with(|| line(all, service));
        bar.set_message(said(state, detail));
        if is_final(state) {
            bar.disable_steady_tick();
        } else {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        // The lines stay as they are: they say how each service ended.
        self.services.values().for_each(ProgressBar::abandon);
    }
}

fn line(all: &MultiProgress, service: &str) -> ProgressBar {
    let bar = all.add(ProgressBar::new_spinner());
    let template = format!("{{spinner}} {{prefix:{NAME}}}{{wide_msg}}");
    // The template is a constant but for a number, so it is always accepted.
    bar.set_style(
        ProgressStyle::with_template(&template).unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.set_prefix(service.to_owned());
    bar
}

/// Nothing goes on at the service any more, for now.
fn is_final(state: &str) -> bool {
    matches!(
        state,
        "trial passed" | "works" | "refused" | "no trial" | "unchanged" | "undecided" | "rolled back"
    )
}

fn said(state: &str, detail: &str) -> String {
    if detail.is_empty() { state.to_owned() } else { format!("{state}: {detail}") }
}

fn json(event: &Event) {
    // An event is made of strings and numbers, which always serialise. Who reads it may have gone away: the rollout goes on.
    if let Ok(line) = serde_json::to_string(event) {
        let _ = writeln!(stdout().lock(), "{line}");
    }
}

#[cfg(test)]
mod tests {
    use super::said;

    #[test]
    fn a_state_without_detail_stands_alone() {
        assert_eq!(said("works", ""), "works");
        assert_eq!(said("trial failed", "exit status 1"), "trial failed: exit status 1");
    }
}
