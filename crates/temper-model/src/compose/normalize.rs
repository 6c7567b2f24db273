//! What Compose adds to a canonical file: implied dependencies, the default network, names, values of the shell.

use indexmap::IndexMap;
use temper_text::FileId;

use super::canonical::{derived, edit, map_mut, member, node, seq_mut, text_of};
use super::paths;
use crate::{Data, Origin, Value};

/// The network that a service joins when it names none.
const DEFAULT_NETWORK: &str = "default";

/// Adds what follows from the file alone: dependencies by links and shared namespaces, the default network, names of
/// resources.
pub(crate) fn add_implied(root: &mut Value, project: &str) {
    let anchor = node(root, Data::Null);
    edit(root, "services", |services| {
        for (_, member) in map_mut(services).into_iter().flatten() {
            implied_dependencies(&mut member.value);
            default_network(&mut member.value);
        }
    });
    if let Some(map) = map_mut(root) {
        let networks =
            map.entry("networks".to_owned()).or_insert_with(|| member(default(&anchor, map_data())));
        if let Some(networks) = map_mut(&mut networks.value) {
            let none = || member(default(&anchor, Data::Null));
            networks.entry(DEFAULT_NETWORK.to_owned()).or_insert_with(none);
        }
    }
    for key in ["networks", "volumes", "secrets", "configs"] {
        edit(root, key, |resources| {
            for (name, member) in map_mut(resources).into_iter().flatten() {
                name_resource(project, name, &mut member.value);
            }
        });
    }
}

fn map_data() -> Data {
    Data::Map(IndexMap::new())
}

fn default(from: &Value, data: Data) -> Value {
    Value { origin: Origin::Default, ..node(from, data) }
}

fn name_resource(project: &str, key: &str, value: &mut Value) {
    if matches!(value.data, Data::Null) {
        value.data = map_data();
    }
    let external = value.get("external").is_some_and(is_true);
    let name = if external { key.to_owned() } else { format!("{project}_{key}") };
    let name = Value { origin: Origin::Default, ..derived(&node(value, Data::Null), name) };
    if let Some(map) = map_mut(value) {
        map.entry("name".to_owned()).or_insert_with(|| member(name));
    }
}

/// True for `true` and for text that Compose reads so.
pub(crate) fn is_true(value: &Value) -> bool {
    match &value.data {
        Data::Bool(value) => *value,
        Data::Str(text) => super::units::boolean(&text.value) == Some(true),
        _ => false,
    }
}

fn default_network(service: &mut Value) {
    let has = |key: &str, service: &Value| match service.get(key).map(|value| &value.data) {
        None | Some(Data::Null) => false,
        Some(Data::Map(map)) => !map.is_empty(),
        Some(Data::Str(text)) => !text.value.is_empty() || !text.missing.is_empty(),
        Some(_) => true,
    };
    if has("networks", service) || has("network_mode", service) || service.get("provider").is_some() {
        return;
    }
    let none = member(default(service, Data::Null));
    let mut networks = default(service, map_data());
    if let (Some(map), Some(service)) = (map_mut(&mut networks), map_mut(service)) {
        map.insert(DEFAULT_NETWORK.to_owned(), none);
        service.insert("networks".to_owned(), member(networks));
    }
}

/// One dependency that follows from another field.
struct Implied {
    service: String,
    /// Whether Compose restarts the dependent service with it.
    restart: bool,
    from: Value,
}

fn implied_dependencies(service: &mut Value) {
    let mut implied = Vec::new();
    for link in items(service, "links") {
        implied.extend(depends(link, |text| text.split(':').next(), true));
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        if let Some(value) = service.get(key) {
            implied.extend(depends(value, |text| text.strip_prefix("service:"), true));
        }
    }
    for from in items(service, "volumes_from") {
        implied.extend(depends(from, service_of_mount, false));
    }
    if implied.is_empty() {
        return;
    }
    let empty = member(default(service, map_data()));
    let Some(map) = map_mut(service) else { return };
    let dependencies = map.entry("depends_on".to_owned()).or_insert(empty);
    let Some(dependencies) = map_mut(&mut dependencies.value) else { return };
    for dependency in implied {
        let entry = dependency_entry(&dependency);
        dependencies.entry(dependency.service).or_insert_with(|| member(entry));
    }
}

/// The service of a `volumes_from` entry, which may also name a container.
fn service_of_mount(text: &str) -> Option<&str> {
    if text.starts_with("container:") { None } else { text.split(':').next() }
}

fn items<'v>(service: &'v Value, key: &str) -> &'v [Value] {
    service.get(key).and_then(Value::as_seq).unwrap_or_default()
}

fn depends(value: &Value, name: impl Fn(&str) -> Option<&str>, restart: bool) -> Option<Implied> {
    if !value.missing().is_empty() {
        return None;
    }
    let service = name(value.as_str()?)?.to_owned();
    Some(Implied { service, restart, from: value.clone() })
}

fn dependency_entry(dependency: &Implied) -> Value {
    let from = node(&dependency.from, Data::Null);
    let mut entry = default(&from, map_data());
    if let Some(map) = map_mut(&mut entry) {
        let condition = derived(&from, "service_started").data;
        map.insert("condition".to_owned(), member(default(&from, condition)));
        map.insert("required".to_owned(), member(default(&from, Data::Bool(true))));
        if dependency.restart {
            map.insert("restart".to_owned(), member(default(&from, Data::Bool(true))));
        }
    }
    entry
}

