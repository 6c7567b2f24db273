use super::lists::keep_last;
use super::node::{derived, map_mut, mapping, member, node, seq_mut, text_of};
use crate::compose::report::Report;
use crate::{Data, Value};

/// Brings `volumes` into long form. Of two with the same target, the later stands at the place of the earlier.
pub(super) fn volumes(value: &mut Value, report: &mut Report) {
    for item in seq_mut(value).into_iter().flatten() {
        let Some(text) = item.as_str() else {
            check_long(item, report);
            continue;
        };
        match take_apart(text) {
            Ok(short) => *item = long(item, &short),
            Err(_) if report.passes_over(item) => {
                *item = of_unknown_source(item, text);
            }
            Err(message) => report.refuse(item.at, message),
        }
    }
    keep_last(value, |item| item.get("target").and_then(text_of));
    for item in seq_mut(value).into_iter().flatten() {
        clean_target(item);
    }
}

/// A mount whose source is a variable without a value: what stands behind the first colon is known all the same.
fn of_unknown_source(item: &Value, text: &str) -> Value {
    let known = text.strip_prefix(':').map(split_at_colons);
    let (target, options) = match known.as_deref() {
        Some([target]) => (derived(item, clean(target)), ""),
        Some([target, options]) => (derived(item, clean(target)), *options),
        _ => (item.clone(), ""),
    };
    let mut entry = mapping(item, [("type", derived(item, "bind")), ("target", target)]);
    if let Some(map) = map_mut(&mut entry).filter(|_| options.split(',').any(|option| option == "ro")) {
        map.insert("read_only".to_owned(), member(node(item, Data::Bool(true))));
    }
    entry
}

fn check_long(item: &Value, report: &mut Report) {
    if item.as_map().is_none() {
        return;
    }
    if item.get("target").is_none() {
        report.refuse(item.at, "\"target\" is missing: the path in the container".to_owned());
    }
    let is_bind = item.get("type").and_then(Value::as_str) == Some("bind");
    if is_bind && item.get("source").is_none() {
        report.refuse(item.at, "\"source\" is missing: the path on the host".to_owned());
    }
}

/// The short form taken apart: `[source:]target[:options]`.
struct Short<'t> {
    source: Option<&'t str>,
    target: &'t str,
    options: &'t str,
}

fn take_apart(text: &str) -> Result<Short<'_>, String> {
    if text.is_empty() {
        return Err("expected [source:]path[:options], found an empty string".to_owned());
    }
    let parts = split_at_colons(text);
    if parts.iter().any(|part| part.is_empty()) && text.len() > 1 {
        return Err(format!("nothing stands between two colons (or at an end) of {text:?}"));
    }
    match parts.as_slice() {
        [target] => Ok(Short { source: None, target, options: "" }),
        [source, target] => Ok(Short { source: Some(source), target, options: "" }),
        [source, target, options] => Ok(Short { source: Some(source), target, options }),
        _ => Err(format!("too many colons in {text:?}; expected [source:]path[:options]")),
    }
}

/// Splits at colons, but not at the colon of a Windows drive (`C:\data`).
fn split_at_colons(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, _) in text.match_indices(':') {
        let part = &text[start..index];
        let drive = part.len() == 1 && part.as_bytes()[0].is_ascii_alphabetic();
        if !drive {
            parts.push(part);
            start = index + 1;
        }
    }
    parts.push(&text[start..]);
    parts
}

fn long(item: &Value, short: &Short<'_>) -> Value {
    let kind = match short.source {
        Some(source) if is_path(source) => "bind",
        _ => "volume",
    };
    let target = clean(short.target);
    let is_tiny = short.source.is_none() && short.target.len() <= 2;
    let mut entry = mapping(item, [("type", derived(item, kind))]);
    let mut set = |key: &str, value: Value| {
        if let Some(map) = map_mut(&mut entry) {
            map.insert(key.to_owned(), member(value));
        }
    };
    if let Some(source) = short.source {
        set("source", derived(item, source));
    }
    set("target", derived(item, target));
    let yes = || node(item, Data::Bool(true));
    let (mut bind, mut volume) = (Vec::new(), Vec::new());
    for option in short.options.split(',') {
        match option {
            "ro" => set("read_only", yes()),
            // Compose takes these for every kind of mount, also where the engine has no use for them.
            "nocopy" => volume.push(("nocopy", yes())),
            "z" | "Z" => bind.push(("selinux", derived(item, option))),
            "private" | "rprivate" | "shared" | "rshared" | "slave" | "rslave" => {
                bind.push(("propagation", derived(item, option)));
            }
            _ => {}
        }
    }
    if kind == "bind" {
        bind.push(("create_host_path", yes()));
    }
    for (key, details) in [("bind", bind), ("volume", volume)] {
        // A path of one or two characters never gets as far as the details in Compose.
        if (key == kind && !is_tiny) || !details.is_empty() {
            set(key, mapping_of(item, details));
        }
    }
    entry
}

fn mapping_of(from: &Value, entries: Vec<(&str, Value)>) -> Value {
    let map = entries.into_iter().map(|(key, value)| (key.to_owned(), member(value))).collect();
    node(from, Data::Map(map))
}

/// True when the source of a mount names a path of the host: `/x`, `./x`, `../x`, `~/x`, `C:\x`.
fn is_path(source: &str) -> bool {
    let drive = matches!(source.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    source.starts_with(['.', '/', '~']) || source.starts_with("\\\\") || drive
}

fn clean_target(item: &mut Value) {
    super::node::edit(item, "target", |target| {
        if let Some(text) = target.as_str().filter(|text| !text.is_empty()) {
            *target = derived(target, clean(text));
        }
    });
}

/// A path of the container without `.`, `..`, doubled or last `/`.
fn clean(path: &str) -> String {
    crate::compose::paths::clean(path)
}
