//! Every path that the service writes is writable, and no mount hides what the image brings.
//!
//! ## What it flags
//! - A service with `read_only: true` that writes a path which no tmpfs, volume or bind mount covers, or that would write
//!   beside its code because a variable is not set. Only what an image, a framework or the Dockerfile is known to write
//!   counts; where `/tmp` or a cache directory is merely usual, the verdict is unknown. Without `read_only: true` every
//!   path is writable, and `read-only-rootfs` says what to add.
//! - A tmpfs in a home directory that is not the home of the user that the service runs as: the cache goes elsewhere.
//! - A tmpfs over a directory to which the Dockerfile copies the program: it comes up empty.
//!
//! In a running container: attempts to write, as the users of its processes, at every path that the service is known to
//! write. Where a tmpfs or a volume itself cannot be written, the controls on those say so.
//!
//! ## Why it matters
//! A service that cannot write its pid file, socket or cache fails at start, or later and for one feature only. A tmpfs in
//! the wrong place looks like a solution and is none.
//!
//! ## Fix safety
//! Adding a tmpfs or a volume takes nothing away but the content that the image has at that path, so it needs proof. A
//! misplaced tmpfs is moved, one over code is removed; both need proof.
//!
//! ## References
//! - NIST SP 800-190, 4.4.4
//! - CIS Docker Benchmark 1.7, 5.13: ensure that the container's root filesystem is mounted as read only
//! - <https://docs.docker.com/engine/storage/tmpfs/>

use temper_fit::images::Role;
use temper_fit::{Identity, ImageSource, WritablePath, canonical, holds};
use temper_model::Setting;
use temper_model::compose::Tmpfs;
use temper_model::container::{Container, MountEntry};
use temper_text::Loc;

use super::shared::live::{CanWrite, attempts, can_write, mounts};
use super::shared::run_as::is_open_to_all;
use super::shared::writable::{add_tmpfs, make_writable, of_service, remove_tmpfs, replace_tmpfs, uncovered};
use super::shared::{fix, missing_variables, needs_proof, refused};
use super::{ContainerContext, Control, ServiceContext};
use crate::{ComposeAction, Fix, Meta, Severity, Surface, Verdicts};

/// See the documentation of this module.
pub(super) struct WritablePaths;

static META: Meta = Meta {
    id: "writable-paths",
    title: "every path that the service writes is writable",
    severity: Severity::High,
    surfaces: &[Surface::Compose, Surface::Container],
    references: &["cis-docker-1.7:5.13", "nist-sp-800-190:4.4.4"],
    requires: &[],
    source: include_str!("writable_paths.rs"),
};

impl Control for WritablePaths {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn service(&self, context: &ServiceContext<'_>, verdicts: &mut Verdicts) {
        for tmpfs in context.service.tmpfs.iter().filter(|tmpfs| tmpfs.missing.is_empty()) {
            misplaced(context, tmpfs, verdicts);
            over_code(context, tmpfs, verdicts);
        }
        match &context.service.read_only {
            Some(Setting::Known(set)) if set.value => under_read_only(context, set.at, verdicts),
            Some(Setting::Unknown { at, missing, .. }) => {
                verdicts.unknown(*at, "`read_only` hangs on a variable", missing_variables(missing));
            }
            _ => {}
        }
    }

    fn container(&self, context: &ContainerContext<'_>, verdicts: &mut Verdicts) {
        let at = context.service.service.at;
        let Some(table) = mounts(context, verdicts) else { return };
        let Some(tried) = attempts(context, verdicts) else { return };
        let mut is_clean = true;
        let known = || context.service.profile.writable.iter().filter(|path| !path.assumed);
        for path in known() {
            let on = Container::mount_of(table, &path.path).map_or("/", |mount| mount.target.as_str());
            let writer = Some(path.owner.0);
            match can_write(tried, &path.path, writer) {
                CanWrite::Yes(_) => {}
                // The mount as a whole cannot be written.
                CanWrite::No(..) if on != "/" && matches!(can_write(tried, on, writer), CanWrite::No(..)) => {
                }
                CanWrite::No(uid, error) => {
                    is_clean = false;
                    let message = format!("uid {uid} cannot write {} ({error})", path.path);
                    verdicts.fail(at, message).because(path.evidence.iter().cloned());
                }
                CanWrite::Unknown(missing) => {
                    is_clean = false;
                    let message = format!("cannot tell whether it can write {}", path.path);
                    verdicts.unknown(at, message, missing);
                }
            }
        }
        let is_read_only = Container::mount_of(table, "/").is_some_and(MountEntry::read_only);
        if let Some(why) = context.service.profile.blind.as_ref().filter(|_| is_read_only) {
            is_clean = false;
            verdicts.unknown(at, "cannot tell whether every path that it writes is writable", why);
        }
        if is_clean {
            let paths: Vec<&str> = known().map(|path| path.path.as_str()).collect();
            let shown =
                if paths.is_empty() { "it is known to write none".to_owned() } else { paths.join(", ") };
            verdicts.pass(at, format!("could write every path that it is known to write: {shown}"));
        }
    }
}

