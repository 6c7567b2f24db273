use std::collections::BTreeSet;

use indexmap::IndexMap;
use temper_text::Span;
use temper_yaml::{Entry, Kind, Node, Yaml};

use super::aliases::Aliases;
use crate::path;

/// What of a Compose file decides how it is grouped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// Its services.
    pub(super) services: IndexMap<String, ServiceOutline>,
    /// Networks that it declares.
    pub(super) networks: BTreeSet<String>,
    /// Files that it includes, relative to the root of the stack.
    pub(super) includes: Vec<String>,
    /// Files that its services extend.
    pub(super) extends: Vec<String>,
}

/// What of a service decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ServiceOutline {
    /// Where its key stands.
    pub(super) key: Span,
    /// It says what to run: `image`, `build`, `extends` or `provider`.
    pub(super) complete: bool,
    /// It has an image or a build of its own.
    pub(super) runs: bool,
    /// Services that it cannot start without.
    pub(super) needs: Vec<String>,
    /// Networks that it joins.
    pub(super) networks: Vec<String>,
}

impl Outline {
    /// Reads the outline of a file, or says why the file is no stack.
    pub(super) fn read(file: &str, yaml: &Yaml) -> Result<Self, &'static str> {
        let mut outline = Self::default();
        if yaml.documents.is_empty() {
            return Err("it is empty");
        }
        for document in &yaml.documents {
            outline.document(path::parent(file), document)?;
        }
        if outline.services.is_empty() && outline.includes.is_empty() {
            return Err("it has no services");
        }
        Ok(outline)
    }

    /// True when the file looks like Compose whatever its name: every service is a mapping, and one says what to run.
    pub(super) fn is_plain(&self) -> bool {
        self.services.values().any(|service| service.runs)
    }

    fn document(&mut self, directory: &str, document: &Node) -> Result<(), &'static str> {
        let aliases = Aliases::new(document);
        if !matches!(document.kind, Kind::Mapping { .. }) {
            return Err("it is no mapping at the top");
        }
        let services = aliases.get(document, "services");
        let include = aliases.get(document, "include");
        if services.is_none() && include.is_none() {
            return Err("it has no `services` at the top");
        }
        if services.is_some_and(|node| !node.is_null() && !matches!(node.kind, Kind::Mapping { .. })) {
            return Err("its `services` are no mapping");
        }
        for entry in services.map_or(&[][..], Node::entries) {
            self.service(directory, entry, &aliases)?;
        }
        for item in include.map_or(&[][..], Node::items) {
            self.include(directory, item, &aliases);
        }
        let networks = aliases.get(document, "networks").map_or(&[][..], Node::entries);
        self.networks.extend(networks.iter().filter_map(|entry| entry.key.as_str()).map(ToOwned::to_owned));
        Ok(())
    }

    fn service(&mut self, directory: &str, entry: &Entry, aliases: &Aliases<'_>) -> Result<(), &'static str> {
        let Some(name) = entry.key.as_str() else {
            return Err("the name of a service is no string");
        };
        let body = aliases.follow(&entry.value);
        if !body.is_null() && !matches!(body.kind, Kind::Mapping { .. }) {
            return Err("a service in it is no mapping");
        }
        // `services: {<<: *common}` gives services, not a service of that name.
        if name == "<<" {
            return body.entries().iter().try_for_each(|inner| self.service(directory, inner, aliases));
        }
        let written =
            |key: &str| aliases.get(body, key).filter(|node| !node.is_null() && node.as_str() != Some(""));
        let runs = written("image").is_some() || written("build").is_some();
        let extends = written("extends");
        if let Some(file) = extends.and_then(|node| aliases.get(node, "file")) {
            self.extends.extend(local_path(directory, file));
        }
        let outline = ServiceOutline {
            key: entry.key.span,
            complete: runs || extends.is_some() || written("provider").is_some(),
            runs,
            needs: needs(body, aliases),
            networks: written("networks").map(names).unwrap_or_default(),
        };
        self.services.insert(name.to_owned(), outline);
        Ok(())
    }

    fn include(&mut self, directory: &str, item: &Node, aliases: &Aliases<'_>) {
        let item = aliases.follow(item);
        let paths = aliases.get(item, "path").unwrap_or(item);
        let list = if paths.items().is_empty() { std::slice::from_ref(paths) } else { paths.items() };
        self.includes.extend(list.iter().filter_map(|node| local_path(directory, aliases.follow(node))));
    }
}

