//! Lists in which an entry counts once: a later entry of the same key takes the place of the earlier.

use indexmap::IndexMap;

use super::canonical::text_of;
use super::document::Fault;
use super::load_path::KeyPath;
use crate::{Data, Value};

/// What makes two entries the same.
#[derive(Debug, Clone, Copy)]
enum Key {
    /// The text before `=`.
    Name,
    /// The path of an env file.
    EnvFile,
    /// The whole value.
    Whole,
    /// Where a config or secret appears: its target, or its source below this directory.
    Target(&'static str),
    /// Short form as written; long form by host address, published port, target and protocol.
    Port,
    /// The path in the container.
    Volume,
}

const UNIQUE: &[(&str, Key)] = &[
    ("networks.*.labels", Key::Name),
    ("networks.*.ipam.options", Key::Name),
    ("services.*.annotations", Key::Name),
    ("services.*.build.args", Key::Name),
    ("services.*.build.additional_contexts", Key::Name),
    ("services.*.build.platform", Key::Name),
    ("services.*.build.tags", Key::Name),
    ("services.*.build.labels", Key::Name),
    ("services.*.cap_add", Key::Name),
    ("services.*.cap_drop", Key::Name),
    ("services.*.configs", Key::Target("")),
    ("services.*.deploy.labels", Key::Name),
    ("services.*.dns", Key::Name),
    ("services.*.dns_opt", Key::Name),
    ("services.*.dns_search", Key::Name),
    ("services.*.environment", Key::Name),
    ("services.*.env_file", Key::EnvFile),
    ("services.*.expose", Key::Whole),
    ("services.*.labels", Key::Name),
    ("services.*.links", Key::Name),
    ("services.*.networks.*.aliases", Key::Name),
    ("services.*.networks.*.link_local_ips", Key::Name),
    ("services.*.ports", Key::Port),
    ("services.*.profiles", Key::Name),
    ("services.*.secrets", Key::Target("/run/secrets")),
    ("services.*.sysctls", Key::Name),
    ("services.*.tmpfs", Key::Name),
    ("services.*.volumes", Key::Volume),
];

/// Leaves each entry of the lists that have a key once, in the place of the first and with the value of the last.
///
/// Compose does so after each file and once more in long form.
pub(crate) fn enforce(value: &mut Value, path: &mut KeyPath, faults: &mut Vec<Fault>) {
    match &mut value.data {
        Data::Map(map) => {
            for (name, member) in map {
                path.push(name);
                enforce(&mut member.value, path, faults);
                path.pop();
            }
        }
        Data::Seq(items) => {
            if let Some(key) = key_of(path) {
                let listed = std::mem::take(items);
                *items = unique(listed, key, path, faults);
            }
        }
        Data::Null | Data::Bool(_) | Data::Int(_) | Data::Float(_) | Data::Str(_) => {}
    }
}

/// True when Compose builds the list at this path anew after each file.
pub(crate) fn is_rebuilt(path: &KeyPath) -> bool {
    key_of(path).is_some()
}

fn key_of(path: &KeyPath) -> Option<Key> {
    UNIQUE.iter().find(|(pattern, _)| path.matches(pattern)).map(|(_, key)| *key)
}

fn unique(items: Vec<Value>, key: Key, path: &KeyPath, faults: &mut Vec<Fault>) -> Vec<Value> {
    let mut seen: IndexMap<String, Value> = IndexMap::new();
    for (index, item) in items.into_iter().enumerate() {
        let name = key.of(&item).unwrap_or_else(|expected| {
            let message = format!("{}[{index}]: expected {expected}", path.show());
            faults.push(Fault { at: item.at, message });
            // A key that no other entry has: the entry stays.
            format!("\0{index}")
        });
        seen.insert(name, item);
    }
    seen.into_values().collect()
}

impl Key {
    fn of(self, item: &Value) -> Result<String, &'static str> {
        match self {
            Self::Name => name(item),
            Self::Whole => text_of(item).ok_or("a string or a number"),
            Self::EnvFile => match item.as_str() {
                Some(path) => Ok(path.to_owned()),
                None => item.get("path").and_then(text_of).ok_or("a path, or a mapping with `path`"),
            },
            Self::Target(directory) => target(item, directory),
            Self::Port => port(item),
            Self::Volume => volume(item),
        }
    }
}

