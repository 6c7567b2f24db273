//! What a service should look like when it is hardened.

use temper_dockerfile::{InstructionKind, StageBase};
use temper_model::compose::{MountKind, Service};
use temper_model::{Class, Stack, parse_size};

use crate::condition::is_written;
use crate::images::{KernelKind, KnownImage, Match, Owner, PathKind, PathNeed, Role, Support};
use crate::profile::{Identity, ImageSource, Login, PlannedTmpfs, Target, TargetUser, WritablePath};
use crate::recognise::Recognised;
use crate::{Evidence, EvidenceKind, Need};
use crate::{cover, source};

/// The user that a service should run as, or why it is left as it is.
pub(crate) fn user(
    stack: &Stack,
    service: &Service,
    image: &ImageSource,
    login: &Login,
) -> Result<TargetUser, String> {
    if let Some(user) = from_settings(stack, service, login) {
        return Ok(user);
    }
    let starts_as_root = matches!(login.start, Identity::Root | Identity::Named { uid: Some(0), .. });
    if let Some(socket) = host_socket(service).filter(|_| starts_as_root) {
        return Err(format!("it uses {socket} of the host, which belongs to root or to a group of the host"));
    }
    match &login.start {
        Identity::Numeric { uid, gid } => {
            Ok(stays(*uid, gid.unwrap_or(0), login, "runs as this user already"))
        }
        Identity::Named { name, uid: Some(uid), gid } if *uid != 0 => {
            Ok(stays(*uid, gid.unwrap_or(0), login, &format!("the numbers of {name}")))
        }
        Identity::Unknown { why } => Err(why.clone()),
        Identity::Named { .. } | Identity::Root => match image {
            ImageSource::Known { entry, .. } => service_user(stack, service, image, entry, login),
            ImageSource::Built { facts, .. } => match crate::class::service_entry(image) {
                Some(entry) if !source::replaces_entrypoint(facts) => {
                    service_user(stack, service, image, entry, login)
                }
                _ => own_user(stack, service, image),
            },
            ImageSource::Foreign { reference } => {
                Err(format!("image {reference} is not known: it may need root to start"))
            }
            ImageSource::Unknown { why } => Err(why.clone()),
        },
    }
}

fn from_settings(stack: &Stack, service: &Service, login: &Login) -> Option<TargetUser> {
    let (uid, gid) = stack.settings.services.get(&service.name)?.user?;
    Some(stays(uid, gid, login, "set in temper.toml"))
}

fn stays(uid: u32, gid: u32, login: &Login, why: &str) -> TargetUser {
    let mut evidence = vec![Evidence::general(EvidenceKind::Declared, why)];
    evidence.extend(login.evidence.iter().cloned());
    let home = login.home.clone().unwrap_or_else(|| "/".to_owned());
    TargetUser { uid, gid, name: None, home, needs_dockerfile: false, evidence }
}

/// A known image can often be started as the user that it would become anyway.
fn service_user(
    stack: &Stack,
    service: &Service,
    source: &ImageSource,
    entry: &Match,
    login: &Login,
) -> Result<TargetUser, String> {
    let image = &entry.image;
    let Some(identity) = image.service_identity().filter(|identity| identity.uid != 0) else {
        return any_user(stack, service, image);
    };
    if entry.is_ambiguous() {
        return Err(format!("the user of image {} depends on its tag, and only a digest is given", image.id));
    }
    if service.entrypoint.is_some() {
        return Err(format!("the entrypoint of image {} is replaced", image.id));
    }
    if let Some(need) = written_by_root(service, source, image) {
        return Err(format!(
            "image {} writes {}, which belongs to root: {}",
            image.id, need.path, need.reason
        ));
    }
    let note = image.runs_as.service.as_ref();
    match note.map(|note| note.works) {
        Some(Support::Yes) => {}
        Some(Support::Conditional) if !writes_host_directories(service) => {}
        Some(Support::Conditional) => {
            let why = note.map_or("", |note| note.reason.as_str());
            return Err(format!(
                "image {} can start as {} only if {why}, and it writes a bind mount",
                image.id, identity.uid
            ));
        }
        Some(Support::No) => {
            let why = note.map_or("", |note| note.reason.as_str());
            return Err(format!("image {} has to start as root: {why}", image.id));
        }
        None => {
            return Err(format!(
                "it is not known whether image {} can start as another user than root",
                image.id
            ));
        }
    }
    let reason = note.map_or("", |note| note.reason.as_str());
    let detail = format!("image {} becomes this user anyway, and can start as it", image.id);
    Ok(TargetUser {
        uid: identity.uid,
        gid: identity.gid,
        name: identity.user.clone(),
        home: identity.home.clone().or_else(|| login.home.clone()).unwrap_or_else(|| "/".to_owned()),
        needs_dockerfile: false,
        evidence: vec![
            Evidence::general(EvidenceKind::KnownImage, detail),
            Evidence::general(EvidenceKind::KnownImage, reason),
        ],
    })
}

