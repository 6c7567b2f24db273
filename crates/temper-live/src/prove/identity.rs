use caps::{CapSet, Capability, CapsHashSet};
use nix::sys::prctl;
use nix::unistd::{Gid, Uid, getresgid, getresuid, setgroups, setresgid, setresuid};

use super::request::Identity;

/// Becomes what a process of the container is: groups, user, capability sets, no new privileges.
///
/// # Errors
/// What could not be taken on. An attempt with fewer rights than the process has would prove nothing, so it is not made.
pub(super) fn take_on(identity: &Identity) -> Result<(), String> {
    let sets = &identity.capabilities;
    holds_all(sets.permitted)?;
    let wanted = set_of(sets.bounding);
    for capability in caps::all() {
        if !wanted.contains(&capability) && caps::has_cap(None, CapSet::Bounding, capability).unwrap_or(false)
        {
            caps::drop(None, CapSet::Bounding, capability)
                .map_err(|error| format!("leaving {capability}: {error}"))?;
        }
    }
    set(CapSet::Inheritable, sets.inheritable)?;
    let groups: Vec<Gid> = identity.groups.iter().copied().map(Gid::from_raw).collect();
    setgroups(&groups).map_err(|error| format!("taking on its groups: {error}"))?;
    prctl::set_keepcaps(true).map_err(|error| format!("keeping capabilities: {error}"))?;
    let [real, effective, saved, _] = identity.gids.map(Gid::from_raw);
    setresgid(real, effective, saved).map_err(|error| format!("taking on its group: {error}"))?;
    let [real, effective, saved, _] = identity.uids.map(Uid::from_raw);
    setresuid(real, effective, saved).map_err(|error| format!("taking on its user: {error}"))?;
    set(CapSet::Effective, sets.effective)?;
    set(CapSet::Permitted, sets.permitted)?;
    caps::clear(None, CapSet::Ambient).map_err(|error| format!("clearing ambient capabilities: {error}"))?;
    for capability in set_of(sets.ambient) {
        caps::raise(None, CapSet::Ambient, capability)
            .map_err(|error| format!("taking on ambient {capability}: {error}"))?;
    }
    if identity.no_new_privileges {
        prctl::set_no_new_privs().map_err(|error| format!("giving up new privileges: {error}"))?;
    }
    check(identity)
}

/// A capability that temper does not have itself cannot be taken on.
fn holds_all(mask: u64) -> Result<(), String> {
    let own = read(CapSet::Permitted)?;
    let mut lacking: Vec<String> =
        set_of(mask).difference(&own).map(|capability| short_name(*capability)).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    lacking.sort();
    Err(format!(
        "temper itself does not have the capabilities of the process: {} missing",
        lacking.join(", ")
    ))
}

/// Reads back what was taken on: a set that the kernel has changed silently must not pass for the container's.
fn check(identity: &Identity) -> Result<(), String> {
    let sets = &identity.capabilities;
    for (kind, mask) in [
        (CapSet::Bounding, sets.bounding),
        (CapSet::Permitted, sets.permitted),
        (CapSet::Effective, sets.effective),
        (CapSet::Ambient, sets.ambient),
    ] {
        if read(kind)? != set_of(mask) {
            return Err(format!("the {kind:?} capabilities of the process could not be taken on"));
        }
    }
    let users = getresuid().map_err(|error| error.to_string())?;
    let groups = getresgid().map_err(|error| error.to_string())?;
    let is_user = [users.real, users.effective, users.saved].map(Uid::as_raw) == identity.uids[..3];
    let is_group = [groups.real, groups.effective, groups.saved].map(Gid::as_raw) == identity.gids[..3];
    if is_user && is_group { Ok(()) } else { Err("its user could not be taken on".to_owned()) }
}

fn read(kind: CapSet) -> Result<CapsHashSet, String> {
    caps::read(None, kind).map_err(|error| format!("reading capabilities: {error}"))
}

fn set(kind: CapSet, mask: u64) -> Result<(), String> {
    caps::set(None, kind, &set_of(mask)).map_err(|error| format!("taking on {kind:?} capabilities: {error}"))
}

fn set_of(mask: u64) -> CapsHashSet {
    caps::all().into_iter().filter(|capability| mask & capability.bitmask() != 0).collect()
}

fn short_name(capability: Capability) -> String {
    let name = capability.to_string();
    name.strip_prefix("CAP_").map_or_else(|| name.clone(), str::to_owned)
}
