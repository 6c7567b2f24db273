use temper_text::Loc;

use super::read::{boolean, integer, missing_of, setting, size};
use crate::compose::canonical::text_of;
use crate::compose::{Healthcheck, Port};
use crate::{Data, Setting, Value};

/// The places that ask for a GPU.
pub(super) fn gpus(service: &Value) -> Vec<Loc> {
    let mut places: Vec<Loc> = list(service.get("gpus")).iter().map(|request| request.at).collect();
    let devices = service.path(&["deploy", "resources", "reservations", "devices"]);
    places.extend(list(devices).iter().filter(|request| asks_for_gpu(request)).map(|request| request.at));
    if let Some(runtime) = service.get("runtime").filter(|runtime| runtime.as_str() == Some("nvidia")) {
        places.push(runtime.at);
    }
    places
}

fn asks_for_gpu(request: &Value) -> bool {
    list(request.get("capabilities")).iter().any(|capability| capability.as_str() == Some("gpu"))
}

fn list(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_seq).unwrap_or_default()
}

/// The memory limit in bytes. None when it is 0 or less, which means no limit.
pub(super) fn memory_limit(service: &Value) -> Option<Setting<u64>> {
    let positive = |value: &Value| size(value).filter(|bytes| *bytes > 0);
    setting(service, &["deploy", "resources", "limits", "memory"], positive)
        .or_else(|| setting(service, &["mem_limit"], positive))
}

/// The CPU limit. None when it is 0, which means no limit.
pub(super) fn cpu_limit(service: &Value) -> Option<Setting<String>> {
    let positive = |value: &Value| {
        text_of(value).filter(|text| crate::compose::units::number(text).is_some_and(|cpus| cpus > 0.0))
    };
    setting(service, &["deploy", "resources", "limits", "cpus"], positive)
        .or_else(|| setting(service, &["cpus"], positive))
}

/// The limit of processes.
pub(super) fn pids_limit(service: &Value) -> Option<Setting<i64>> {
    setting(service, &["deploy", "resources", "limits", "pids"], integer)
        .or_else(|| setting(service, &["pids_limit"], integer))
}

/// How many containers are wanted.
pub(super) fn replicas(service: &Value) -> Option<Setting<u64>> {
    let count = |value: &Value| integer(value).and_then(|count| u64::try_from(count).ok());
    setting(service, &["deploy", "replicas"], count).or_else(|| setting(service, &["scale"], count))
}

/// `healthcheck`.
pub(super) fn healthcheck(service: &Value) -> Option<Healthcheck> {
    let value = service.get("healthcheck").filter(|value| value.as_map().is_some())?;
    let words = list(value.get("test"));
    let test: Vec<String> = words.iter().filter_map(text_of).collect();
    let switched_off = value.get("disable").and_then(boolean).unwrap_or(false);
    Some(Healthcheck {
        at: value.at,
        disabled: switched_off || test.first().is_some_and(|word| word == "NONE"),
        test,
        missing: missing_of(words.iter().chain(value.get("disable"))),
    })
}

/// `ports`; the entries that came from one range are one again.
pub(super) fn ports(service: &Value) -> Vec<Port> {
    let mut ports: Vec<Port> = Vec::new();
    for value in list(service.get("ports")) {
        let Some(port) = port(value) else { continue };
        match ports.last_mut().filter(|last| last.at == port.at) {
            Some(last) => extend(last, &port),
            None => ports.push(port),
        }
    }
    ports
}

fn port(value: &Value) -> Option<Port> {
    let text = |key: &str| value.get(key).and_then(text_of).filter(|text| !text.is_empty());
    let fields = ["host_ip", "published", "target", "protocol"];
    Some(Port {
        at: value.at,
        host_ip: text("host_ip"),
        published: text("published"),
        target: text("target")?,
        protocol: text("protocol").unwrap_or_else(|| "tcp".to_owned()),
        missing: missing_of(fields.iter().filter_map(|key| value.get(key))),
    })
}

fn extend(range: &mut Port, next: &Port) {
    range.target = span(&range.target, &next.target);
    range.published = match (&range.published, &next.published) {
        (Some(first), Some(last)) => Some(span(first, last)),
        (published, _) => published.clone(),
    };
}

fn span(range: &str, last: &str) -> String {
    let first = range.split_once('-').map_or(range, |(first, _)| first);
    format!("{first}-{last}")
}

/// True when the value is written and not null.
pub(super) fn is_given(value: Option<&Value>) -> bool {
    value.is_some_and(|value| !matches!(value.data, Data::Null))
}
