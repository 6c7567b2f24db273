use super::host::recorded::RecordedHost;
use super::{ProcessTable, Target, kernel_facts};

const ID: &str = "4f0c0ffee";

fn status(pid: u32, inner: u32, uid: u32) -> String {
    format!(
        "Name:\tapp\nState:\tS (sleeping)\nPid:\t{pid}\nPPid:\t1\nUid:\t{uid}\t{uid}\t{uid}\t{uid}\nGid:\t{uid}\t{uid}\t{uid}\t{uid}\n\
         Groups:\t\nNSpid:\t{pid}\t{inner}\nCapInh:\t0\nCapPrm:\t0\nCapEff:\t0\nCapBnd:\t0\nCapAmb:\t0\nNoNewPrivs:\t1\nSeccomp:\t2\n"
    )
}

/// Two containers: processes 20 and 21 in a namespace of their own, 30 in that of the host.
fn host() -> RecordedHost {
    let mut host = RecordedHost::default();
    for (pid, inner, uid) in [(1, 1, 0), (20, 1, 65532), (21, 7, 65532), (30, 30, 0)] {
        host = host.file(&format!("/proc/{pid}/status"), &status(pid, inner, uid));
        for map in ["uid_map", "gid_map"] {
            host = host.file(&format!("/proc/{pid}/{map}"), "         0          0 4294967295\n");
        }
        let group = match pid {
            1 => "0::/init.scope\n".to_owned(),
            30 => "0::/system.slice/docker-other.scope\n".to_owned(),
            _ => format!("0::/system.slice/docker-{ID}.scope\n"),
        };
        host = host.file(&format!("/proc/{pid}/cgroup"), &group);
        for kind in ["mnt", "net", "pid", "ipc", "uts", "user", "cgroup"] {
            let own = match (kind, pid) {
                ("user", _) | (_, 1) | ("pid", 30) => "host".to_owned(),
                (_, 21) => "20".to_owned(),
                _ => pid.to_string(),
            };
            host = host.link(&format!("/proc/{pid}/ns/{kind}"), &format!("{kind}:[{own}]"));
        }
    }
    host
}

#[test]
fn every_process_of_the_namespace_is_found_its_first_one_first() {
    let host = host();
    let table = ProcessTable::read(&host).expect("it lists");
    let facts = kernel_facts(&host, &table, &Target { id: ID.into(), pid: 20, shares_pids: false });
    let processes = facts.processes.get().expect("all can be read");
    assert_eq!(processes.iter().map(|process| process.inner_pid).collect::<Vec<_>>(), [1, 7]);
    assert_eq!(facts.host_namespaces.get(), Ok(&vec!["user".to_owned()]));
}

#[test]
fn container_with_the_pids_of_the_host_has_only_the_processes_of_its_control_group() {
    let host = host();
    let table = ProcessTable::read(&host).expect("it lists");
    let facts = kernel_facts(&host, &table, &Target { id: "other".into(), pid: 30, shares_pids: true });
    assert_eq!(facts.processes.get().expect("it can be read").len(), 1);
    assert!(facts.host_namespaces.get().expect("it can be read").contains(&"pid".to_owned()));
}

#[test]
fn process_of_somebody_else_with_the_same_number_is_never_taken_for_the_container() {
    let host = host();
    let table = ProcessTable::read(&host).expect("it lists");
    let facts = kernel_facts(&host, &table, &Target { id: "faraway".into(), pid: 20, shares_pids: false });
    assert_eq!(
        facts.processes.get(),
        Err("process 20 of this machine is not that of the container: the engine runs elsewhere")
    );
}

#[test]
fn what_cannot_be_read_is_unknown_and_says_which_file() {
    let host = host();
    let table = ProcessTable::read(&host).expect("it lists");
    let facts = kernel_facts(&host, &table, &Target { id: ID.into(), pid: 20, shares_pids: false });
    assert!(facts.mounts.get().is_err_and(|missing| missing.starts_with("/proc/20/mountinfo: ")));
    assert!(facts.limits.get().is_err_and(|missing| missing.contains("cpu.max")));
}

#[test]
fn process_that_hides_its_namespaces_is_passed_over_only_when_it_is_in_no_other_one() {
    let denied = |status: &str| {
        let host = host().file("/proc/40/status", status).denied("/proc/40/ns/pid");
        let table = ProcessTable::read(&host).expect("it lists");
        kernel_facts(&host, &table, &Target { id: ID.into(), pid: 20, shares_pids: false }).processes
    };
    assert_eq!(denied("NSpid:\t40\n").get().map(Vec::len), Ok(2));
    let hidden = denied("NSpid:\t40\t3\n");
    assert_eq!(hidden.get(), Err("process 40 of the host hides its namespaces from this user"));
}
