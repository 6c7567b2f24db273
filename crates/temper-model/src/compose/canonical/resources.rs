use super::lists::{keep_last, pairs_to_map};
use super::node::{derived, edit, map_mut, mapping, member, node, seq_mut, text_of};
use crate::compose::report::Report;
use crate::compose::units;
use crate::{Data, Value};

/// `host[:container[:permissions]]` to its parts. A name of the Container Device Interface (`vendor/class=name`) has
/// no path in the container.
pub(super) fn devices(value: &mut Value, report: &mut Report) {
    for item in seq_mut(value).into_iter().flatten() {
        let Some(text) = item.as_str() else {
            if item.get("target").is_none() {
                report.refuse(item.at, "\"target\" is missing: the path in the container".to_owned());
            }
            continue;
        };
        let parts: Vec<&str> = text.split(':').collect();
        let (source, target, permissions) = match parts.as_slice() {
            [source] => (*source, *source, "rwm"),
            [source, target] => (*source, *target, "rwm"),
            [source, target, permissions] => (*source, *target, *permissions),
            _ => {
                report.refuse(item.at, format!("expected host[:container[:permissions]], found {text:?}"));
                continue;
            }
        };
        *item = mapping(
            item,
            [
                ("source", derived(item, source)),
                ("target", derived(item, target)),
                ("permissions", derived(item, permissions)),
            ],
        );
    }
    keep_last(value, |item| item.get("target").and_then(text_of));
}

/// `gpus: all` to a list with one request.
pub(super) fn gpus(value: &mut Value, report: &mut Report) {
    if let Some(text) = value.as_str() {
        if text != "all" && !report.passes_over(value) {
            report.refuse(value.at, format!("expected all or a list of devices, found {text:?}"));
        }
        let request = mapping(value, [("count", derived(value, "all"))]);
        *value = node(value, Data::Seq(vec![request]));
    }
    device_requests(value, report);
}

/// `deploy`: long form of labels and device requests.
pub(super) fn deploy(value: &mut Value, report: &mut Report) {
    edit(value, "labels", pairs_to_map);
    edit(value, "resources", |resources| {
        edit(resources, "reservations", |reservations| {
            edit(reservations, "devices", |devices| device_requests(devices, report));
        });
    });
}

fn device_requests(value: &mut Value, report: &mut Report) {
    for request in seq_mut(value).into_iter().flatten() {
        edit(request, "options", pairs_to_map);
        if request.get("count").is_some() && request.get("device_ids").is_some() {
            report.refuse(request.at, "\"count\" and \"device_ids\" exclude each other".to_owned());
        }
        edit(request, "count", |count| device_count(count, report));
        if request.get("count").is_none() && request.get("device_ids").is_none() {
            let all = member(node(request, Data::Int(ALL_DEVICES)));
            if let Some(map) = map_mut(request) {
                map.insert("count".to_owned(), all);
            }
        }
    }
}

/// How Compose prints `count: all`.
const ALL_DEVICES: i64 = -1;

fn device_count(count: &mut Value, report: &mut Report) {
    let Some(text) = count.as_str() else { return };
    match units::integer(text).or((text == "all").then_some(ALL_DEVICES)) {
        Some(number) => *count = node(count, Data::Int(number)),
        None if report.passes_over(count) => {}
        None => report.refuse(count.at, format!("expected all or a number, found {text:?}")),
    }
}
