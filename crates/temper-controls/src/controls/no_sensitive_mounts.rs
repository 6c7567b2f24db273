//! A container mounts no directory of the host that belongs to the host's system or holds credentials.
//!
//! ## What it flags
//! Bind mounts of system directories (`/`, `/boot`, `/dev`, `/etc`, `/lib`, `/proc`, `/sys`, `/usr`, `/run`, `/var` and its
//! engine directories), of whole home directories and of credentials in them (`~/.ssh`, `~/.aws`, `~/.kube`). Read-only
//! mounts of time zones, certificates and kernel modules pass. Shared mount propagation. A writable bind mount over the code
//! that the image itself contains, which makes a read-only root worthless.
//!
//! In a running container: what the engine has mounted from the host, and whether the mount table says that it can be
//! written.
//!
//! ## Why it matters
//! A process that writes to a system directory of the host takes the host over at its next restart or login; one that reads
//! it finds keys and passwords. With shared propagation, what is mounted inside appears on the host.
//!
//! ## Fix safety
//! Needs proof: the service may read or write there. System directories are removed, mounts of code become read-only. It is
//! refused for images that do their work on the host, such as node-exporter and cAdvisor: waive it with an owner.
//!
//! ## References
//! - CIS Docker Benchmark 1.7, 5.6: ensure sensitive host system directories are not mounted on containers; 5.20
//! - NIST SP 800-190, 4.5.5
//! - Pod Security Standards, Baseline: HostPath volumes must not be used

use temper_fit::images::HostNeed;
use temper_fit::{canonical, holds};
use temper_model::Setting;
use temper_model::compose::{Mount, Service};

use super::shared::code::covers_code;
use super::shared::image::{evidence_of, mount_need, refused_by_design};
use super::shared::live::mounts as mount_table;
use super::shared::mounts::{Brought, HostPath, bind_detail, brought, host_path, short_form, target};
use super::shared::overlay::see_later_file;
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct NoSensitiveMounts;

static META: Meta = Meta {
    id: "no-sensitive-mounts",
    title: "no sensitive directory of the host is mounted",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &[
        "cis-docker-1.7:5.6",
        "cis-docker-1.7:5.20",
        "nist-sp-800-190:4.5.5",
        "pss:baseline/host-path",
    ],
    requires: &[],
    source: include_str!("no_sensitive_mounts.rs"),
};

/// Directories that are sensitive with everything below them, and what is there.
const DEEP: [(&str, &str); 16] = [
    ("/boot", "kernel and boot loader"),
    ("/dev", "devices of the host"),
    ("/etc", "configuration and keys of the host"),
    ("/lib", "libraries of the host"),
    ("/lib64", "libraries of the host"),
    ("/bin", "programs of the host"),
    ("/sbin", "programs of the host"),
    ("/proc", "kernel settings and processes of the host"),
    ("/sys", "kernel settings and devices of the host"),
    ("/usr", "programs of the host"),
    ("/var/lib/docker", "data of all containers"),
    ("/var/lib/containerd", "data of all containers"),
    ("/var/lib/containers", "data of all containers"),
    ("/var/lib/kubelet", "pods and their secrets"),
    ("/var/spool/cron", "programs that the host starts"),
    ("/run/systemd", "control over the services of the host"),
];

/// Directories that are sensitive as a whole; what lies below them may be anybody's data.
const WHOLE: [(&str, &str); 8] = [
    ("/", "the whole host"),
    ("/var", "data, logs and queues of the host"),
    ("/var/lib", "data of the programs of the host"),
    ("/var/log", "logs of the host"),
    ("/run", "sockets of the programs of the host"),
    ("/home", "home directories of all users"),
    ("/root", "home directory of root"),
    ("~", "a whole home directory"),
];

/// What may be mounted read-only: the same on every host, or made to be read by all.
const PUBLIC: [&str; 15] = [
    "/etc/localtime",
    "/etc/timezone",
    "/etc/ssl/certs",
    "/etc/ca-certificates",
    "/etc/pki/ca-trust",
    "/etc/pki/tls/certs",
    "/etc/hostname",
    "/etc/hosts",
    "/etc/machine-id",
    "/etc/os-release",
    "/etc/resolv.conf",
    "/usr/share/zoneinfo",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/share/fonts",
];

