use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use temper_model::container::Observed;

use super::{LogFinding, Sign};

/// What the kernel counted for the control group of a container.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Processes killed for memory (`oom_kill`).
    pub oom_kills: u64,
    /// How often an allocation met the limit (`memory.failcnt`, or `max` of `memory.events`). Caches that are given back
    /// count too: by itself it is no fault.
    pub memory_limit_met: u64,
    /// How often a process or thread was refused (`max` of `pids.events`).
    pub pids_refused: u64,
}

/// Reads the counters of a running process, of control groups version 1 or 2
/// (kernel, `Documentation/admin-guide/cgroup-v1/memory.rst` and `cgroup-v2.rst`).
#[must_use]
pub fn counters(pid: u32) -> Observed<Counters> {
    let of_process = format!("/proc/{pid}/cgroup");
    match std::fs::read_to_string(&of_process) {
        Ok(table) => read(&table, Path::new("/sys/fs/cgroup")),
        Err(error) => Observed::Unknown(format!("{of_process}: {error}")),
    }
}

fn read(table: &str, root: &Path) -> Observed<Counters> {
    let (memory, memory_one) = directory(table, root, "memory");
    let (pids, _) = directory(table, root, "pids");
    let kills = if memory_one { "memory.oom_control" } else { "memory.events" };
    let missing =
        |path: &Path, error: &std::io::Error| Observed::Unknown(format!("{}: {error}", path.display()));
    let path = memory.join(kills);
    let events = match std::fs::read_to_string(&path) {
        Ok(events) => events,
        Err(error) => return missing(&path, &error),
    };
    let met = match memory_one {
        true => std::fs::read_to_string(memory.join("memory.failcnt"))
            .ok()
            .and_then(|text| text.trim().parse().ok()),
        false => value(&events, "max"),
    };
    let Some(oom_kills) = value(&events, "oom_kill") else {
        return Observed::Unknown(format!("{}: it has no `oom_kill`", path.display()));
    };
    // Without a limit of processes there may be no such file, and nothing can be refused.
    let pids_refused =
        std::fs::read_to_string(pids.join("pids.events")).ok().and_then(|text| value(&text, "max"));
    Observed::Known(Counters {
        oom_kills,
        memory_limit_met: met.unwrap_or(0),
        pids_refused: pids_refused.unwrap_or(0),
    })
}

/// The directory of a controller, and whether it is of version 1.
fn directory(table: &str, root: &Path, controller: &str) -> (PathBuf, bool) {
    let mut unified = root.to_owned();
    for line in table.lines() {
        let mut fields = line.splitn(3, ':');
        let (Some(_), Some(controllers), Some(path)) = (fields.next(), fields.next(), fields.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        if controllers.split(',').any(|one| one == controller) {
            return (root.join(controller).join(path), true);
        }
        if controllers.is_empty() {
            unified = root.join(path);
        }
    }
    (unified, false)
}

fn value(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}

/// What the kernel did to a container between two readings of the same container.
#[must_use]
pub fn new_kills(before: &Counters, after: &Counters) -> Vec<LogFinding> {
    let finding = |sign, count: u64, line: &str| LogFinding {
        sign,
        line: line.to_owned(),
        count: usize::try_from(count).unwrap_or(usize::MAX),
        path: None,
        tolerated: None,
    };
    let kills = after.oom_kills.saturating_sub(before.oom_kills);
    let refused = after.pids_refused.saturating_sub(before.pids_refused);
    let mut all = Vec::new();
    if kills > 0 {
        all.push(finding(Sign::OutOfMemory, kills, "the kernel killed a process for memory"));
    }
    if refused > 0 {
        all.push(finding(
            Sign::TooManyProcesses,
            refused,
            "the kernel refused a process or thread (limit of pids)",
        ));
    }
    all
}

#[cfg(test)]
mod tests {
    use temper_model::container::Observed;

    use super::{Counters, counters, new_kills, read};
    use crate::probe::Sign;

    #[test]
    fn both_versions_of_control_groups_are_read() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("memory/docker/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
        write("memory/docker/a/memory.failcnt", "17\n");
        write("pids/docker/a/pids.events", "max 3\n");
        write("two/memory.events", "low 0\nhigh 0\nmax 5\noom 1\noom_kill 1\noom_group_kill 0\n");
        let one =
            read("11:cpu,cpuacct:/docker/a\n10:memory:/docker/a\n9:pids:/docker/a\n0::/\n", root.path());
        assert_eq!(one, Observed::Known(Counters { oom_kills: 2, memory_limit_met: 17, pids_refused: 3 }));
        let two = read("0::/two\n", root.path());
        assert_eq!(two, Observed::Known(Counters { oom_kills: 1, memory_limit_met: 5, pids_refused: 0 }));
        assert!(
            matches!(read("0::/gone\n", root.path()), Observed::Unknown(missing) if missing.contains("gone"))
        );
        assert!(matches!(counters(0), Observed::Unknown(_)));
    }

    #[test]
    fn only_what_is_new_counts() {
        let before = Counters { oom_kills: 2, memory_limit_met: 1, pids_refused: 0 };
        let after = Counters { oom_kills: 3, memory_limit_met: 900, pids_refused: 0 };
        let found = new_kills(&before, &after);
        assert_eq!((found.len(), found[0].sign, found[0].count), (1, Sign::OutOfMemory, 1));
        assert_eq!(new_kills(&after, &after), []);
    }
}