/// Adds what hangs on the machine: absolute paths, values of variables that are named without one.
pub(crate) struct Machine<'m> {
    /// Variables of the project.
    pub(crate) variables: &'m IndexMap<String, String>,
    /// The absolute directory that relative paths of a file mean.
    pub(crate) directory_of: &'m dyn Fn(FileId) -> String,
}

impl Machine<'_> {
    /// Completes the whole file.
    pub(crate) fn complete(&self, root: &mut Value) {
        edit(root, "services", |services| {
            for (_, member) in map_mut(services).into_iter().flatten() {
                self.service(&mut member.value);
            }
        });
        for key in ["secrets", "configs"] {
            edit(root, key, |resources| {
                for (_, member) in map_mut(resources).into_iter().flatten() {
                    edit(&mut member.value, "file", |file| self.path(file));
                }
            });
        }
        edit(root, "volumes", |volumes| {
            for (_, member) in map_mut(volumes).into_iter().flatten() {
                self.bound_device(&mut member.value);
            }
        });
    }

    fn service(&self, service: &mut Value) {
        edit(service, "environment", |environment| self.values(environment));
        edit(service, "build", |build| {
            edit(build, "args", |args| self.arguments(args));
            edit(build, "context", |context| self.context(context));
            edit(build, "additional_contexts", |contexts| {
                for (_, member) in map_mut(contexts).into_iter().flatten() {
                    self.context(&mut member.value);
                }
            });
        });
        edit(service, "volumes", |volumes| {
            for mount in seq_mut(volumes).into_iter().flatten() {
                if mount.get("type").and_then(Value::as_str) == Some("bind") {
                    edit(mount, "source", |source| self.path(source));
                }
            }
        });
        for key in ["env_file", "label_file"] {
            edit(service, key, |files| {
                for file in seq_mut(files).into_iter().flatten() {
                    edit(file, "path", |path| self.path(path));
                    self.path(file);
                }
            });
        }
        edit(service, "develop", |develop| {
            edit(develop, "watch", |watches| {
                for watch in seq_mut(watches).into_iter().flatten() {
                    edit(watch, "path", |path| self.path(path));
                }
            });
        });
        edit(service, "pull_policy", |policy| {
            if policy.as_str() == Some("if_not_present") {
                *policy = derived(policy, "missing");
            }
        });
        scale_to_replicas(service);
        // Compose keeps hosts in a map and prints them in the order of their names.
        for path in [&["extra_hosts"][..], &["build", "extra_hosts"][..]] {
            edit_path(service, path, |hosts| {
                if let Some(hosts) = seq_mut(hosts) {
                    hosts.sort_by_key(text_of);
                }
            });
        }
    }

    /// A name without a value takes that of the project's variables, and stays null when there is none.
    fn values(&self, map: &mut Value) {
        for (name, member) in map_mut(map).into_iter().flatten() {
            if let (Data::Null, Some(value)) = (&member.value.data, self.variables.get(name)) {
                member.value = derived(&member.value, value.clone());
            }
        }
    }

    /// A build argument without a value that nothing gives is dropped.
    fn arguments(&self, args: &mut Value) {
        self.values(args);
        if let Some(map) = map_mut(args) {
            map.retain(|_, member| !matches!(member.value.data, Data::Null));
        }
    }

    fn context(&self, value: &mut Value) {
        if value.as_str().is_some_and(|context| !paths::is_remote(context)) {
            self.path(value);
        }
    }

    fn path(&self, value: &mut Value) {
        let Some(path) = value.as_str().filter(|path| !path.is_empty()) else { return };
        let home = self.variables.get("HOME").map(String::as_str);
        let absolute = paths::absolute(&(self.directory_of)(value.at.file), path, home);
        *value = derived(value, absolute);
    }

    /// A volume of the `local` driver that binds a directory (`o: bind`) may name it relative to the project.
    fn bound_device(&self, volume: &mut Value) {
        let option = |name: &str| volume.path(&["driver_opts", name]).and_then(text_of);
        let binds = option("o").is_some_and(|options| options.split(',').any(|option| option == "bind"));
        if binds && option("device").is_some_and(|device| !device.contains(':') && !device.starts_with('~')) {
            edit(volume, "driver_opts", |options| edit(options, "device", |device| self.path(device)));
        }
    }
}

/// Changes the value at the end of a path of keys, when it is there.
fn edit_path(value: &mut Value, path: &[&str], change: impl Fn(&mut Value)) {
    match path {
        [] => change(value),
        [key, rest @ ..] => edit(value, key, |value| edit_path(value, rest, change)),
    }
}

/// With `deploy`, `scale` is also its `replicas`.
fn scale_to_replicas(service: &mut Value) {
    let Some(scale) = service.get("scale").cloned() else { return };
    edit(service, "deploy", |deploy| {
        if let Some(map) = map_mut(deploy) {
            map.entry("replicas".to_owned()).or_insert_with(|| member(scale));
        }
    });
}