/// Devices without a state, often mounted to hide a file of the image or to feed a program.
const HARMLESS_DEVICES: [&str; 4] = ["/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"];

/// Files and directories of a home directory that hold credentials.
const CREDENTIALS: [&str; 14] = [
    ".ssh",
    ".aws",
    ".azure",
    ".kube",
    ".docker",
    ".gnupg",
    ".netrc",
    ".git-credentials",
    ".npmrc",
    ".pypirc",
    ".vault-token",
    ".pgpass",
    ".password-store",
    "gcloud",
];

impl Control for NoSensitiveMounts {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        let mut is_clean = true;
        for mount in &context.service.mounts {
            is_clean &= judge(context, mount, verdicts);
        }
        for brought in brought(context.project, context.service) {
            is_clean &= judge_brought(context, &brought, verdicts);
        }
        if is_clean {
            verdicts.pass(context.service.at, "mounts no sensitive directory of the host");
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let Some(table) = mount_table(context, verdicts) else { return };
        let mut is_clean = true;
        for mount in context.container.settings.mounts.iter().filter(|mount| mount.kind == "bind") {
            let path = canonical(&mount.source);
            if is_of_stack(context, &mount.target)
                || path.ends_with(".sock")
                || HARMLESS_DEVICES.contains(&path.as_str())
            {
                continue;
            }
            let entry = table.iter().rfind(|entry| canonical(&entry.target) == canonical(&mount.target));
            let read_only = entry.is_some_and(temper_model::container::MountEntry::read_only);
            let public = PUBLIC.iter().any(|public| holds(public, &path));
            let what = match sensitive(&path) {
                Some(_) if public && read_only => continue,
                Some(what) => what,
                None => continue,
            };
            is_clean = false;
            let how = if read_only { "read-only" } else { "writable" };
            verdicts.fail(at, format!("{what}, is mounted {how} at {}", mount.target));
        }
        if is_clean {
            verdicts.pass(at, "no sensitive directory of the host is mounted");
        }
    }
}

/// A directory of the repository: the files say what it is, and where the repository lies says nothing.
fn is_of_stack(context: &ContainerContext<'_>, target: &str) -> bool {
    let service = &context.service;
    let mount = service.service.mounts.iter().find(|mount| canonical(&mount.target) == canonical(target));
    mount.is_some_and(|mount| matches!(host_path(service.project, mount), Some(HostPath::Inside(_))))
}

/// True when there is nothing to say of the mount.
fn judge(context: &ServiceContext<'_>, mount: &Mount, verdicts: &mut Verdicts) -> bool {
    let Some(path) = host_path(context.project, mount) else { return true };
    if let Some(propagation) = shared_propagation(context, mount) {
        shared(context, mount, propagation, verdicts);
        return false;
    }
    match path {
        HostPath::Absolute(path) => absolute(context, mount, &path, verdicts),
        HostPath::Inside(path) => match covers_code(context, mount, &path) {
            Some(why) => {
                code(context, mount, &why, verdicts);
                false
            }
            None => true,
        },
        HostPath::Unknown(text) => match credential_of(&text) {
            Some(name) => {
                fail(context, mount, &format!("{name}, which holds credentials"), verdicts);
                false
            }
            None => {
                let message = format!("what is mounted at {} hangs on a variable", target(mount));
                verdicts.unknown(mount.at, message, missing_variables(&mount.missing));
                false
            }
        },
    }
}

