//! The paths that are not merged as their YAML type would be.

use indexmap::IndexMap;

use super::canonical::text_of;
use super::document::Fault;
use super::load_path::KeyPath;
use super::merge::merge_maps;
use crate::{Data, Member, Text, Value};

/// How values of a path are merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The later file's value stands alone.
    Replace,
    /// Both as lists, mappings as `key=value`, one after the other.
    Sequence,
    /// As lists, without what the base has letter by letter.
    Hosts,
    /// Both as lists, where by unicity the last entry of a key wins.
    Pairs,
    /// `build`: a text is the context.
    Build,
    /// `depends_on`: a list is a mapping with the default condition.
    DependsOn,
    /// `networks` of a service: a list is a mapping of nothing.
    Names,
    /// `gpus`: lists one after the other; the word `all` on top of something is refused.
    Gpus,
    /// `logging`: options are merged for the same driver only.
    Logging,
    /// `ipam.config`: entries of the same subnet are merged.
    Subnets,
}

const RULES: &[(&str, Rule)] = &[
    ("networks.*.ipam.config", Rule::Subnets),
    ("networks.*.labels", Rule::Pairs),
    ("volumes.*.labels", Rule::Pairs),
    ("services.*.annotations", Rule::Pairs),
    ("services.*.build", Rule::Build),
    ("services.*.build.args", Rule::Pairs),
    ("services.*.build.additional_contexts", Rule::Pairs),
    ("services.*.build.labels", Rule::Pairs),
    ("services.*.command", Rule::Replace),
    ("services.*.depends_on", Rule::DependsOn),
    ("services.*.deploy.labels", Rule::Pairs),
    ("services.*.dns", Rule::Sequence),
    ("services.*.dns_opt", Rule::Sequence),
    ("services.*.dns_search", Rule::Sequence),
    ("services.*.entrypoint", Rule::Replace),
    ("services.*.env_file", Rule::Sequence),
    ("services.*.environment", Rule::Pairs),
    ("services.*.extra_hosts", Rule::Hosts),
    ("services.*.gpus", Rule::Gpus),
    ("services.*.healthcheck.test", Rule::Replace),
    ("services.*.labels", Rule::Pairs),
    ("services.*.logging", Rule::Logging),
    ("services.*.networks", Rule::Names),
    ("services.*.sysctls", Rule::Pairs),
    ("services.*.tmpfs", Rule::Sequence),
    ("services.*.ulimits.*", Rule::Replace),
];

/// The rule of a path, when it has one.
pub(crate) fn rule(path: &KeyPath) -> Option<Rule> {
    RULES.iter().find(|(pattern, _)| path.matches(pattern)).map(|(_, rule)| *rule)
}

impl Rule {
    /// Merges two values by this rule.
    pub(crate) fn merge(
        self,
        base: Value,
        over: Value,
        path: &mut KeyPath,
        faults: &mut Vec<Fault>,
    ) -> Value {
        match self {
            Self::Replace => over,
            Self::Pairs => join(base, over),
            Self::Sequence => {
                let (at, origin) = (base.at, base.origin);
                let mut items = sequence(base);
                items.extend(sequence(over));
                Value { data: Data::Seq(items), at, origin }
            }
            Self::Hosts => hosts(base, over),
            Self::Build => as_maps(base, over, path, faults, context),
            Self::DependsOn => as_maps(base, over, path, faults, |value| named(value, started)),
            Self::Names => as_maps(base, over, path, faults, |value| named(value, nothing)),
            Self::Gpus => gpus(base, over, path, faults),
            Self::Logging => logging(base, over, path, faults),
            Self::Subnets => subnets(base, over, path, faults),
        }
    }
}

fn hosts(base: Value, over: Value) -> Value {
    let (at, origin) = (base.at, base.origin);
    let mut items = host_sequence(base);
    let is_new = |host: &Value| !items.iter().any(|item| text_of(item) == text_of(host));
    let added: Vec<Value> = host_sequence(over).into_iter().filter(is_new).collect();
    items.extend(added);
    Value { data: Data::Seq(items), at, origin }
}

/// As [`sequence`], where a host of several addresses is several items.
fn host_sequence(hosts: Value) -> Vec<Value> {
    let Value { data, at, origin } = hosts;
    let Data::Map(map) = data else { return sequence(Value { data, at, origin }) };
    let mut items = Vec::new();
    for (host, Member { key, value }) in map {
        match value.data {
            Data::Seq(addresses) => {
                items.extend(addresses.into_iter().map(|value| pair(&host, Member { key, value })));
            }
            _ => items.push(pair(&host, Member { key, value })),
        }
    }
    items
}

/// Two mappings stay one, so that each key keeps its place; in Compose they become a list, and by unicity the last
/// entry of a key wins, which is the same.
fn join(base: Value, over: Value) -> Value {
    let (at, origin) = (base.at, base.origin);
    let data = match (base.data, over.data) {
        (Data::Map(mut map), Data::Map(other)) => {
            map.extend(other);
            Data::Map(map)
        }
        (base, other) => {
            let mut items = sequence(Value { data: base, at, origin });
            items.extend(sequence(Value { data: other, at: over.at, origin: over.origin }));
            Data::Seq(items)
        }
    };
    Value { data, at, origin }
}

/// The items of a list; `key=value` texts for the entries of a mapping; a text alone as one item.
fn sequence(value: Value) -> Vec<Value> {
    let Value { data, at, origin } = value;
    match data {
        Data::Map(map) => map.into_iter().map(|(name, member)| pair(&name, member)).collect(),
        Data::Seq(items) => items,
        Data::Null => Vec::new(),
        data => vec![Value { data, at, origin }],
    }
}

