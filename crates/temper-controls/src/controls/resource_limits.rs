//! Memory, CPU and processes of every container are limited.
//!
//! ## What it flags
//! Three judgements a service. Memory: neither `mem_limit` nor `deploy.resources.limits.memory`, or a limit of 0. CPU:
//! neither `cpus` nor `deploy.resources.limits.cpus`, or 0; `cpu_shares` is a weight and no limit. Processes: neither
//! `pids_limit` nor `deploy.resources.limits.pids`, or 0 or -1, which both mean none. `docker compose up` applies the
//! limits under `deploy` without swarm mode.
//!
//! In a running container: the limits of its control group, which have to be those of the files.
//!
//! ## Why it matters
//! A container without limits can take all memory, CPU and process numbers of the host, whether it was taken over or
//! leaks by itself. The kernel then ends processes of other services, or nobody can log in to stop it.
//!
//! ## Fix safety
//! The process limit comes from `classes.<class>.pids` and needs proof: 2048 is far more than most services start, but
//! threads count, and a server with one thread a connection may need more. Memory and CPU limits are written only when
//! `temper.toml` gives them for the service or its class, and need proof; else the fix is refused, because a guessed
//! limit ends the service in the middle of its work. The fix uses the form that the service uses already: Compose
//! refuses a project in which `pids_limit` stands beside `deploy.resources.limits`.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.11, 5.12 and 5.29
//! - NIST SP 800-190, 4.4.3
//! - <https://docs.docker.com/reference/compose-file/deploy/#resources>
//! - <https://docs.docker.com/engine/containers/resource_constraints/>

use temper_model::{Setting, show_size};
use temper_text::Loc;

use super::shared::live::place;
use super::shared::{fix, missing_variables, needs_proof, refused, size_text};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Scalar, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct ResourceLimits;

static META: Meta = Meta {
    id: "resource-limits",
    title: "memory, CPU and processes are limited",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &[
        "cis-docker-1.7:5.11",
        "cis-docker-1.7:5.12",
        "cis-docker-1.7:5.29",
        "nist-sp-800-190:4.4.3",
    ],
    requires: &[],
    source: include_str!("resource_limits.rs"),
};

impl Control for ResourceLimits {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        memory(context, verdicts);
        cpus(context, verdicts);
        processes(context, verdicts);
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service.service;
        let limits = match context.container.limits.get() {
            Ok(limits) => limits,
            Err(missing) => {
                verdicts.unknown(service.at, "its control group was not seen", missing);
                return;
            }
        };
        let memory = service.memory_limit.as_ref().and_then(Setting::known).copied();
        let at = place(context, service.memory_limit.as_ref().map(Setting::at));
        in_force(at, &MEMORY, limits.memory, memory, show_size, verdicts);
        let cpus = service.cpu_limit.as_ref().and_then(Setting::known).and_then(|cpus| nano_cpus(cpus));
        let at = place(context, service.cpu_limit.as_ref().map(Setting::at));
        in_force(at, &CPUS, limits.nano_cpus, cpus, show_cpus, verdicts);
        let pids = service.pids_limit.as_ref().and_then(Setting::known);
        let pids = pids.and_then(|pids| u64::try_from(*pids).ok()).filter(|pids| *pids > 0);
        let at = place(context, service.pids_limit.as_ref().map(Setting::at));
        in_force(at, &PIDS, limits.pids, pids, |pids| pids.to_string(), verdicts);
    }
}

/// A limit of the control group, against that of the files.
fn in_force(
    at: Loc,
    limit: &Limit,
    found: Option<u64>,
    written: Option<u64>,
    show: impl Fn(u64) -> String,
    verdicts: &mut Verdicts,
) {
    let name = limit.name;
    match (found, written) {
        (None, _) => verdicts.fail(at, format!("no {name} limit is in force")),
        // The engine rounds memory down to whole pages, and CPU time to microseconds of a period.
        (Some(found), Some(written)) if found.abs_diff(written) > written / 1000 => {
            let message =
                format!("the {name} limit in force is {}, the files say {}", show(found), show(written));
            verdicts.fail(at, message)
        }
        (Some(found), _) => verdicts.pass(at, format!("the {name} limit in force is {}", show(found))),
    };
}

/// CPUs as Compose writes them, `"0.5"`, in billionths.
fn nano_cpus(text: &str) -> Option<u64> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = format!("{part:0<9}");
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let part: u64 = digits.get(..9)?.parse().ok()?;
    whole.checked_mul(1_000_000_000)?.checked_add(part)
}

