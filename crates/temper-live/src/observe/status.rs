use std::collections::HashMap;

use temper_model::container::{Capabilities, Process};

/// Reads `/proc/PID/status`. `None` for a process that has ended and was not collected (`State: Z` or `X`): it runs nothing.
///
/// # Errors
/// The line that is missing or not as `man 5 proc_pid_status` has it.
pub(super) fn process(text: &str, label: Option<String>) -> Result<Option<Process>, String> {
    let lines: HashMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(key, value)| (key, value.trim()))
        .collect();
    let line = |key: &str| lines.get(key).copied().ok_or_else(|| format!("no line {key}"));
    if line("State")?.starts_with(['Z', 'X']) {
        return Ok(None);
    }
    let pid = number(line("Pid")?)?;
    // The last number is that of the innermost namespace; kernels before 4.1 have no such line.
    let inner = lines.get("NSpid").and_then(|all| all.split_whitespace().last());
    Ok(Some(Process {
        pid,
        inner_pid: inner.map(number).transpose()?.unwrap_or(pid),
        name: line("Name")?.to_owned(),
        uids: four(line("Uid")?)?,
        gids: four(line("Gid")?)?,
        groups: line("Groups")?.split_whitespace().map(number).collect::<Result<_, _>>()?,
        capabilities: Capabilities {
            inheritable: mask(line("CapInh")?)?,
            permitted: mask(line("CapPrm")?)?,
            effective: mask(line("CapEff")?)?,
            bounding: mask(line("CapBnd")?)?,
            ambient: mask(line("CapAmb")?)?,
        },
        no_new_privileges: line("NoNewPrivs")? == "1",
        seccomp: line("Seccomp")?.parse().map_err(|_| "Seccomp is no number".to_owned())?,
        label,
    }))
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn four(text: &str) -> Result<[u32; 4], String> {
    let all: Vec<u32> = text.split_whitespace().map(number).collect::<Result<_, _>>()?;
    all.try_into().map_err(|_| format!("`{text}` is not four numbers"))
}

fn mask(text: &str) -> Result<u64, String> {
    u64::from_str_radix(text, 16).map_err(|_| format!("`{text}` is no hexadecimal number"))
}

#[cfg(test)]
mod tests {
    use super::process;

    /// Recorded from a worker of nginx under engine 20.10.
    const NGINX: &str = "Name:\tnginx\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t812\nNgid:\t0\nPid:\t812\nPPid:\t790\n\
        TracerPid:\t0\nUid:\t101\t101\t101\t101\nGid:\t101\t101\t101\t101\nFDSize:\t64\nGroups:\t101 27\nNStgid:\t812\t29\n\
        NSpid:\t812\t29\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n\
        CapBnd:\t00000000a80425fb\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

    #[test]
    fn process_is_read_with_its_number_in_the_container() {
        let process = process(NGINX, None).expect("it is well-formed").expect("it runs");
        assert_eq!((process.pid, process.inner_pid, process.name.as_str()), (812, 29, "nginx"));
        assert_eq!((process.uids, process.groups), ([101; 4], vec![101, 27]));
        assert_eq!(process.capabilities.bounding, 0xa804_25fb);
        assert!(process.no_new_privileges && process.seccomp == 2);
    }

    #[test]
    fn process_that_has_ended_is_none() {
        let text = NGINX.replace("S (sleeping)", "Z (zombie)");
        assert_eq!(process(&text, None), Ok(None));
    }

    #[test]
    fn line_that_is_missing_is_named_and_never_read_as_zero() {
        let text = NGINX.replace("NoNewPrivs:\t1\n", "");
        assert_eq!(process(&text, None), Err("no line NoNewPrivs".to_owned()));
    }
}