fn name(item: &Value) -> Result<String, &'static str> {
    let Data::Str(text) = &item.data else { return Err("a string") };
    Ok(match text.value.split_once('=') {
        Some((name, _)) => name.to_owned(),
        None => distinct(item, &text.value),
    })
}

/// Two texts that hang on different variables without a value are not the same, whatever is left of them.
fn distinct(item: &Value, value: &str) -> String {
    match &item.data {
        Data::Str(text) if !text.missing.is_empty() => text.raw.clone().unwrap_or_else(|| value.to_owned()),
        _ => value.to_owned(),
    }
}

fn target(item: &Value, directory: &str) -> Result<String, &'static str> {
    if let Some(source) = item.as_str() {
        return Ok(format!("{directory}/{}", distinct(item, source)));
    }
    if item.as_map().is_none() {
        return Err("a name, or a mapping with `source`");
    }
    let written = item.get("target").and_then(text_of);
    let source = || item.get("source").and_then(text_of).map(|source| format!("{directory}/{source}"));
    written.or_else(source).ok_or("`source`")
}

fn port(item: &Value) -> Result<String, &'static str> {
    if item.as_map().is_none() {
        let text = text_of(item).ok_or("a port, or a mapping with `target`")?;
        return Ok(distinct(item, &text));
    }
    let part = |key: &str| item.get(key).and_then(text_of);
    let target = part("target").ok_or("`target`, the port of the container")?;
    // To Compose the number 80 and the text "80" are two different published ports.
    let is_number = matches!(item.get("published").map(|port| &port.data), Some(Data::Int(_)));
    let published = part("published").unwrap_or_default();
    let address = part("host_ip").unwrap_or_else(|| "0.0.0.0".to_owned());
    let protocol = part("protocol").unwrap_or_else(|| "tcp".to_owned());
    Ok(format!("{address}:{published}:{is_number}:{target}/{protocol}"))
}

fn volume(item: &Value) -> Result<String, &'static str> {
    if let Some(text) = item.as_str() {
        return Ok(distinct_target(item, text));
    }
    let missing = "`target`, the path in the container";
    item.get("target").and_then(text_of).ok_or(missing)
}

fn distinct_target(item: &Value, text: &str) -> String {
    let target = short_target(text);
    if target.is_empty() { distinct(item, text) } else { target.to_owned() }
}

/// The container path of `[source:]target[:options]`. The colon of a Windows drive separates nothing.
fn short_target(text: &str) -> &str {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut skip = 0;
    while let Some(colon) = rest.get(skip..).and_then(|tail| tail.find(':')).map(|at| at + skip) {
        let part = rest.get(..colon).unwrap_or_default();
        if part.len() == 1 && part.bytes().all(|byte| byte.is_ascii_alphabetic()) && skip == 0 {
            skip = colon + 1;
            continue;
        }
        parts.push(part);
        rest = rest.get(colon + 1..).unwrap_or_default();
        skip = 0;
    }
    parts.push(rest);
    parts.get(1).or(parts.first()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::short_target;

    #[test]
    fn target_of_a_short_volume() {
        assert_eq!(short_target("/data"), "/data");
        assert_eq!(short_target("./a:/data:ro"), "/data");
        assert_eq!(short_target("C:\\x:/data"), "/data");
        // One letter before a colon is a drive, to Compose too.
        assert_eq!(short_target("v:/data"), "v:/data");
        assert_eq!(short_target(""), "");
    }
}