fn show_cpus(nano: u64) -> String {
    let text = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A limit: how people call it, its short key and its key below `deploy.resources.limits`.
struct Limit {
    name: &'static str,
    short: &'static str,
    long: &'static str,
}

const MEMORY: Limit = Limit { name: "memory", short: "mem_limit", long: "memory" };
const CPUS: Limit = Limit { name: "CPU", short: "cpus", long: "cpus" };
const PIDS: Limit = Limit { name: "process", short: "pids_limit", long: "pids" };

fn memory(context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
    match &context.service.memory_limit {
        Some(Setting::Known(set)) => {
            verdicts.pass(set.at, format!("memory is limited to {}", show_size(set.value)));
        }
        Some(Setting::Unknown { at, missing, .. }) => hangs_on(&MEMORY, *at, missing, verdicts),
        None => {
            let value = context.profile.target.memory.map(size_text);
            let fix = from_settings(context, &MEMORY, value, "the kernel ends a process that needs more");
            none(context, &MEMORY, fix, verdicts);
        }
    }
}

fn cpus(context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
    match &context.service.cpu_limit {
        Some(Setting::Known(set)) => {
            verdicts.pass(set.at, format!("CPU is limited to {}", set.value));
        }
        Some(Setting::Unknown { at, missing, .. }) => hangs_on(&CPUS, *at, missing, verdicts),
        None => {
            let value = context.profile.target.cpus.clone();
            let fix = from_settings(context, &CPUS, value, "the service may become too slow for its clients");
            none(context, &CPUS, fix, verdicts);
        }
    }
}

fn processes(context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
    match &context.service.pids_limit {
        Some(Setting::Known(set)) if set.value > 0 => {
            verdicts.pass(set.at, format!("processes are limited to {}", set.value));
        }
        Some(Setting::Unknown { at, missing, .. }) => hangs_on(&PIDS, *at, missing, verdicts),
        Some(Setting::Known(_)) | None => none(context, &PIDS, process_fix(context), verdicts),
    }
}

fn hangs_on(limit: &Limit, at: Loc, missing: &[String], verdicts: &mut Verdicts) {
    verdicts.unknown(at, format!("the {} limit hangs on a variable", limit.name), missing_variables(missing));
}

fn none(context: &ServiceContext<'_>, limit: &Limit, fix: Fix, verdicts: &mut Verdicts) {
    let judgement = match written(context, limit) {
        Some(at) => verdicts.fail(at, format!("the {} limit is 0 or negative, which means none", limit.name)),
        None => verdicts.fail(context.service.at, format!("no {} limit", limit.name)),
    };
    judgement.fix(fix);
}

/// Where a limit is written that limits nothing.
fn written(context: &ServiceContext<'_>, limit: &Limit) -> Option<Loc> {
    let value = &context.service.value;
    let long = value.path(&["deploy", "resources", "limits", limit.long]);
    long.or_else(|| value.get(limit.short)).map(|value| value.at)
}

fn process_fix(context: &ServiceContext<'_>) -> Fix {
    let pids = context.profile.target.pids;
    let Ok(value) = i64::try_from(pids) else {
        return refused("limit processes", format!("{pids} processes are more than Compose can read"));
    };
    let path = path(context, &PIDS);
    let safety = needs_proof(format!("threads count too, and the service may start more than {pids}"));
    let summary = format!("set `{}: {pids}`", path.join("."));
    let action = ComposeAction::Set { path, value: Scalar::Int(value) };
    fix(context, safety, summary, [(action, "CIS Docker 5.29".to_owned())])
}

fn from_settings(context: &ServiceContext<'_>, limit: &Limit, value: Option<String>, risk: &str) -> Fix {
    let class = context.profile.class.value.as_str();
    let Some(value) = value else {
        let reason = format!(
            "nothing was measured: set classes.{class}.{} in temper.toml, or in services.{}",
            limit.long, context.service.name
        );
        return refused(format!("limit {}", limit.name), reason);
    };
    let path = path(context, limit);
    let summary = format!("set `{}: {value}`", path.join("."));
    let action = ComposeAction::Set { path, value: Scalar::Str(value) };
    fix(context, needs_proof(risk), summary, [(action, "limit of temper.toml".to_owned())])
}

/// The form that the service uses: Compose 2 wants the short keys and `deploy.resources.limits` to agree in everything,
/// also in what one of them leaves out.
fn path(context: &ServiceContext<'_>, limit: &Limit) -> Vec<&'static str> {
    match context.service.value.path(&["deploy", "resources", "limits"]) {
        Some(_) => vec!["deploy", "resources", "limits", limit.long],
        None => vec![limit.short],
    }
}

#[cfg(test)]
mod tests {
    use super::{nano_cpus, show_cpus};

    #[test]
    fn cpus_are_read_and_shown_as_people_write_them() {
        for (text, nano) in [("0.5", 500_000_000), ("2", 2_000_000_000), (".25", 250_000_000)] {
            assert_eq!(nano_cpus(text), Some(nano), "{text}");
        }
        assert_eq!((show_cpus(1_500_000_000), show_cpus(2_000_000_000)), ("1.5".to_owned(), "2".to_owned()));
        assert_eq!(nano_cpus("many"), None);
    }
}
