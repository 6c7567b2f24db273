use indexmap::IndexMap;
use temper_text::Loc;

use super::environment::EnvironmentFiles;
use super::read::{Place, flag, item, items, setting, size, text, unknown, words};
use super::{mounts, resources};
use crate::compose::canonical::text_of;
use crate::compose::{Build, Definition, Dependency, Item, Service, paths};
use crate::{Data, Member, Setting, Spanned, Value};

/// One service of the canonical tree.
pub(crate) fn service(
    name: &str,
    member: &Member,
    definitions: Vec<Definition>,
    place: &Place<'_>,
    files: &mut EnvironmentFiles<'_>,
) -> Service {
    let value = &member.value;
    let (environment, env_files) = files.environment(value, place);
    Service {
        name: name.to_owned(),
        at: definitions.first().map_or(member.key, |first| first.key),
        definitions,
        image: text(value, "image"),
        build: value.get("build").and_then(|value| build(value, place)),
        user: text(value, "user"),
        group_add: items(value, "group_add"),
        read_only: flag(value, "read_only"),
        privileged: flag(value, "privileged"),
        init: flag(value, "init"),
        cap_add: items(value, "cap_add"),
        cap_drop: items(value, "cap_drop"),
        security_opt: items(value, "security_opt"),
        pid: text(value, "pid"),
        ipc: text(value, "ipc"),
        uts: text(value, "uts"),
        userns_mode: text(value, "userns_mode"),
        cgroup: text(value, "cgroup"),
        network_mode: text(value, "network_mode"),
        tmpfs: mounts::tmpfs(value),
        mounts: mounts::mounts(value, place),
        devices: list(value, "devices").iter().filter_map(device).collect(),
        device_cgroup_rules: items(value, "device_cgroup_rules"),
        gpus: resources::gpus(value),
        runtime: text(value, "runtime"),
        shm_size: setting(value, &["shm_size"], size),
        memory_limit: resources::memory_limit(value),
        cpu_limit: resources::cpu_limit(value),
        pids_limit: resources::pids_limit(value),
        healthcheck: resources::healthcheck(value),
        ports: resources::ports(value),
        expose: items(value, "expose"),
        environment,
        env_files,
        command: words(value, "command"),
        entrypoint: words(value, "entrypoint"),
        working_dir: text(value, "working_dir"),
        networks: networks(value),
        depends_on: dependencies(value),
        profiles: items(value, "profiles"),
        secrets: mounted_files(value),
        extra_hosts: items(value, "extra_hosts"),
        replicas: resources::replicas(value),
        value: value.clone(),
    }
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_seq).unwrap_or_default()
}

fn entries<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = (&'v String, &'v Member)> {
    value.get(key).and_then(Value::as_map).into_iter().flatten()
}

fn build(value: &Value, place: &Place<'_>) -> Option<Build> {
    value.as_map()?;
    let context = value.get("context").filter(|context| context.missing().is_empty()).and_then(|context| {
        let path = context.as_str().filter(|path| !paths::is_remote(path))?;
        Some(place.resolve(context, path))
    });
    let inline = value.get("dockerfile_inline").and_then(|inline| Some(spanned(inline, text_of(inline)?)));
    let dockerfile = value.get("dockerfile").filter(|file| file.missing().is_empty() && inline.is_none());
    let dockerfile = dockerfile.and_then(|file| {
        let written = file.as_str().filter(|path| !path.is_empty())?;
        let path = match &context {
            _ if written.starts_with('/') => place.resolve(file, written),
            Some(context) if context.starts_with('/') => paths::clean(&format!("{context}/{written}")),
            Some(context) => crate::path::join(context, written),
            None => return None,
        };
        Some(spanned(file, path))
    });
    let args = entries(value, "args").map(|(name, member)| (name.clone(), argument(&member.value)));
    Some(Build {
        at: value.at,
        context,
        dockerfile,
        inline,
        target: text(value, "target"),
        args: args.collect(),
    })
}

fn spanned(from: &Value, text: String) -> Spanned<String> {
    Spanned::new(text, from.at)
}

fn argument(value: &Value) -> Option<Setting<String>> {
    if !value.missing().is_empty() {
        return Some(unknown(value));
    }
    text_of(value).map(|text| Setting::Known(Spanned::new(text, value.at)))
}

/// `host:container[:permissions]`; a name of the Container Device Interface stays alone.
fn device(value: &Value) -> Option<Item> {
    let source = value.get("source")?;
    let mut item = item(source)?;
    item.at = value.at;
    let is_path = item.value.starts_with('/');
    if let Some(target) = value.get("target").and_then(text_of).filter(|_| is_path) {
        item.value = format!("{}:{target}", item.value);
        if let Some(permissions) = value.get("permissions").and_then(text_of).filter(|p| p != "rwm") {
            item.value = format!("{}:{permissions}", item.value);
        }
    }
    Some(item)
}

fn networks(value: &Value) -> IndexMap<String, Loc> {
    if resources::is_given(value.get("network_mode")) {
        return IndexMap::new();
    }
    entries(value, "networks").map(|(name, member)| (name.clone(), member.key)).collect()
}

fn dependencies(value: &Value) -> IndexMap<String, Dependency> {
    let dependency = |(name, member): (&String, &Member)| {
        let condition = member.value.get("condition").and_then(text_of);
        let required = member.value.get("required").map(|required| &required.data);
        let dependency = Dependency {
            at: member.key,
            condition: condition.unwrap_or_else(|| "service_started".to_owned()),
            required: !matches!(required, Some(Data::Bool(false))),
        };
        (name.clone(), dependency)
    };
    entries(value, "depends_on").map(dependency).collect()
}

/// Secrets and configs as `name:path`.
fn mounted_files(value: &Value) -> Vec<Item> {
    let files = list(value, "secrets").iter().chain(list(value, "configs"));
    files
        .filter_map(|file| {
            let mut item = item(file.get("source")?)?;
            let target = file.get("target").and_then(text_of).unwrap_or_else(|| format!("/{}", item.value));
            item.value = format!("{}:{target}", item.value);
            item.at = file.at;
            Some(item)
        })
        .collect()
}
