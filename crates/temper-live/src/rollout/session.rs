//! What every step of a rollout needs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::derive::Source;
use crate::Event;
use crate::compose_cli::Cli;
use crate::engine::{Engine, Inspect};

/// The engine, Compose, the stack and the run.
pub(crate) struct Session<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) cli: &'a Cli,
    /// Absolute path of the root of the stack.
    pub(crate) root: &'a Path,
    /// Name of the run.
    pub(crate) run: String,
    /// What marks everything that is only made for a while: the run, and the service where several are tried at once.
    pub(crate) scratch: String,
    /// Folder of the run, readable by its owner only.
    pub(crate) directory: PathBuf,
}

impl Session<'_> {
    /// The same with marks of its own, for trials at the same time.
    pub(crate) fn of_service(&self, service: &str) -> Self {
        let scratch = format!("{}-{service}", self.run);
        Session { scratch, run: self.run.clone(), directory: self.directory.clone(), ..*self }
    }

    /// What a derived file for a service is made from.
    pub(crate) fn source<'s>(
        &'s self,
        config: &'s Value,
        service: &'s str,
        image: &'s str,
        peers: &'s BTreeMap<String, String>,
    ) -> Source<'s> {
        Source { project: config, service, image, peers, run: &self.scratch }
    }
}

/// Ids of one running container of each service.
pub(crate) fn peers(running: &BTreeMap<String, Vec<Inspect>>) -> BTreeMap<String, String> {
    let first = |containers: &Vec<Inspect>| containers.first().map(|container| container.id().to_owned());
    running.iter().filter_map(|(service, containers)| Some((service.clone(), first(containers)?))).collect()
}

/// Tells what is going on.
pub(crate) type Observer<'o> = &'o mut dyn FnMut(Event);

/// Tells the state of a service.
pub(crate) fn tell(observer: Observer<'_>, service: &str, state: &str, detail: impl Into<String>) {
    observer(Event::Service { service: service.to_owned(), state: state.to_owned(), detail: detail.into() });
}

/// Tells that a phase has begun.
pub(crate) fn phase(observer: Observer<'_>, name: &str, detail: impl Into<String>) {
    observer(Event::Phase { name: name.to_owned(), detail: detail.into() });
}
