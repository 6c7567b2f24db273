//! A container gets no device of the host but a GPU, and a GPU comes with the groups that may open it.
//!
//! ## What it flags
//! Each `devices` entry that is no GPU, and `device_cgroup_rules` that allow devices. For a service that uses a GPU device or
//! whose Dockerfile puts its user into groups, and that starts as `user: "uid:gid"`: groups that are missing in `group_add`.
//!
//! In a running container: the devices and device rules that the engine was given, and the groups of every process.
//!
//! ## Why it matters
//! A disk or memory device gives the data of the host away, past all its permissions. A GPU device belongs to the groups
//! `video` and `render`, and a container that is started with a numeric user and group has none of the groups that its image
//! set up, so that the device cannot be opened.
//!
//! ## Fix safety
//! Needs proof: a device is removed that the service may use; the names of groups have to exist in the image, and the
//! numbers of the host may differ.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.18: ensure that host devices are not directly exposed to containers
//! - NIST SP 800-190, 4.4.3
//! - <https://docs.docker.com/reference/compose-file/services/#group_add>

use temper_fit::Identity;
use temper_fit::images::HostKind;
use temper_model::compose::Item;

use super::shared::image::{evidence_of, host_needs, refused_by_design};
use super::shared::live::{named, processes};
use super::shared::overlay::see_later_file;
use super::shared::security_opt::{is_privileged, privileged_unknown};
use super::shared::{fix, missing_in, missing_variables, needs_proof, reason_of};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct DevicesAndGroups;

static META: Meta = Meta {
    id: "devices-and-groups",
    title: "no device of the host but GPUs, which come with their groups",
    severity: Severity::Medium,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.18", "nist-sp-800-190:4.4.3"],
    requires: &[],
    source: include_str!("devices_and_groups.rs"),
};

/// GPUs and what belongs to them: DRM (Intel, AMD), NVIDIA, the compute device of AMD, Jetson, WSL.
const GPUS: [&str; 6] = ["/dev/dri", "/dev/nvidia", "/dev/kfd", "/dev/nvhost", "/dev/nvmap", "/dev/dxg"];

/// What other devices give, by the beginning of their name.
const GIVES: [(&str, &str); 16] = [
    ("/dev/mem", "the memory of the host: root on the host"),
    ("/dev/kmem", "the memory of the kernel: root on the host"),
    ("/dev/port", "the I/O ports of the host: root on the host"),
    ("/dev/sd", "a disk of the host: root on the host"),
    ("/dev/nvme", "a disk of the host: root on the host"),
    ("/dev/vd", "a disk of the host: root on the host"),
    ("/dev/xvd", "a disk of the host: root on the host"),
    ("/dev/mapper", "disks of the host: root on the host"),
    ("/dev/loop", "loop devices of the host"),
    ("/dev/kmsg", "the kernel messages of the host, for reading and writing"),
    ("/dev/kvm", "virtual machines on the host's processor"),
    ("/dev/fuse", "mounting file systems, together with SYS_ADMIN"),
    ("/dev/net/tun", "network interfaces, together with NET_ADMIN"),
    ("/dev/bus/usb", "the USB devices of the host"),
    ("/dev/tty", "a terminal or serial line of the host"),
    ("/dev/video", "a camera of the host"),
];

impl Control for DevicesAndGroups {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let service = context.service;
        let mut gpu_only = true;
        for device in &service.devices {
            gpu_only &= judge_device(context, device, verdicts);
        }
        for rule in &service.device_cgroup_rules {
            gpu_only = false;
            judge_rule(context, rule, verdicts);
        }
        let has_groups = judge_groups(context, verdicts);
        // A privileged container sees every device; the control on `privileged` says so.
        if gpu_only && has_groups && !is_privileged(service) && privileged_unknown(service).is_none() {
            verdicts.pass(service.at, "gets no device of the host but GPUs");
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let settings = &context.container.settings;
        let mut is_clean = true;
        for device in settings.devices.iter().filter(|device| !is_gpu(&device.host)) {
            is_clean = false;
            let gives = GIVES.iter().find(|(start, _)| device.host.starts_with(start)).map(|(_, what)| *what);
            verdicts.fail(at, format!("has {}: {}", device.host, gives.unwrap_or("a device of the host")));
        }
        for rule in &settings.device_cgroup_rules {
            is_clean = false;
            verdicts.fail(at, format!("the rule `{rule}` lets it make and open devices of the host"));
        }
        // The engine puts the numbers that the files give into every process; names only the image can translate.
        let numbers =
            context.service.service.group_add.iter().filter_map(|item| item.value.trim().parse().ok());
        let numbers: Vec<u32> = numbers.collect();
        if !numbers.is_empty() {
            let Some(processes) = processes(context, verdicts) else { return };
            let without = |group: u32| {
                let has = move |process: &temper_model::container::Process| {
                    process.groups.contains(&group) || process.gids.contains(&group)
                };
                processes.iter().filter(move |process| !has(process)).collect::<Vec<_>>()
            };
            for group in numbers {
                let lacking = without(group);
                if !lacking.is_empty() {
                    is_clean = false;
                    verdicts.fail(
                        at,
                        format!("{} lacks group {group}, which `group_add` gives", named(&lacking)),
                    );
                }
            }
        }
        if is_clean && !settings.privileged {
            verdicts.pass(at, "has no device of the host but GPUs");
        }
    }
}

