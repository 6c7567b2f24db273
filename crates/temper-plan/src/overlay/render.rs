use std::collections::BTreeSet;
use std::fmt::Write;

use indexmap::IndexMap;
use temper_model::MARKER;
use temper_yaml::{Snippet, quote};

use super::add::OVERRIDE_SINCE;
use super::body::{Body, Entry, Item};

/// An overlay to be written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overlay {
    /// Names of the files that it lies on, beside it, in order of merging.
    pub(crate) base: Vec<String>,
    /// Its own name.
    pub(crate) name: String,
    /// Services in the order of the base.
    pub(crate) services: IndexMap<String, Body>,
    /// True when the project builds images: a user that a Dockerfile creates is not in the image of before.
    pub(crate) builds: bool,
    /// Named volumes, with their reasons.
    pub(crate) volumes: IndexMap<String, Option<String>>,
}

/// The order of keys: who runs, what it can write, what it may do, what it may use, how it is seen.
const KEYS: [&str; 32] = [
    "image",
    "privileged",
    "user",
    "group_add",
    "read_only",
    "tmpfs",
    "volumes",
    "devices",
    "environment",
    "init",
    "cap_drop",
    "cap_add",
    "security_opt",
    "pid",
    "ipc",
    "uts",
    "userns_mode",
    "cgroup",
    "network_mode",
    "shm_size",
    "mem_limit",
    "memswap_limit",
    "cpus",
    "pids_limit",
    "ulimits",
    "deploy",
    "healthcheck",
    "restart",
    "ports",
    "expose",
    "networks",
    "logging",
];

/// Where a key stands among the others; one that is not listed comes last.
pub(crate) fn rank(key: &str) -> usize {
    KEYS.iter().position(|known| *known == key).unwrap_or(KEYS.len())
}

/// The text of the overlay.
pub(crate) fn render(overlay: &Overlay) -> String {
    let mut out = header(overlay);
    if overlay.services.is_empty() {
        out.push_str("services: {}\n");
    } else {
        out.push_str("services:\n");
    }
    for (index, (name, body)) in overlay.services.iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        // Writing to a string cannot fail.
        let _ = writeln!(out, "  {}:", quote(name));
        let mut keys: Vec<&String> = body.keys().collect();
        keys.sort_by_key(|key| rank(key));
        for key in keys {
            out.push_str(&indented(&entry(key, &body[key]), 4));
        }
    }
    if !overlay.volumes.is_empty() {
        let volumes =
            overlay.volumes.iter().map(|(name, reason)| (name.clone(), Snippet::Null, reason.clone()));
        out.push_str("\nvolumes:\n");
        out.push_str(&indented(&temper_yaml::render(&Snippet::Map(volumes.collect())), 2));
    }
    out
}

fn header(overlay: &Overlay) -> String {
    let files: Vec<String> =
        overlay.base.iter().chain([&overlay.name]).map(|file| format!("-f {file}")).collect();
    let mut out = format!(
        "{MARKER}; `temper apply` writes it anew, so change {} or temper.toml instead.\n\
         # It holds what hardens the services, each line with its reason. To start them with it:\n\
         #   docker compose {} up -d{}\n",
        overlay.base.first().map_or("the base", String::as_str),
        files.join(" "),
        if overlay.builds { " --build" } else { "" },
    );
    if !tags(overlay).is_empty() {
        let (major, minor, patch) = OVERRIDE_SINCE;
        let tags: Vec<&str> = tags(overlay).into_iter().collect();
        let _ =
            writeln!(out, "# Needs Docker Compose {major}.{minor}.{patch} or newer ({}).", tags.join(", "));
    }
    out.push('\n');
    out
}

fn tags(overlay: &Overlay) -> BTreeSet<&'static str> {
    overlay.services.values().flat_map(IndexMap::values).flat_map(tags_of).collect()
}

fn tags_of(entry: &Entry) -> BTreeSet<&'static str> {
    match entry {
        Entry::Override { items, .. } if !items.is_empty() => BTreeSet::from(["!override"]),
        Entry::Override { .. } | Entry::Reset { .. } => BTreeSet::from(["!reset"]),
        Entry::Map { entries, .. } => entries.values().flat_map(tags_of).collect(),
        Entry::Leaf { .. } | Entry::List { .. } => BTreeSet::new(),
    }
}

fn entry(key: &str, entry: &Entry) -> String {
    if let Entry::Map { entries, reason } = entry {
        let comment = reason.as_ref().map_or_else(String::new, |reason| format!(" # {reason}"));
        let below: String = entries.iter().map(|(key, below)| self::entry(key, below)).collect();
        return format!("{}:{comment}\n{}", quote(key), indented(&below, 2));
    }
    let (value, reason) = snippet(entry);
    let plain = temper_yaml::render(&Snippet::Map(vec![(key.to_owned(), value, reason.cloned())]));
    let tag = match entry {
        Entry::Override { items, .. } if items.is_empty() => "!reset []",
        Entry::Override { .. } => "!override",
        Entry::Reset { .. } => "!reset null",
        _ => return plain,
    };
    let head = format!("{}:", quote(key));
    plain.strip_prefix(head.as_str()).map_or(plain.clone(), |rest| format!("{head} {tag}{rest}"))
}

fn snippet(entry: &Entry) -> (Snippet, Option<&String>) {
    match entry {
        Entry::Leaf { value, reason } => (value.clone(), reason.as_ref()),
        Entry::Map { entries, reason } => {
            let entries = entries.iter().map(|(key, entry)| {
                let (value, reason) = snippet(entry);
                (key.clone(), value, reason.cloned())
            });
            (Snippet::Map(entries.collect()), reason.as_ref())
        }
        Entry::List { items } => (list(items), None),
        Entry::Override { items, reason } if items.is_empty() => (Snippet::Null, reason.as_ref()),
        Entry::Override { items, reason } => (list(items), reason.as_ref()),
        Entry::Reset { reason } => (Snippet::Null, reason.as_ref()),
    }
}

fn list(items: &[Item]) -> Snippet {
    Snippet::Seq(items.iter().map(|item| (item.value.clone(), item.reason.clone())).collect())
}

fn indented(text: &str, by: usize) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let _ = writeln!(out, "{:by$}{line}", "");
    }
    out
}