/// Judges what `volumes_from` brings. True when there is nothing to say.
fn judge_brought(context: &ServiceContext<'_>, brought: &Brought<'_>, verdicts: &mut Verdicts) -> bool {
    let (at, service, mount) = match brought {
        Brought::Unknown { at, missing } => {
            verdicts.unknown(*at, "cannot tell what of the host `volumes_from` brings", missing);
            return false;
        }
        Brought::Mount { at, service, mount } => (*at, *service, *mount),
    };
    let is_public = |path: &str| mount.read_only && PUBLIC.iter().any(|public| holds(public, path));
    let what = match host_path(context.project, mount) {
        Some(HostPath::Unknown(text)) if credential_of(&text).is_none() => {
            let message = format!("what {} mounts at {} hangs on a variable", service.name, target(mount));
            verdicts.unknown(at, message, missing_variables(&mount.missing)).see(mount.at, "mounted here");
            return false;
        }
        Some(HostPath::Unknown(text)) => {
            credential_of(&text).map(|name| format!("{name}, which holds credentials"))
        }
        Some(HostPath::Absolute(path)) if path.ends_with(".sock") || is_public(&path) => None,
        Some(HostPath::Absolute(path)) => sensitive(&path),
        Some(HostPath::Inside(_)) | None => None,
    };
    let Some(what) = what else { return true };
    let reason = format!("mount what it needs of {} by name", service.name);
    verdicts
        .fail(at, format!("gets {what}, from {} by `volumes_from`", service.name))
        .see(mount.at, "mounted here")
        .fix(refused("do without `volumes_from`", reason));
    false
}

fn absolute(context: &ServiceContext<'_>, mount: &Mount, path: &str, verdicts: &mut Verdicts) -> bool {
    // Sockets of engines have a control of their own.
    if path.ends_with(".sock") || HARMLESS_DEVICES.contains(&path) {
        return true;
    }
    if let Some(public) = PUBLIC.iter().find(|public| holds(public, path)) {
        if mount.read_only {
            return true;
        }
        writable_public(context, mount, public, verdicts);
        return false;
    }
    let Some(what) = sensitive(path) else { return true };
    fail(context, mount, &what, verdicts);
    false
}

/// What is sensitive about a path.
fn sensitive(path: &str) -> Option<String> {
    if let Some((_, what)) = WHOLE.iter().find(|(whole, _)| *whole == path) {
        return Some(format!("{path}, {what}"));
    }
    if let Some((_, what)) = DEEP.iter().find(|(deep, _)| holds(deep, path)) {
        return Some(format!("{path}: {what}"));
    }
    if let Some(name) = credential_of(path) {
        return Some(format!("{name}, which holds credentials"));
    }
    let user = path.strip_prefix("/home/")?;
    (!user.contains('/')).then(|| format!("{path}, a whole home directory"))
}

/// The part of a path outside of the stack that names credentials.
fn credential_of(path: &str) -> Option<&str> {
    path.split('/').find(|part| CREDENTIALS.contains(part))
}

fn fail(context: &ServiceContext<'_>, mount: &Mount, what: &str, verdicts: &mut Verdicts) {
    let how = if mount.read_only { "for reading" } else { "for writing" };
    let need = mount_need(context.profile, mount);
    let judgement = verdicts.fail(mount.at, format!("mounts {what}, {how}"));
    judgement.because(need.map(evidence_of)).fix(remove(context, mount, need));
    see_later_file(judgement, context.service, mount.at, "volumes");
}

fn remove(context: &ServiceContext<'_>, mount: &Mount, need: Option<&HostNeed>) -> Fix {
    const SUMMARY: &str = "do not mount it";
    let why = match need {
        Some(need) if need.inherent => return refused_by_design(SUMMARY, need),
        Some(need) => format!("the image may use it for {}", need.reason),
        None => "the service may use what is mounted there".to_owned(),
    };
    // A file system that is missing is no error to most programs: they start with no data.
    if need.is_none() && !mount.read_only {
        return refused(
            SUMMARY,
            "the service may keep its data there: move them to a volume or to a directory of the project and mount that, \
             or waive it with an owner",
        );
    }
    if let Some(why) = context.profile.blind.as_ref().filter(|_| need.is_none()) {
        return refused(
            SUMMARY,
            format!("{why}, so it may read what is mounted there: waive it with an owner, or leave it out"),
        );
    }
    if let Some(place) = named_in(context.service, mount) {
        return refused(
            SUMMARY,
            format!(
                "{place} names {}, so it is used: take both away, or waive it with an owner",
                mount.target
            ),
        );
    }
    let action = ComposeAction::Remove { key: "volumes", at: mount.at };
    fix(context, needs_proof(why), SUMMARY, [(action, "CIS Docker 5.6".to_owned())])
}

