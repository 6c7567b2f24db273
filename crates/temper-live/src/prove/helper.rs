use std::path::PathBuf;

use caps::{CapSet, Capability};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::local::{Sight, Subject, look};
use super::parent::Prober;
use super::toolbox::Toolbox;
use crate::engine::{Engine, Inspect};
use crate::observe::LocalHost;

/// The hidden subcommand that looks at containers from inside a helper container.
pub const OBSERVE: &str = "__observe";

/// What entering a container and taking on an identity needs (`man 2 setns`, `man 7 capabilities`).
const NEEDED: [(Capability, &str); 6] = [
    (Capability::CAP_SYS_ADMIN, "SYS_ADMIN"),
    (Capability::CAP_SYS_CHROOT, "SYS_CHROOT"),
    (Capability::CAP_SYS_PTRACE, "SYS_PTRACE"),
    (Capability::CAP_SETUID, "SETUID"),
    (Capability::CAP_SETGID, "SETGID"),
    (Capability::CAP_SETPCAP, "SETPCAP"),
];

/// What the engine gives a container by default (moby, `oci/caps/defaults.go`): a process that has one of them can only be
/// imitated by one that has it too.
const DEFAULT: [&str; 14] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETGID",
    "SETUID",
    "SETFCAP",
    "SETPCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// Where the helper sees the control groups of the host.
const CGROUPS: &str = "/cgroup";

/// A request of many containers is cut into pieces: one argument may have 128 KiB (`MAX_ARG_STRLEN`).
const AT_ONCE: usize = 16;

/// What the helper is to look at.
#[derive(Serialize, Deserialize)]
struct Order {
    /// The words with which it starts attempt processes.
    command: Vec<String>,
    subjects: Vec<Subject>,
}

/// The names of the capabilities that this process lacks to look at containers by itself; empty when it can.
#[must_use]
pub(super) fn lacking() -> Vec<&'static str> {
    let lacks = |capability| !caps::has_cap(None, CapSet::Effective, capability).unwrap_or(false);
    NEEDED.into_iter().filter(|(capability, _)| lacks(*capability)).map(|(_, name)| name).collect()
}

/// Looks at containers from a helper container, which has the rights that this process lacks, or runs on the machine of
/// the engine.
pub(super) fn look_by_helper(
    engine: &Engine,
    toolbox: &Toolbox<'_>,
    containers: &[&Inspect],
    subjects: &[Subject],
) -> Vec<Sight> {
    let pieces = subjects.chunks(AT_ONCE).enumerate();
    let sights = pieces.flat_map(|(number, piece)| match order(engine, toolbox, number, containers, piece) {
        Ok(sights) => sights,
        Err(why) => piece.iter().map(|_| Sight::unknown(&format!("the helper container: {why}"))).collect(),
    });
    sights.collect()
}

fn order(
    engine: &Engine,
    toolbox: &Toolbox<'_>,
    number: usize,
    containers: &[&Inspect],
    subjects: &[Subject],
) -> Result<Vec<Sight>, String> {
    let order = Order { command: toolbox.command.clone(), subjects: subjects.to_vec() };
    let order = serde_json::to_string(&order).map_err(|error| error.to_string())?;
    let mut options = vec!["seccomp=unconfined"];
    let features = engine.security_options().map_err(|error| error.to_string())?;
    if features.iter().any(|feature| feature.contains("apparmor")) {
        options.push("apparmor=unconfined");
    }
    let body = json!({
        "Image": toolbox.image(),
        "User": "0:0",
        "Entrypoint": toolbox.command,
        "Cmd": [OBSERVE, order],
        "HostConfig": {
            "CapDrop": ["ALL"], "CapAdd": capabilities(containers), "SecurityOpt": options,
            "PidMode": "host", "NetworkMode": "none", "CgroupnsMode": "host", "ReadonlyRootfs": true,
            "Binds": [format!("/sys/fs/cgroup:{CGROUPS}:ro")],
        },
    });
    let answer = toolbox.run_to_end(&format!("{}-helper-{number}", toolbox.run), body)?;
    let sights: Vec<Sight> =
        serde_json::from_str(&answer).map_err(|error| format!("its answer is not understood: {error}"))?;
    if sights.len() == subjects.len() { Ok(sights) } else { Err("it left containers out".to_owned()) }
}

/// What the helper itself needs, and what the containers may have.
fn capabilities(containers: &[&Inspect]) -> Vec<String> {
    let mut all: Vec<String> = NEEDED.iter().map(|(_, name)| (*name).to_owned()).collect();
    for inspect in containers {
        let plain = |name: &str| name.trim_start_matches("CAP_").to_ascii_uppercase();
        let dropped: Vec<String> = inspect.texts("/HostConfig/CapDrop").into_iter().map(plain).collect();
        if !dropped.iter().any(|name| name == "ALL") {
            all.extend(DEFAULT.iter().map(|name| (*name).to_owned()));
        }
        all.extend(inspect.texts("/HostConfig/CapAdd").into_iter().map(plain).filter(|name| name != "ALL"));
    }
    all.sort();
    all.dedup();
    all
}

/// What the helper does: looks, and answers with JSON.
#[must_use]
pub fn observe(order: &str) -> String {
    let order: Order = match serde_json::from_str(order) {
        Ok(order) => order,
        Err(error) => return format!("the order is not understood: {error}"),
    };
    let mut words = order.command.into_iter();
    let program = PathBuf::from(words.next().unwrap_or_default());
    let prober = Prober { program, arguments: words.collect(), ..Prober::this_program() };
    let sights = look(&LocalHost { cgroups: CGROUPS }, &prober, &order.subjects);
    // It is made of strings and numbers, which always serialise.
    serde_json::to_string(&sights).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::capabilities;
    use crate::engine::Inspect;

    #[test]
    fn helper_gets_what_it_needs_and_what_the_containers_may_have() {
        let hardened = Inspect::new(json!({"HostConfig": {"CapDrop": ["ALL"], "CapAdd": ["CAP_NET_ADMIN"]}}));
        let found = capabilities(&[&hardened]);
        assert!(found.contains(&"NET_ADMIN".to_owned()) && !found.contains(&"DAC_OVERRIDE".to_owned()));
        assert_eq!(found.len(), 7);
        let usual = Inspect::new(json!({"HostConfig": {}}));
        assert!(capabilities(&[&usual]).contains(&"DAC_OVERRIDE".to_owned()));
    }
}