/// Settings of the image that its entrypoint changes in this service, and that nobody but root can change.
fn written_by_root<'a>(
    service: &Service,
    source: &ImageSource,
    image: &'a KnownImage,
) -> Option<&'a PathNeed> {
    let settings =
        image.paths.iter().filter(|need| need.kind == PathKind::Config && need.owner == Owner::Root);
    settings.into_iter().find(|need| is_written(need, service, source))
}

/// The socket of the host that a service is given: it belongs to root, or to a group whose number only the host knows.
fn host_socket(service: &Service) -> Option<&str> {
    // Where the source hangs on a variable, the target tells.
    service.mounts.iter().find_map(|mount| {
        let ends = [mount.source.as_deref(), Some(mount.target.as_str())];
        ends.into_iter().flatten().find(|path| path.ends_with(".sock"))
    })
}

/// An image that stays root can sometimes run as any user, as long as no data of root waits for it.
fn any_user(stack: &Stack, service: &Service, image: &KnownImage) -> Result<TargetUser, String> {
    let id = &image.id;
    let Some(note) = image.runs_as.arbitrary.as_ref().filter(|note| note.works != Support::No) else {
        return Err(format!("image {id} runs as root, and it is not known to run as another user"));
    };
    let keeps = image.paths.iter().any(|need| need.kind.must_survive() && need.required);
    if keeps || service.mounts.iter().any(|mount| !mount.read_only) {
        return Err(format!(
            "image {id} runs as root; it can run as another user once its data belongs to that user: {}",
            note.reason
        ));
    }
    let user = &stack.settings.user;
    Ok(TargetUser {
        uid: user.uid,
        gid: user.gid,
        name: None,
        home: "/".to_owned(),
        needs_dockerfile: false,
        evidence: vec![Evidence::general(
            EvidenceKind::KnownImage,
            format!("image {id} runs as any user: {}", note.reason),
        )],
    })
}

/// The data of a bind mount belongs to whom the host says; another user may not be able to read it.
fn writes_host_directories(service: &Service) -> bool {
    service.mounts.iter().any(|mount| mount.kind == MountKind::Bind && !mount.read_only)
}

/// An image that is built here gets the user of `temper.toml` (R1).
fn own_user(stack: &Stack, service: &Service, image: &ImageSource) -> Result<TargetUser, String> {
    let ImageSource::Built { dockerfile, facts, .. } = image else {
        return Err("the image is not built here".to_owned());
    };
    if dockerfile == "dockerfile_inline" {
        return Err("the Dockerfile stands inside the Compose file: give it a file of its own".to_owned());
    }
    if let Some(tool) = source::switches_user(facts) {
        return Err(format!("{dockerfile} starts as root so that {tool} can change users"));
    }
    if let Some(stage) = built_upon(stack, dockerfile, facts.stage) {
        return Err(format!("stage {stage} of {dockerfile} is built on it and runs commands as root"));
    }
    let given = source::given_directories(facts);
    let volumes = source::volumes(facts);
    let own = |path: &str| {
        let own = given.iter().any(|(directory, _)| cover::holds(&cover::canonical(directory), path));
        // A run directory gets a tmpfs of the user.
        own || cover::holds("/run", path) || cover::of(service, path, &volumes).is_some()
    };
    if let Some(why) = source::start_scripts(stack, service).and_then(|found| source::needs_root(found, own))
    {
        return Err(why);
    }
    let user = &stack.settings.user;
    Ok(TargetUser {
        uid: user.uid,
        gid: user.gid,
        name: Some(user.name.clone()),
        home: format!("/home/{}", user.name),
        needs_dockerfile: true,
        evidence: vec![Evidence::general(
            EvidenceKind::Declared,
            "the user for services that are built here",
        )],
    })
}

/// The stage that is built upon another and runs commands there before it sets a user of its own: it would run them as
/// the user that the stage below ends with.
fn built_upon(stack: &Stack, dockerfile: &str, below: usize) -> Option<String> {
    let tree = &stack.dockerfiles.get(dockerfile)?.tree;
    let stages = tree.stages();
    let above = stages.iter().filter(|stage| stage.base == StageBase::Stage(below));
    let mut rooted = above.filter(|stage| {
        let mut kinds = stage.instructions.iter().map(|instruction| &instruction.kind);
        let first = kinds.find(|kind| matches!(kind, InstructionKind::Run(_) | InstructionKind::User(_)));
        matches!(first, Some(InstructionKind::Run(_)))
    });
    let stage = rooted.next()?;
    Some(stage.alias.map_or_else(|| stage.index.to_string(), |alias| format!("`{}`", alias.text)))
}