/// Where the service itself says that it uses what is mounted: `--path.procfs=/host/proc`.
fn named_in(service: &Service, mount: &Mount) -> Option<String> {
    let target = mount.target.trim_end_matches('/');
    let names =
        |text: &str| !target.is_empty() && text.split(['=', ':', ',', ' ']).any(|part| part == target);
    let starts = |set: &Option<Setting<Vec<String>>>| {
        set.as_ref().and_then(Setting::known).is_some_and(|words| words.iter().any(|word| names(word)))
    };
    if starts(&service.command) {
        return Some("`command`".to_owned());
    }
    if starts(&service.entrypoint) {
        return Some("`entrypoint`".to_owned());
    }
    let variables = &mut service.environment.iter();
    let named = variables.find(|(_, variable)| variable.value.as_deref().is_some_and(names));
    named.map(|(name, _)| format!("variable `{name}`"))
}

fn writable_public(context: &ServiceContext<'_>, mount: &Mount, path: &str, verdicts: &mut Verdicts) {
    let safety = needs_proof("the service may write there, which would change the host");
    let judgement = verdicts.fail(mount.at, format!("mounts {path} of the host for writing"));
    judgement.fix(read_only(context, mount, safety));
    see_later_file(judgement, context.service, mount.at, "volumes");
}

fn read_only(context: &ServiceContext<'_>, mount: &Mount, safety: crate::Safety) -> Fix {
    let propagation =
        bind_detail(context.service, mount, "propagation").and_then(temper_model::Value::as_str);
    let item = short_form(context.service, mount, true, propagation);
    let action = ComposeAction::Replace { key: "volumes", at: mount.at, item };
    fix(context, safety, "mount it read-only", [(action, "CIS Docker 5.6".to_owned())])
}

/// A mount or tmpfs inside of another mount.
fn mounted_below<'a>(service: &'a Service, mount: &Mount) -> Option<&'a str> {
    let above = canonical(&mount.target);
    let mounts = service.mounts.iter().map(|other| other.target.as_str());
    let mut all = mounts.chain(service.tmpfs.iter().map(|tmpfs| tmpfs.target.as_str()));
    all.find(|other| {
        let other = canonical(other);
        other != above && holds(&above, &other)
    })
}

fn shared_propagation<'a>(context: &'a ServiceContext<'_>, mount: &Mount) -> Option<&'a str> {
    let propagation = bind_detail(context.service, mount, "propagation")?.as_str()?;
    Some(propagation).filter(|propagation| matches!(*propagation, "shared" | "rshared"))
}

fn shared(context: &ServiceContext<'_>, mount: &Mount, propagation: &str, verdicts: &mut Verdicts) {
    let item = short_form(context.service, mount, mount.read_only, None);
    let action = ComposeAction::Replace { key: "volumes", at: mount.at, item };
    let safety = needs_proof("the service may mount file systems for the host, as storage drivers do");
    let fix = fix(context, safety, "keep mounts private", [(action, "CIS Docker 5.20".to_owned())]);
    let message =
        format!("mounts {} with propagation {propagation}: what it mounts appears on the host", mount.target);
    let judgement = verdicts.fail(mount.at, message);
    judgement.fix(fix);
    see_later_file(judgement, context.service, mount.at, "volumes");
}

fn code(context: &ServiceContext<'_>, mount: &Mount, why: &str, verdicts: &mut Verdicts) {
    let safety = needs_proof("the service may write beside its code, as caches of compilers do");
    let message = format!("the code in {} can be changed from inside: {why}", mount.target);
    let judgement = verdicts.fail(mount.at, message);
    judgement.fix(match mounted_below(context.service, mount) {
        Some(below) => refused(
            "mount it read-only",
            format!(
                "{below} is mounted inside it, and the engine cannot create that directory in a read-only mount: create it \
                 in the source, commit it, and add `ro` by hand"
            ),
        ),
        None => match &context.profile.blind {
            Some(why) => refused(
                "mount it read-only",
                format!("{why}, so it may write there: add `ro` by hand when it does not"),
            ),
            None => read_only(context, mount, safety),
        },
    });
    see_later_file(judgement, context.service, mount.at, "volumes");
}