fn under_read_only(context: &ServiceContext<'_>, at: Loc, verdicts: &mut Verdicts) {
    if let Some(why) = &context.profile.blind {
        verdicts.unknown(at, "cannot tell whether every path that it writes is writable", why);
        return;
    }
    let (known, usual): (Vec<_>, Vec<_>) = uncovered(context)
        .filter(|path| !(path.assumed && image_tells_all(context)))
        .partition(|path| !path.assumed);
    let redirects = &context.profile.target.redirects;
    let paths =
        |paths: &[&WritablePath]| paths.iter().map(|path| path.path.clone()).collect::<Vec<_>>().join(", ");
    let mut written: Vec<String> = Vec::new();
    if !known.is_empty() {
        written.push(format!("it writes {}", paths(&known)));
    }
    if !redirects.is_empty() {
        let variables: Vec<&str> = redirects.iter().map(|redirect| redirect.variable.as_str()).collect();
        written.push(format!("it writes where it cannot unless {} is set", variables.join(", ")));
    }
    if written.is_empty() && usual.is_empty() {
        verdicts.pass(at, "every path that it is known to write is writable");
        return;
    }
    let judgement = if written.is_empty() {
        let message = format!("the root is read-only and nothing covers {}", paths(&usual));
        verdicts.unknown(at, message, "whether it writes there, as most programs do")
    } else {
        verdicts.fail(at, format!("the root is read-only, and {}", written.join("; ")))
    };
    judgement.because(redirects.iter().flat_map(|redirect| redirect.evidence.iter().cloned()));
    for path in known.iter().chain(&usual) {
        judgement.because(path.evidence.iter().cloned());
    }
    judgement.fix(cover_all(context));
}

/// True for a known service image: its entry lists what it writes under a read-only root.
fn image_tells_all(context: &ServiceContext<'_>) -> bool {
    match &context.profile.image {
        ImageSource::Known { entry, .. } => entry.image.role == Role::Service && entry.image.rootfs.is_some(),
        _ => false,
    }
}

fn cover_all(context: &ServiceContext<'_>) -> Fix {
    match make_writable(context) {
        Ok(changes) => Fix {
            safety: needs_proof("a mount hides what the image has at that path"),
            summary: "make what it writes writable".to_owned(),
            changes,
        },
        Err(why) => refused("make what it writes writable", why),
    }
}

/// A tmpfs on `~/.cache` of somebody else (a home that is not the one of the user).
fn misplaced(context: &ServiceContext<'_>, tmpfs: &Tmpfs, verdicts: &mut Verdicts) {
    let path = canonical(&tmpfs.target);
    let Some((home, inside)) = home_of_hidden_directory(&path) else { return };
    if is_named_by_a_variable(context, &path) {
        return;
    }
    let Some(actual) = effective_home(context) else {
        let message = format!("cannot tell whether {home} is the home directory of its user");
        verdicts.unknown(tmpfs.at, message, "the home directory of the user in the image");
        return;
    };
    if actual == home {
        return;
    }
    let user = user_name(&context.profile.login.start);
    let message =
        format!("the tmpfs on {path} is not used: the service runs as {user}, whose home is {actual}");
    let judgement = verdicts.fail(tmpfs.at, message);
    judgement.because(context.profile.login.evidence.iter().cloned());
    judgement.fix(move_home(context, tmpfs, home, inside, &actual));
}

/// `/home/app/.cache/x` is `/home/app` and `.cache/x`. Only where homes usually are: `/app/.next` is something else.
fn home_of_hidden_directory(path: &str) -> Option<(&str, &str)> {
    let (home, inside) = path.split_once("/.")?;
    let is_home = home == "/root"
        || home.strip_prefix("/home/").is_some_and(|name| !name.is_empty() && !name.contains('/'));
    let start = path.len() - inside.len() - 1;
    is_home.then(|| (home, path.get(start..).unwrap_or_default()))
}

/// A variable such as `XDG_CACHE_HOME` may lead there.
fn is_named_by_a_variable(context: &ServiceContext<'_>, path: &str) -> bool {
    let names = |value: &str| {
        let value = canonical(value);
        value != "/" && holds(path, &value)
    };
    let in_compose = context.service.environment.iter().any(|(name, variable)| {
        name != "HOME"
            && variable.value.as_deref().is_some_and(|value| value.starts_with('/') && names(value))
    });
    let in_image = || match &context.profile.image {
        ImageSource::Built { facts, .. } => facts.env.iter().any(|(name, value)| {
            name != "HOME" && value.value.known().is_some_and(|value| value.starts_with('/') && names(value))
        }),
        _ => false,
    };
    in_compose || in_image()
}

fn effective_home(context: &ServiceContext<'_>) -> Option<String> {
    match context.service.environment.get("HOME") {
        Some(home) if home.missing.is_empty() => return home.value.as_deref().map(canonical),
        Some(_) => return None,
        None => {}
    }
    let home = context.profile.login.home.as_deref().map(canonical);
    home.or_else(|| has_no_account(context).then(|| "/".to_owned()))
}

