use std::net::IpAddr;

use super::lists::keep_last;
use super::node::{derived, mapping, node, text_of};
use crate::compose::report::Report;
use crate::{Data, Value};

/// The short form of a port taken apart: `[[address:][published]:]target[/protocol]`.
struct Short<'t> {
    address: Option<&'t str>,
    published: Option<&'t str>,
    target: &'t str,
    protocol: String,
}

/// Brings `ports` into long form: one entry for each container port of a range.
pub(super) fn ports(value: &mut Value, report: &mut Report) {
    let Some(items) = value.as_seq() else { return };
    let mut long: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        match &item.data {
            Data::Map(_) => long.push(with_defaults(item, report)),
            Data::Float(_) => report.refuse(item.at, "expected a port, found a fraction".to_owned()),
            _ => long.extend(expand(item, report)),
        }
    }
    *value = node(value, Data::Seq(long));
    keep_last(value, |port| Some(identity(port)));
}

fn expand(item: &Value, report: &mut Report) -> Vec<Value> {
    let Some(text) = text_of(item) else { return Vec::new() };
    let unknown = report.passes_over(item);
    match take_apart(&text).and_then(|short| entries(item, &short)) {
        Ok(entries) => entries,
        Err(_) if unknown => vec![mapping(item, [("target", derived(item, text))])],
        Err(message) => {
            report.refuse(item.at, message);
            Vec::new()
        }
    }
}

fn take_apart(text: &str) -> Result<Short<'_>, String> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_ascii_lowercase() };
    if !["tcp", "udp", "sctp"].contains(&protocol.as_str()) {
        return Err(format!("unknown protocol {protocol:?}; expected tcp, udp or sctp"));
    }
    let (front, target) = match ports.rsplit_once(':') {
        Some((front, target)) => (Some(front), target),
        None => (None, ports),
    };
    let (address, published) = match front.map(|front| front.rsplit_once(':').ok_or(front)) {
        None => (None, None),
        Some(Err(published)) => (None, Some(published)),
        Some(Ok((address, published))) => (Some(address), Some(published)),
    };
    let address = address.map(bare_address).filter(|address| !address.is_empty());
    if let Some(address) = address.filter(|address| address.parse::<IpAddr>().is_err()) {
        return Err(format!("{address:?} is not an IP address"));
    }
    if target.is_empty() {
        return Err("no container port; expected [[address:][published]:]port[/protocol]".to_owned());
    }
    let published = published.filter(|published| !published.is_empty());
    Ok(Short { address, published, target, protocol })
}

fn bare_address(address: &str) -> &str {
    address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address)
}

/// First and last port of `80` or `8000-8010`.
fn parse_range(text: &str) -> Option<(u16, u16)> {
    let port = |text: &str| -> Option<u16> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
    };
    match text.split_once('-') {
        None => port(text).map(|port| (port, port)),
        Some((first, last)) => {
            let (first, last) = (port(first)?, port(last)?);
            (first <= last).then_some((first, last))
        }
    }
}

fn entries(item: &Value, short: &Short<'_>) -> Result<Vec<Value>, String> {
    let (first, last) = parse_range(short.target)
        .ok_or_else(|| format!("{:?} is not a container port or range of ports", short.target))?;
    let published = match short.published {
        None => None,
        Some(text) => {
            Some(parse_range(text).ok_or_else(|| format!("{text:?} is not a host port or range of ports"))?)
        }
    };
    let many = last - first;
    if let Some((from, to)) = published.filter(|(from, to)| to - from != many && many != 0) {
        return Err(format!(
            "{} host ports for {} container ports; give as many on both sides",
            u32::from(to - from) + 1,
            u32::from(many) + 1
        ));
    }
    let host_port = |offset: u16| match published {
        None => None,
        Some((from, to)) if many == 0 && from != to => Some(format!("{from}-{to}")),
        Some((from, _)) => Some((from + offset).to_string()),
    };
    Ok((0..=many).map(|offset| entry(item, short, first + offset, host_port(offset))).collect())
}

fn entry(item: &Value, short: &Short<'_>, target: u16, published: Option<String>) -> Value {
    let mut entry = mapping(
        item,
        [
            ("mode", derived(item, "ingress")),
            ("target", node(item, Data::Int(i64::from(target)))),
            ("protocol", derived(item, short.protocol.clone())),
        ],
    );
    let optional = [("published", published), ("host_ip", short.address.map(str::to_owned))];
    for (key, text) in optional {
        if let Some(text) = text {
            set(&mut entry, key, derived(item, text));
        }
    }
    entry
}

fn with_defaults(item: &Value, report: &mut Report) -> Value {
    let mut entry = item.clone();
    for (key, default) in [("mode", "ingress"), ("protocol", "tcp")] {
        if entry.get(key).is_none() {
            set(&mut entry, key, derived(item, default));
        }
    }
    if entry.get("target").is_none() {
        report.refuse(item.at, "\"target\" is missing: the port in the container".to_owned());
    }
    entry
}

fn set(entry: &mut Value, key: &str, value: Value) {
    if let Some(map) = super::node::map_mut(entry) {
        map.insert(key.to_owned(), super::node::member(value));
    }
}

/// What makes two ports the same for Compose: address, published port, target and protocol. A published port that is
/// written as a number is never the same as one in text.
fn identity(port: &Value) -> [String; 4] {
    let part = |field: &str| port.get(field).and_then(text_of);
    let published = match port.get("published").map(|published| &published.data) {
        Some(Data::Int(number)) => format!("number {number}"),
        _ => part("published").unwrap_or_default(),
    };
    let address = part("host_ip").unwrap_or_else(|| "0.0.0.0".to_owned());
    [address, published, part("target").unwrap_or_default(), part("protocol").unwrap_or_default()]
}
