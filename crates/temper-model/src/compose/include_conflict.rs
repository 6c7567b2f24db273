//! When Compose takes two definitions of one name, one of them brought in by an `include`, for the same.
//!
//! It brings what an include brings in into its normal form before it compares, and what is there is in that form only
//! when it was brought in, too. That form is not the long form of the whole file: only some fields are changed. Found
//! by experiment with Compose 2.26.

use indexmap::IndexMap;
use temper_text::Loc;

use super::canonical::{canonical, edit, seq_mut};
use super::load::Loader;
use super::normalize::Machine;
use super::report::Report;
use crate::{Data, Member, Origin, Value};

/// Fields of a service that are in long form by then.
const LONG: [&str; 11] = [
    "configs",
    "depends_on",
    "deploy",
    "devices",
    "dns",
    "dns_search",
    "env_file",
    "networks",
    "ports",
    "secrets",
    "volumes",
];

/// True when `imported` may stand beside `own`, which has the same section and name.
pub(super) fn is_same(loader: &Loader<'_>, place: (&str, &str), own: &Value, imported: &Value) -> bool {
    let imported = normal(loader, place, imported);
    match own.origin {
        Origin::Include(_) => same(&normal(loader, place, own), &imported),
        _ => same(own, &imported),
    }
}

fn normal(loader: &Loader<'_>, place: (&str, &str), value: &Value) -> Value {
    match (place.0, &value.data) {
        ("services", Data::Map(fields)) => {
            let mut fields = fields.clone();
            let (long, _): (IndexMap<_, _>, IndexMap<_, _>) =
                fields.clone().into_iter().partition(|(key, _)| LONG.contains(&key.as_str()));
            let numbers = short_ports(long.get("ports").map(|member: &Member| &member.value));
            let long = Value { data: Data::Map(long), at: value.at, origin: value.origin };
            if let Data::Map(long) = completed(loader, place, long).data {
                fields.extend(long);
            }
            let mut service = Value { data: Data::Map(fields), at: value.at, origin: value.origin };
            edit(&mut service, "ports", |ports| mark_short(ports, &numbers));
            edit(&mut service, "build", context);
            service
        }
        ("secrets" | "configs", _) => completed(loader, place, value.clone()),
        _ => value.clone(),
    }
}

/// The value in long form with absolute paths.
fn completed(loader: &Loader<'_>, (section, name): (&str, &str), value: Value) -> Value {
    let around = |key: &str, value: Value| {
        let (at, origin) = (value.at, value.origin);
        Value { data: Data::Map(IndexMap::from([(key.to_owned(), Member { key: at, value })])), at, origin }
    };
    let mut root = around(section, around(name, value.clone()));
    // What cannot be brought into long form is refused later, when the whole project is.
    canonical(&mut root, &mut Report::new(true));
    let directory_of = |file| loader.directory_of(file);
    Machine { variables: &IndexMap::new(), directory_of: &directory_of }.complete(&mut root);
    root.path(&[section, name]).cloned().unwrap_or(value)
}

/// The places of ports in short form.
fn short_ports(ports: Option<&Value>) -> Vec<Loc> {
    let items = ports.and_then(Value::as_seq).unwrap_or_default();
    items.iter().filter(|port| port.as_map().is_none()).map(|port| port.at).collect()
}

/// To Compose the target of a short port is a number of another type than one that is written in long form, so that
/// the two are never the same.
fn mark_short(ports: &mut Value, short: &[Loc]) {
    for port in seq_mut(ports).into_iter().flatten() {
        let is_short = short.contains(&port.at);
        edit(port, "target", |target| {
            if let (true, Data::Int(number)) = (is_short, &target.data) {
                target.data = Data::Str(number.to_string().as_str().into());
            }
        });
    }
}

fn context(build: &mut Value) {
    if matches!(build.data, Data::Str(_)) {
        let context = Member { key: build.at, value: build.clone() };
        build.data = Data::Map(IndexMap::from([("context".to_owned(), context)]));
    }
}

/// True when two values hold the same data, wherever they are written.
fn same(a: &Value, b: &Value) -> bool {
    match (&a.data, &b.data) {
        (Data::Map(a), Data::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, own)| b.get(key).is_some_and(|other| same(&own.value, &other.value)))
        }
        (Data::Seq(a), Data::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Data::Str(a), Data::Str(b)) => a.value == b.value && a.missing == b.missing,
        (a, b) => a == b,
    }
}
