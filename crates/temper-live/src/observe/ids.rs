use temper_model::container::Process;

use super::host::Host;

/// How the user namespace of a container numbers users and groups (`man 7 user_namespaces`).
pub(super) struct IdMaps {
    users: Vec<Range>,
    groups: Vec<Range>,
}

/// One line of `/proc/PID/uid_map`: `0 100000 65536`.
struct Range {
    inside: u32,
    outside: u32,
    count: u32,
}

/// What the kernel shows for a number that is not in the map (`/proc/sys/kernel/overflowuid`).
const OVERFLOW: u32 = 65534;

impl IdMaps {
    /// Reads the maps of a process.
    ///
    /// # Errors
    /// What could not be read.
    pub(super) fn read(host: &dyn Host, pid: u32) -> Result<Self, String> {
        let read = |name: &str| -> Result<Vec<Range>, String> {
            let path = format!("/proc/{pid}/{name}");
            let text = host.text(&path).map_err(|error| format!("{path}: {error}"))?;
            text.lines().map(|line| range(line).ok_or_else(|| format!("{path}: `{line}`"))).collect()
        };
        Ok(Self { users: read("uid_map")?, groups: read("gid_map")? })
    }

    /// The process with its users and groups as the container numbers them.
    pub(super) fn inside(&self, mut process: Process) -> Process {
        process.uids = process.uids.map(|uid| translate(&self.users, uid));
        process.gids = process.gids.map(|gid| translate(&self.groups, gid));
        for group in &mut process.groups {
            *group = translate(&self.groups, *group);
        }
        process
    }
}

fn range(line: &str) -> Option<Range> {
    let mut numbers = line.split_whitespace().map(|number| number.parse().ok());
    Some(Range { inside: numbers.next()??, outside: numbers.next()??, count: numbers.next()?? })
}

fn translate(map: &[Range], outside: u32) -> u32 {
    let found = map.iter().find_map(|range| {
        let offset = outside.checked_sub(range.outside).filter(|offset| *offset < range.count)?;
        range.inside.checked_add(offset)
    });
    found.unwrap_or(OVERFLOW)
}

#[cfg(test)]
mod tests {
    use super::{range, translate};

    #[test]
    fn root_of_a_remapped_container_is_root_inside() {
        let map = [range("         0     100000      65536").expect("it is well-formed")];
        assert_eq!((translate(&map, 100_000), translate(&map, 165_532)), (0, 65_532));
        assert_eq!(translate(&map, 0), 65_534);
    }

    #[test]
    fn host_numbers_are_their_own() {
        let map = [range("         0          0 4294967295").expect("it is well-formed")];
        assert_eq!((translate(&map, 0), translate(&map, 4_294_967_294)), (0, 4_294_967_294));
    }
}