/// tmpfs mounts and volumes for what is written and not covered, limits and groups.
pub(crate) fn of(
    stack: &Stack,
    service: &Service,
    image: &ImageSource,
    class: Class,
    frameworks: &[Recognised],
    writable: &[WritablePath],
    user: Result<TargetUser, String>,
) -> Target {
    let sizes = stack.settings.sizes(class);
    let own = stack.settings.services.get(&service.name);
    let uncovered = || writable.iter().filter(|path| path.cover.is_none() && !path.pinned);
    let kept = |path: &&WritablePath| path.kind.needs_volume();
    let (user, why_user) = match user {
        Ok(user) => (Some(user), None),
        Err(why) => (None, Some(why)),
    };
    Target {
        user,
        why_user,
        tmpfs: uncovered()
            .filter(|path| !kept(path))
            .filter(|path| !hides_code(image, &path.path))
            .map(planned)
            .collect(),
        volumes: uncovered().filter(kept).map(|path| volume(service, path)).collect(),
        redirects: Vec::new(),
        memory: own.and_then(|own| own.memory).or(sizes.memory),
        cpus: own.and_then(|own| own.cpus.clone()).or(sizes.cpus),
        pids: own.and_then(|own| own.pids).unwrap_or(sizes.pids),
        shm_size: own.and_then(|own| own.shm).or_else(|| {
            let needed = needed_shm(image, frameworks);
            // The entry of a known service image says what it needs; the rest is sized by its class.
            let told = matches!(image, ImageSource::Known { entry, .. } if entry.image.role == Role::Service);
            if told { needed } else { needed.max(sizes.shm) }
        }),
        groups: groups(service, image),
    }
}

/// What the image or a framework in it needs of `/dev/shm`, in bytes, when 64 MiB are not enough.
fn needed_shm(image: &ImageSource, frameworks: &[Recognised]) -> Option<u64> {
    let entry = crate::class::service_entry(image);
    let kernel = entry
        .into_iter()
        .flat_map(|entry| &entry.image.kernel)
        .filter(|need| need.kind == KernelKind::Shm && need.required);
    let named = kernel.map(|need| need.value.as_str());
    let used = frameworks.iter().filter_map(|found| found.framework.shm.as_deref());
    named.chain(used).filter_map(|size| parse_size(size).ok()).max()
}

/// A tmpfs over code would hide it (failure-mode 6).
fn hides_code(image: &ImageSource, path: &str) -> bool {
    // What a build leaves in `/tmp` is left over.
    path != "/tmp" && matches!(image, ImageSource::Built { facts, .. } if source::holds_code(facts, path))
}

fn planned(path: &WritablePath) -> PlannedTmpfs {
    PlannedTmpfs {
        path: path.path.clone(),
        size: path.size,
        uid: path.owner.0,
        gid: path.owner.1,
        mode: path.mode,
        exec: path.exec,
        evidence: path.evidence.clone(),
    }
}

/// `api` and `/app/uploads` give the volume `api-uploads`.
fn volume(service: &Service, path: &WritablePath) -> (String, String, Vec<Evidence>) {
    let last = path.path.rsplit('/').find(|part| !part.is_empty()).unwrap_or("data");
    let name: String = format!("{}-{last}", service.name)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    (name, path.path.clone(), path.evidence.clone())
}

/// `user: "uid:gid"` drops the supplementary groups of the image, so Compose has to give them (failure-mode 10).
fn groups(service: &Service, image: &ImageSource) -> Vec<Need<String>> {
    let uses_devices = service.devices.iter().find(|device| device.value.starts_with("/dev/dri"));
    let from_devices = uses_devices.into_iter().flat_map(|device| {
        ["video", "render"].map(|group| Need {
            value: group.to_owned(),
            evidence: vec![Evidence::at(EvidenceKind::Declared, device.at, format!("uses {}", device.value))],
        })
    });
    let from_dockerfile = match image {
        ImageSource::Built { facts, .. } => source::supplementary_groups(facts),
        _ => Vec::new(),
    };
    let mut groups: Vec<Need<String>> = from_devices.collect();
    for (group, why) in from_dockerfile {
        if !groups.iter().any(|need| need.value == group) {
            groups.push(Need { value: group, evidence: vec![Evidence::general(EvidenceKind::Source, why)] });
        }
    }
    groups
}