/// A path that is known without variables and is not remote.
fn local_path(directory: &str, node: &Node) -> Option<String> {
    let written = node.as_str()?;
    let local =
        !written.is_empty() && !written.contains('$') && !written.contains(':') && !written.starts_with('/');
    local.then(|| path::join(directory, written))
}

fn needs(body: &Node, aliases: &Aliases<'_>) -> Vec<String> {
    let mut needed = aliases.get(body, "depends_on").map(names).unwrap_or_default();
    let links = aliases.get(body, "links").map(names).unwrap_or_default();
    needed.extend(links.into_iter().filter_map(|link| link.split(':').next().map(ToOwned::to_owned)));
    for key in ["network_mode", "pid", "ipc"] {
        let shared = aliases.get(body, key).and_then(Node::as_str);
        needed.extend(shared.and_then(|value| value.strip_prefix("service:")).map(ToOwned::to_owned));
    }
    // What a variable names is not known here; the loading of the project tells whether it is there.
    needed.retain(|name| !name.contains('$'));
    needed
}

/// The items of a list, or the keys of a mapping.
fn names(node: &Node) -> Vec<String> {
    let items = node.items().iter().filter_map(Node::as_str);
    let keys = node.entries().iter().filter_map(|entry| entry.key.as_str());
    items.chain(keys).filter(|name| *name != "<<").map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::Outline;

    fn outline(text: &str) -> Result<Outline, &'static str> {
        Outline::read("app/compose.yml", &temper_yaml::parse(text).unwrap())
    }

    #[test]
    fn a_service_is_complete_through_merge_keys() {
        let text = "x-a: &a {image: web}\nx-b: &b\n  <<: *a\nservices:\n  one:\n    <<: [*b]\n  two:\n    user: '1'\n  three:\n";
        let services = outline(text).unwrap().services;
        let complete: Vec<bool> = services.values().map(|service| service.complete).collect();
        assert_eq!(complete, [true, false, false]);
    }

    #[test]
    fn a_merge_key_that_leads_to_itself_ends() {
        let text = "services:\n  one: &one\n    <<: *one\n";
        assert!(!outline(text).unwrap().services["one"].complete);
    }

    #[test]
    fn files_that_are_pulled_in_are_named_from_the_root() {
        let text = "include:\n- ../db.yml\n- path: [a.yml, '${X}.yml']\nservices:\n  web:\n    extends: {file: base.yml, service: web}\n";
        let outline = outline(text).unwrap();
        assert_eq!(outline.includes, ["db.yml", "app/a.yml"]);
        assert_eq!(outline.extends, ["app/base.yml"]);
    }

    #[test]
    fn what_a_service_needs_is_read_from_all_forms() {
        let text = "services:\n  web:\n    image: x\n    depends_on: {db: {condition: service_started}}\n    links: ['mq:queue']\n    network_mode: service:vpn\n    networks: [front]\n";
        let outline = outline(text).unwrap();
        assert_eq!(outline.services["web"].needs, ["db", "mq", "vpn"]);
        assert_eq!(outline.services["web"].networks, ["front"]);
    }

    #[test]
    fn other_files_are_told_apart_with_the_reason() {
        assert_eq!(outline("id: compose\n"), Err("it has no `services` at the top"));
        assert_eq!(outline("# nothing\n"), Err("it is empty"));
        assert_eq!(outline("services: {}\n"), Err("it has no services"));
        assert_eq!(outline("services: [docker]\n"), Err("its `services` are no mapping"));
        assert_eq!(outline("services: {a: b}\n"), Err("a service in it is no mapping"));
        assert_eq!(outline("- services\n"), Err("it is no mapping at the top"));
    }
}
