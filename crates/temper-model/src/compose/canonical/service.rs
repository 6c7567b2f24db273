use super::build::{build, files};
use super::lists::{command, drop_repeated_texts, extra_hosts, names_to_map, one_to_list, pairs_to_map};
use super::mounts::volumes;
use super::node::{derived, edit, map_mut, mapping, member, node, seq_mut};
use super::ports::ports;
use super::resources::{deploy, devices, gpus};
use crate::compose::document::Fault;
use crate::compose::report::Report;
use crate::{Data, Origin, Value};

/// Brings a merged Compose file into long form. What cannot be read is left as it is, with a refusal in `report`.
pub(crate) fn canonical(root: &mut Value, report: &mut Report) {
    edit(root, "services", |services| {
        for (name, member) in map_mut(services).into_iter().flatten() {
            service(name, &mut member.value, report);
        }
    });
    for key in RESOURCES {
        edit(root, key, |resources| {
            for (_, member) in map_mut(resources).into_iter().flatten() {
                edit(&mut member.value, "labels", pairs_to_map);
            }
        });
    }
}

const RESOURCES: [&str; 4] = ["networks", "volumes", "secrets", "configs"];

/// `external: {name: x}` to `external: true` and `name: x`. Compose does so after each file, so that a later file may
/// say `external: true`.
pub(crate) fn external_names(root: &mut Value, faults: &mut Vec<Fault>) {
    for section in RESOURCES {
        edit(root, section, |resources| {
            for (name, member) in map_mut(resources).into_iter().flatten() {
                external_name(section, name, &mut member.value, faults);
            }
        });
    }
}

/// How a field is brought into long form.
type LongForm = fn(&mut Value, &mut Report);

/// The fields whose short form may be refused.
const REPORTING: &[(&str, LongForm)] = &[
    ("command", command),
    ("entrypoint", command),
    ("build", build),
    ("ports", ports),
    ("volumes", volumes),
    ("devices", devices),
    ("gpus", gpus),
    ("deploy", deploy),
    ("extra_hosts", extra_hosts),
    ("develop", develop),
    ("post_start", hooks),
    ("pre_stop", hooks),
];

fn service(name: &str, value: &mut Value, report: &mut Report) {
    for key in ["environment", "labels", "annotations", "sysctls", "storage_opt"] {
        edit(value, key, pairs_to_map);
    }
    for key in ["dns", "dns_search", "tmpfs", "label_file"] {
        edit(value, key, one_to_list);
    }
    for key in UNIQUE_LISTS {
        edit(value, key, drop_repeated_texts);
    }
    for (key, long_form) in REPORTING {
        report.in_field(format!("services.{name}.{key}"), |report| {
            edit(value, key, |value| long_form(value, report));
        });
    }
    edit(value, "configs", |value| files(value, None));
    edit(value, "secrets", |value| files(value, Some("/run/secrets/")));
    edit(value, "env_file", env_file);
    edit(value, "depends_on", depends_on);
    edit(value, "networks", |value| names_to_map(value, |name| node(name, Data::Null)));
    edit(value, "models", |value| names_to_map(value, |name| node(name, Data::Null)));
    edit(value, "healthcheck", healthcheck);
}

fn hooks(value: &mut Value, report: &mut Report) {
    for hook in seq_mut(value).into_iter().flatten() {
        hook_command(hook, report);
    }
}

/// Lists in which Compose keeps one of equal items instead of refusing the second.
const UNIQUE_LISTS: [&str; 9] =
    ["cap_add", "cap_drop", "dns", "dns_opt", "dns_search", "expose", "links", "profiles", "tmpfs"];

fn env_file(value: &mut Value) {
    one_to_list(value);
    for item in seq_mut(value).into_iter().flatten() {
        if matches!(item.data, Data::Str(_)) {
            *item = mapping(item, [("path", item.clone())]);
        }
        add_default(item, "required", Data::Bool(true));
    }
}

fn depends_on(value: &mut Value) {
    names_to_map(value, |name| {
        let mut dependency = mapping(name, []);
        let condition = derived(&node(name, Data::Null), "service_started").data;
        add_default(&mut dependency, "condition", condition);
        dependency
    });
    for (_, member) in map_mut(value).into_iter().flatten() {
        add_default(&mut member.value, "required", Data::Bool(true));
    }
}

fn add_default(value: &mut Value, key: &str, data: Data) {
    let default = Value { origin: Origin::Default, ..node(value, data) };
    if let Some(map) = map_mut(value) {
        map.entry(key.to_owned()).or_insert_with(|| member(default));
    }
}

fn healthcheck(value: &mut Value) {
    edit(value, "test", |test| {
        if matches!(test.data, Data::Str(_)) {
            let shell = derived(&node(test, Data::Null), "CMD-SHELL");
            *test = node(test, Data::Seq(vec![shell, test.clone()]));
        }
    });
}

fn develop(value: &mut Value, report: &mut Report) {
    edit(value, "watch", |watches| {
        for watch in seq_mut(watches).into_iter().flatten() {
            edit(watch, "ignore", one_to_list);
            edit(watch, "include", one_to_list);
            edit(watch, "exec", |hook| hook_command(hook, report));
        }
    });
}

fn hook_command(hook: &mut Value, report: &mut Report) {
    edit(hook, "command", |words| command(words, report));
    edit(hook, "environment", pairs_to_map);
}

fn external_name(section: &str, key: &str, value: &mut Value, faults: &mut Vec<Fault>) {
    let Some(external) = value.get("external").filter(|external| external.as_map().is_some()) else { return };
    let name = external.get("name").cloned().unwrap_or_else(|| derived(external, key));
    let yes = node(external, Data::Bool(true));
    if value.get("name").is_some_and(|own| own.as_str() != name.as_str()) {
        let message = format!("{section}.{key}: name and external.name differ; keep name");
        faults.push(Fault { at: name.at, message });
    }
    edit(value, "external", |external| *external = yes);
    if let Some(map) = map_mut(value) {
        map.entry("name".to_owned()).or_insert_with(|| member(name));
    }
}