/// True when no `/etc/passwd` can have the uid: the Dockerfile does not create it, and distributions use no number
/// between those of the first users and `nobody`. The engine sets HOME to `/` then.
fn has_no_account(context: &ServiceContext<'_>) -> bool {
    let Identity::Numeric { uid, .. } = context.profile.login.start else { return false };
    let ImageSource::Built { facts, base: Some(base), .. } = &context.profile.image else { return false };
    let is_distribution = base.image.role == Role::Base
        && base.image.start.as_ref().is_some_and(|start| start.uid == 0)
        && base.image.id != "distroless";
    is_distribution
        && (10_000..65_534).contains(&uid)
        && facts.accounts.opaque.is_empty()
        && facts.unread.is_empty()
        // A user without a number may have got any.
        && facts.accounts.users.iter().all(|user| {
            user.uid.as_ref().and_then(|id| id.known()).is_some_and(|id| id != uid.to_string())
        })
}

fn user_name(identity: &Identity) -> String {
    match identity {
        Identity::Root => "root".to_owned(),
        Identity::Numeric { uid, .. } => format!("uid {uid}"),
        Identity::Named { name, .. } => name.clone(),
        Identity::Unknown { .. } => "a user that is not known".to_owned(),
    }
}

fn move_home(context: &ServiceContext<'_>, tmpfs: &Tmpfs, home: &str, inside: &str, actual: &str) -> Fix {
    let target = context.profile.target.user.as_ref();
    if let Some(user) = target.filter(|user| canonical(&user.home) == home) {
        let reason = format!("it is right once the service runs as uid {}: see non-root-user", user.uid);
        return refused("leave the tmpfs where it is", reason);
    }
    if actual == "/" || actual == "/nonexistent" {
        let action = ComposeAction::SetVariable { name: "HOME".to_owned(), value: home.to_owned() };
        let why = "the program may look for other files in its home directory";
        return fix(
            context,
            needs_proof(why),
            format!("set HOME to {home}"),
            [(action, format!("the tmpfs is in {home}"))],
        );
    }
    let place = format!("{actual}/{inside}");
    let actions =
        to_place(context, tmpfs, &place).into_iter().map(|action| (action, "home of the user".to_owned()));
    let why = "files of the image at the new place are hidden";
    fix(context, needs_proof(why), format!("move the tmpfs to {place}"), actions)
}

/// Where a tmpfs is planned there anyway, that one takes the place: two mounts on one path are an error of the engine.
fn to_place(context: &ServiceContext<'_>, tmpfs: &Tmpfs, place: &str) -> Vec<ComposeAction> {
    if let Some(planned) = context.profile.target.tmpfs.iter().find(|planned| planned.path == place) {
        return vec![remove_tmpfs(tmpfs), add_tmpfs(planned)];
    }
    let options =
        if tmpfs.options.is_empty() { String::new() } else { format!(":{}", tmpfs.options.join(",")) };
    replace_tmpfs(tmpfs, format!("{place}{options}"))
}

/// A tmpfs that hides what COPY or ADD put into the image (it always comes up empty).
fn over_code(context: &ServiceContext<'_>, tmpfs: &Tmpfs, verdicts: &mut Verdicts) {
    let ImageSource::Built { facts, dockerfile, .. } = &context.profile.image else { return };
    let path = canonical(&tmpfs.target);
    if is_open_to_all(&path) || holds("/run", &path) {
        return;
    }
    let hidden = facts
        .copies
        .iter()
        .find(|copy| copy.is_code && copy.dest.known().is_some_and(|dest| holds(&path, &canonical(dest))));
    let Some(copy) = hidden else { return };
    let judgement = verdicts.fail(tmpfs.at, format!("the tmpfs on {path} hides what the image has there"));
    if let Some(file) = context.stack.dockerfiles.get(dockerfile) {
        judgement.see(Loc { file: file.file, span: copy.span }, "copied into the image here");
    }
    let why = "what the service writes there needs another place";
    let change = of_service(context, remove_tmpfs(tmpfs), "hides files of the image");
    judgement.fix(Fix {
        safety: needs_proof(why),
        summary: format!("remove the tmpfs on {path}"),
        changes: vec![change],
    });
}

#[cfg(test)]
mod tests {
    use super::home_of_hidden_directory;

    #[test]
    fn hidden_directories_of_homes_are_told_from_those_of_programs() {
        assert_eq!(home_of_hidden_directory("/home/app/.cache/x"), Some(("/home/app", ".cache/x")));
        assert_eq!(home_of_hidden_directory("/root/.npm"), Some(("/root", ".npm")));
        for path in ["/app/.next", "/home/.cache", "/home/app/cache", "/home/a/b/.cache", "/.cache"] {
            assert_eq!(home_of_hidden_directory(path), None, "{path}");
        }
    }
}
