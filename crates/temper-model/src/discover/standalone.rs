use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::outline::Outline;

/// The outlines of the files of a tree, by path.
pub(super) type Outlines = BTreeMap<String, Outline>;

/// What a set of files defines together, with the files that they include.
#[derive(Debug, Clone, Default)]
pub(super) struct Defined {
    pub(super) services: BTreeSet<String>,
    networks: BTreeSet<String>,
}

impl Defined {
    pub(super) fn by<'a>(files: impl IntoIterator<Item = &'a str>, outlines: &'a Outlines) -> Self {
        let mut defined = Self::default();
        for file in with_includes(files, outlines) {
            if let Some(outline) = outlines.get(file) {
                defined.services.extend(outline.services.keys().cloned());
                defined.networks.extend(outline.networks.iter().cloned());
            }
        }
        defined
    }
}

/// These files and all that they include, directly or not.
fn with_includes<'a>(files: impl IntoIterator<Item = &'a str>, outlines: &'a Outlines) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = files.into_iter().collect();
    while let Some(file) = open.pop() {
        if seen.insert(file) {
            let outline = outlines.get(file);
            open.extend(outline.into_iter().flat_map(|outline| outline.includes.iter().map(String::as_str)));
        }
    }
    seen
}

/// What a file refers to and does not define: Compose refuses to load it by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Missing<'a> {
    /// Services that it names without saying what to run.
    pub(super) incomplete: BTreeSet<&'a str>,
    /// Services that its own ones need.
    pub(super) needed: BTreeSet<&'a str>,
    /// Networks that its services join.
    pub(super) networks: BTreeSet<&'a str>,
}

impl<'a> Missing<'a> {
    pub(super) fn of(file: &'a str, outlines: &'a Outlines) -> Self {
        let defined = Defined::by([file], outlines);
        let mut missing = Self::default();
        for (name, service) in outlines.get(file).into_iter().flat_map(|outline| &outline.services) {
            if !service.complete {
                missing.incomplete.insert(name);
            }
            let needed = service.needs.iter().filter(|need| !defined.services.contains(*need));
            missing.needed.extend(needed.map(String::as_str));
            let joined = service.networks.iter().filter(|network| !defined.networks.contains(*network));
            missing.networks.extend(joined.map(String::as_str).filter(|network| *network != "default"));
        }
        missing
    }

    pub(super) fn is_nothing(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        self.incomplete.len() + self.needed.len() + self.networks.len()
    }

    /// How much of it a project defines.
    pub(super) fn found_in(&self, project: &Defined) -> usize {
        let services = self.incomplete.iter().chain(&self.needed);
        let services = services.filter(|name| project.services.contains(**name)).count();
        services + self.networks.iter().filter(|name| project.networks.contains(**name)).count()
    }

    /// True when a project defines all of it, and a service is among it: that a network has the same name says little.
    pub(super) fn is_all_in(&self, project: &Defined) -> bool {
        let services = self.incomplete.len() + self.needed.len();
        services > 0 && self.found_in(project) == self.count()
    }
}

/// For people: `the service db and the network back are not defined in it`.
impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let mut part = |names: &BTreeSet<&str>, one: &str, many: &str, fault: &str| {
            let listed = names.iter().copied().collect::<Vec<_>>().join(", ");
            match names.len() {
                0 => {}
                1 => parts.push(format!("{one} {listed} {fault}")),
                _ => parts.push(format!(
                    "{many} {listed} {}",
                    fault.replacen("has", "have", 1).replacen("is", "are", 1)
                )),
            }
        };
        part(&self.incomplete, "service", "services", "has neither image nor build");
        part(&self.needed, "service", "services", "is not defined");
        part(&self.networks, "network", "networks", "is not defined");
        f.write_str(&parts.join("; "))
    }
}
