use temper_model::container::Limits;

use super::host::Host;

/// Where control groups are mounted.
const ROOT: &str = "/sys/fs/cgroup";

/// What version 1 writes for no limit: the largest multiple of the page size that fits (kernel, `page_counter.h`). Pages
/// are 4 KiB at least, so everything from here is no limit.
const NO_LIMIT_V1: u64 = 0x7fff_ffff_ffff_0000;

/// Reads what the control groups in `/proc/PID/cgroup` allow, in version 1 or 2.
///
/// # Errors
/// What could not be read.
pub(super) fn limits(host: &dyn Host, cgroup: &str) -> Result<Limits, String> {
    let lines: Vec<Line<'_>> = cgroup.lines().filter_map(line).collect();
    let v1 = |name: &str| lines.iter().find(|line| line.controllers.split(',').any(|found| found == name));
    match v1("memory") {
        Some(_) => version_1(host, &v1),
        None => {
            let unified = lines.iter().find(|line| line.controllers.is_empty());
            version_2(host, unified.ok_or("/proc/PID/cgroup names no control group")?.path)
        }
    }
}

/// One line of `/proc/PID/cgroup`: `4:memory:/docker/0f…`, or `0::/system.slice/docker-0f….scope`.
struct Line<'a> {
    controllers: &'a str,
    path: &'a str,
}

fn line(text: &str) -> Option<Line<'_>> {
    let mut parts = text.splitn(3, ':').skip(1);
    Some(Line { controllers: parts.next()?, path: parts.next()? })
}

fn version_1<'a>(host: &dyn Host, group: &dyn Fn(&str) -> Option<&'a Line<'a>>) -> Result<Limits, String> {
    let file = |controller: &str, name: &str| {
        let group = group(controller).ok_or_else(|| format!("no control group of {controller}"))?;
        let path = format!("{ROOT}/{}{}/{name}", group.controllers, group.path.trim_end_matches('/'));
        number_or_max(&read(host, &path)?, &path)
    };
    let quota = file("cpu", "cpu.cfs_quota_us")?;
    let period = file("cpu", "cpu.cfs_period_us")?;
    Ok(Limits {
        memory: file("memory", "memory.limit_in_bytes")?.filter(|bytes| *bytes < NO_LIMIT_V1),
        nano_cpus: nano_cpus(quota, period),
        pids: file("pids", "pids.max")?,
    })
}

fn version_2(host: &dyn Host, path: &str) -> Result<Limits, String> {
    let file = |name: &str| format!("{ROOT}{}/{name}", path.trim_end_matches('/'));
    let one = |name: &str| number_or_max(&read(host, &file(name))?, &file(name));
    let cpu = read(host, &file("cpu.max"))?;
    let (quota, period) = cpu.trim().split_once(' ').unwrap_or((cpu.trim(), "100000"));
    Ok(Limits {
        memory: one("memory.max")?,
        nano_cpus: nano_cpus(
            number_or_max(quota, &file("cpu.max"))?,
            number_or_max(period, &file("cpu.max"))?,
        ),
        pids: one("pids.max")?,
    })
}

fn read(host: &dyn Host, path: &str) -> Result<String, String> {
    host.text(path).map_err(|error| format!("{path}: {error}"))
}

/// `max`, and `-1` in version 1, mean no limit.
fn number_or_max(text: &str, path: &str) -> Result<Option<u64>, String> {
    match text.trim() {
        "max" | "-1" => Ok(None),
        number => number.parse().map(Some).map_err(|_| format!("{path}: `{number}` is no number")),
    }
}

fn nano_cpus(quota: Option<u64>, period: Option<u64>) -> Option<u64> {
    let (quota, period) = (quota?, period.filter(|period| *period > 0)?);
    u64::try_from(u128::from(quota) * 1_000_000_000 / u128::from(period)).ok()
}

#[cfg(test)]
mod tests {
    use temper_model::container::Limits;

    use super::super::host::recorded::RecordedHost;
    use super::limits;

    #[test]
    fn version_1_is_read_from_the_directory_of_each_controller() {
        let host = RecordedHost::default()
            .file("/sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes", "536870912\n")
            .file("/sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_quota_us", "150000\n")
            .file("/sys/fs/cgroup/cpu,cpuacct/docker/ab/cpu.cfs_period_us", "100000\n")
            .file("/sys/fs/cgroup/pids/docker/ab/pids.max", "max\n");
        let cgroup = "5:pids:/docker/ab\n4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n0::/\n";
        let expected = Limits { memory: Some(512 << 20), nano_cpus: Some(1_500_000_000), pids: None };
        assert_eq!(limits(&host, cgroup), Ok(expected));
    }

    #[test]
    fn version_1_without_limits_has_none() {
        let host = RecordedHost::default()
            .file("/sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes", "9223372036854771712\n")
            .file("/sys/fs/cgroup/cpu/docker/ab/cpu.cfs_quota_us", "-1\n")
            .file("/sys/fs/cgroup/cpu/docker/ab/cpu.cfs_period_us", "100000\n")
            .file("/sys/fs/cgroup/pids/docker/ab/pids.max", "max\n");
        let cgroup = "5:pids:/docker/ab\n4:memory:/docker/ab\n3:cpu:/docker/ab\n";
        assert_eq!(limits(&host, cgroup), Ok(Limits::default()));
    }

    #[test]
    fn version_2_is_read_from_one_directory() {
        let scope = "/sys/fs/cgroup/system.slice/docker-ab.scope";
        let host = RecordedHost::default()
            .file(&format!("{scope}/memory.max"), "max\n")
            .file(&format!("{scope}/cpu.max"), "50000 100000\n")
            .file(&format!("{scope}/pids.max"), "2048\n");
        let expected = Limits { memory: None, nano_cpus: Some(500_000_000), pids: Some(2048) };
        assert_eq!(limits(&host, "0::/system.slice/docker-ab.scope\n"), Ok(expected));
    }

    #[test]
    fn file_that_cannot_be_read_is_an_error_and_no_missing_limit() {
        let error = limits(&RecordedHost::default(), "0::/x\n").expect_err("nothing is there");
        assert!(error.starts_with("/sys/fs/cgroup/x/cpu.max: "), "{error}");
    }
}