fn pair(name: &str, member: Member) -> Value {
    let Member { key, value } = member;
    let text = match (text_of(&value), value.data) {
        (_, Data::Null) => return Value { data: Data::Str(name.into()), at: key, origin: value.origin },
        (_, Data::Str(text)) => Text {
            value: format!("{name}={}", text.value),
            raw: text.raw.map(|raw| format!("{name}={raw}")),
            missing: text.missing,
        },
        (Some(text), _) => Text::from(format!("{name}={text}").as_str()),
        // Not a pair; left for the check of the file format to refuse.
        (None, data) => return Value { data, at: value.at, origin: value.origin },
    };
    Value { data: Data::Str(text), at: value.at, origin: value.origin }
}

fn as_maps(
    base: Value,
    over: Value,
    path: &mut KeyPath,
    faults: &mut Vec<Fault>,
    to_map: impl Fn(Value) -> Value,
) -> Value {
    let mut base = to_map(base);
    let over = to_map(over);
    match (&mut base.data, over.data) {
        (Data::Map(map), Data::Map(other)) => {
            merge_maps(map, other, path, faults);
            base
        }
        (_, Data::Null) => base,
        (_, data) => Value { data, at: over.at, origin: over.origin },
    }
}

fn context(value: Value) -> Value {
    let Value { data, at, origin } = value;
    let data = match data {
        Data::Str(text) => {
            let context = Member { key: at, value: Value { data: Data::Str(text), at, origin } };
            Data::Map(IndexMap::from([("context".to_owned(), context)]))
        }
        data => data,
    };
    Value { data, at, origin }
}

/// A list of names as a mapping.
fn named(value: Value, entry: impl Fn(&Value) -> Data) -> Value {
    let Value { data, at, origin } = value;
    let Data::Seq(items) = data else { return Value { data, at, origin } };
    let mut map = IndexMap::new();
    for item in items {
        let Some(name) = item.as_str() else { continue };
        let value = Value { data: entry(&item), at: item.at, origin: item.origin };
        map.insert(name.to_owned(), Member { key: item.at, value });
    }
    Value { data: Data::Map(map), at, origin }
}

fn nothing(_: &Value) -> Data {
    Data::Null
}

fn started(item: &Value) -> Data {
    let member = |data| Member { key: item.at, value: Value { data, at: item.at, origin: item.origin } };
    Data::Map(IndexMap::from([
        ("condition".to_owned(), member(Data::Str("service_started".into()))),
        ("required".to_owned(), member(Data::Bool(true))),
    ]))
}

fn gpus(base: Value, over: Value, path: &KeyPath, faults: &mut Vec<Fault>) -> Value {
    match (&base.data, &over.data) {
        (_, Data::Null) => return base,
        (Data::Null, _) => return over,
        (_, Data::Str(text)) => {
            if text.missing.is_empty() {
                let message = format!(
                    "{}: Compose does not replace what an earlier file asks for by a word; \
                     write a list, or put `!override` before it",
                    path.show()
                );
                faults.push(Fault { at: over.at, message });
            }
            return over;
        }
        _ => {}
    }
    let (at, origin) = (base.at, base.origin);
    let mut items: Vec<Value> = sequence(base).into_iter().map(request).collect();
    items.extend(sequence(over));
    Value { data: Data::Seq(items), at, origin }
}

/// The word `all` as the request that it stands for.
fn request(value: Value) -> Value {
    let Value { data, at, origin } = value;
    let data = match data {
        Data::Str(_) => {
            let count = Member { key: at, value: Value { data, at, origin } };
            Data::Map(IndexMap::from([("count".to_owned(), count)]))
        }
        data => data,
    };
    Value { data, at, origin }
}

fn logging(mut base: Value, over: Value, path: &mut KeyPath, faults: &mut Vec<Fault>) -> Value {
    let other_driver = match (driver(&base), driver(&over)) {
        (Some(before), Some(after)) => before != after,
        _ => false,
    };
    if other_driver {
        return over;
    }
    match (&mut base.data, over.data) {
        (Data::Map(map), Data::Map(other)) => {
            merge_maps(map, other, path, faults);
            base
        }
        (_, data) => Value { data, at: over.at, origin: over.origin },
    }
}

fn driver(logging: &Value) -> Option<&str> {
    logging.get("driver").and_then(Value::as_str)
}

/// As Compose 2.26 does it, which keeps of the base only the entries that the later file has as well, and lets an
/// entry of the later file that several entries of the base do not equal take over their other fields.
fn subnets(base: Value, over: Value, path: &mut KeyPath, faults: &mut Vec<Fault>) -> Value {
    let (at, origin) = (base.at, base.origin);
    let mut configs: Vec<Value> = Vec::new();
    let over = sequence(over);
    for mut old in sequence(base) {
        for new in &over {
            let known = configs.iter().position(|config| subnet(config) == subnet(new));
            if subnet(new) != subnet(&old) && known.is_none() {
                configs.push(new.clone());
                continue;
            }
            if let (Data::Map(map), Data::Map(other)) = (&mut old.data, new.data.clone()) {
                merge_maps(map, other, path, faults);
            }
            match known.and_then(|index| configs.get_mut(index)) {
                Some(config) => *config = old.clone(),
                None => configs.push(old.clone()),
            }
        }
    }
    Value { data: Data::Seq(configs), at, origin }
}

fn subnet(config: &Value) -> Option<&str> {
    config.get("subnet").and_then(Value::as_str)
}