/// True when there is nothing to say of the device.
fn judge_device(context: &ServiceContext<'_>, device: &Item, verdicts: &mut Verdicts) -> bool {
    if !device.missing.is_empty() {
        verdicts.unknown(device.at, "a device hangs on a variable", missing_variables(&device.missing));
        return false;
    }
    let path = device.value.split(':').next().unwrap_or_default();
    if is_gpu(&device.value) {
        return true;
    }
    let gives = GIVES.iter().find(|(start, _)| path.starts_with(start)).map(|(_, what)| *what);
    let need = host_needs(context.profile, HostKind::Device)
        .find(|need| need.what.split(':').next().is_some_and(|known| known == path));
    let fix = match need {
        Some(need) if need.inherent => refused_by_design("do not give the device", need),
        Some(need) => remove(context, "devices", device, &format!("the image uses it for {}", need.reason)),
        None => remove(context, "devices", device, "the service may use the device"),
    };
    let message = format!("gets {path}: {}", gives.unwrap_or("a device of the host"));
    let judgement = verdicts.fail(device.at, message);
    judgement.because(need.map(evidence_of)).fix(fix);
    see_later_file(judgement, context.service, device.at, "devices");
    false
}

/// A GPU by its device file or by its CDI name, such as `nvidia.com/gpu=all`.
fn is_gpu(device: &str) -> bool {
    let cdi = device.split_once('=').filter(|_| !device.starts_with('/')).map(|(kind, _)| kind);
    match cdi {
        Some(kind) => kind.rsplit('/').next() == Some("gpu"),
        None => GPUS.iter().any(|gpu| device.starts_with(gpu)),
    }
}

fn judge_rule(context: &ServiceContext<'_>, rule: &Item, verdicts: &mut Verdicts) {
    if !rule.missing.is_empty() {
        verdicts.unknown(rule.at, "a device rule hangs on a variable", missing_variables(&rule.missing));
        return;
    }
    let all = rule.value.trim_start().starts_with('a');
    let what = if all { "every device of the host" } else { "devices of the host" };
    let fix = remove(context, "device_cgroup_rules", rule, "the service may make and use device files");
    let judgement = verdicts.fail(rule.at, format!("`{}` lets it make and open {what}", rule.value));
    judgement.fix(fix);
    see_later_file(judgement, context.service, rule.at, "device_cgroup_rules");
}

fn remove(context: &ServiceContext<'_>, key: &'static str, item: &Item, why: &str) -> Fix {
    let action = ComposeAction::Remove { key, at: item.at };
    fix(context, needs_proof(why), "do not give the device", [(action, "CIS Docker 5.18".to_owned())])
}

/// True when no group is missing.
fn judge_groups(context: &ServiceContext<'_>, verdicts: &mut Verdicts) -> bool {
    let service = context.service;
    let groups = &context.profile.target.groups;
    if groups.is_empty() || !drops_groups(context) {
        return true;
    }
    // A number stands for a group of the host, whose name nobody can tell from here.
    let has_number = service.group_add.iter().any(|item| item.value.trim().parse::<u32>().is_ok());
    let has = |name: &str| service.group_add.iter().any(|item| item.value == name);
    let lacking: Vec<_> = groups.iter().filter(|group| !has(&group.value)).collect();
    if lacking.is_empty() || has_number {
        return true;
    }
    let at = service.user.as_ref().map_or(service.at, temper_model::Setting::at);
    let missing = missing_in(&service.group_add);
    let names: Vec<&str> = lacking.iter().map(|group| group.value.as_str()).collect();
    if !missing.is_empty() {
        let message = format!("whether it has the groups {} hangs on a variable", names.join(", "));
        verdicts.unknown(at, message, missing_variables(&missing));
        return false;
    }
    let actions = lacking.iter().map(|group| {
        let append = ComposeAction::Append { key: "group_add", item: group.value.clone() };
        (append, reason_of(&group.evidence, "`user:` drops the groups of the image"))
    });
    let safety = needs_proof("the image has to know these groups, and their numbers may differ on the host");
    let fix = fix(context, safety, format!("add the groups {}", names.join(", ")), actions);
    let message =
        format!("`user:` drops the groups {}, which `group_add` does not give back", names.join(", "));
    verdicts
        .fail(at, message)
        .because(lacking.iter().flat_map(|group| group.evidence.iter().cloned()))
        .fix(fix);
    false
}

/// A user with a group, as in `user: "65532:65532"`, has no supplementary groups (moby/sys/user, `GetExecUser`); root needs
/// none.
fn drops_groups(context: &ServiceContext<'_>) -> bool {
    let user = context.service.user.as_ref().and_then(temper_model::Setting::known);
    let is_root =
        matches!(context.profile.login.start, Identity::Root | Identity::Named { uid: Some(0), .. });
    let names_a_number = |user: &String| user.contains(':') || user.trim().parse::<u32>().is_ok();
    !is_root && user.is_some_and(names_a_number)
}
