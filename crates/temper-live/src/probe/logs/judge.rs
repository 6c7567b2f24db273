use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Sign, tolerated};
use crate::engine::LogLine;
use crate::probe::Redactor;

/// Something was refused to a service that was not before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFinding {
    /// What kind of refusal.
    pub sign: Sign,
    /// The first line that tells of it, without credentials; or how the service ended, or what the kernel counted.
    pub line: String,
    /// How many such lines there were.
    pub count: usize,
    /// The path that the line names.
    pub path: Option<String>,
    /// Why it is no loss, for what known images write.
    pub tolerated: Option<String>,
}

impl LogFinding {
    /// The controls that can be at fault, the likeliest first.
    #[must_use]
    pub fn suspects(&self) -> &'static [&'static str] {
        self.sign.suspects()
    }
}

impl fmt::Display for LogFinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.sign, self.line)?;
        if self.count > 1 {
            write!(f, " (and {} more)", self.count - 1)?;
        }
        Ok(())
    }
}

/// Judges the lines that a service wrote since it was changed. `usual` is what it wrote before: lines that say the same,
/// apart from words with digits, are not counted. Each kind of line is told once.
///
/// The engine writes a line a moment after the service: whoever has just asked the service reads its log a second later.
#[must_use]
pub fn log_findings(new: &[LogLine], usual: &[LogLine], redactor: &Redactor) -> Vec<LogFinding> {
    let usual: BTreeSet<String> =
        lines(usual).filter(|line| Sign::of_line(line).is_some()).map(steady).collect();
    let mut found: Vec<(String, LogFinding)> = Vec::new();
    for line in lines(new) {
        let Some(sign) = Sign::of_line(line) else { continue };
        let key = steady(line);
        if usual.contains(&key) {
            continue;
        }
        match found.iter_mut().find(|(known, _)| *known == key) {
            Some((_, finding)) => finding.count += 1,
            None => {
                let finding = LogFinding {
                    sign,
                    path: path_in(line).map(|path| redactor.line(path)),
                    tolerated: tolerated::reason(line).map(str::to_owned),
                    line: redactor.line(line.trim()),
                    count: 1,
                };
                found.push((key, finding));
            }
        }
    }
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// The finding that the end of a process gives by itself.
#[must_use]
pub fn end_finding(exit_code: i64, oom_killed: bool) -> Option<LogFinding> {
    let sign = Sign::of_exit(exit_code, oom_killed)?;
    let line = format!("the process ended with exit status {exit_code}");
    Some(LogFinding { sign, line, count: 1, path: None, tolerated: None })
}

fn lines(pieces: &[LogLine]) -> impl Iterator<Item = &str> {
    pieces.iter().flat_map(|piece| piece.text.lines()).filter(|line| !line.trim().is_empty())
}

/// A line without what differs from one time to the next: times, numbers, ids.
fn steady(line: &str) -> String {
    let varies = |word: &str| word.bytes().any(|byte| byte.is_ascii_digit());
    let words: Vec<&str> =
        line.split_whitespace().map(|word| if varies(word) { "#" } else { word }).collect();
    words.join(" ")
}

/// The first absolute path of a line, without quotes and punctuation around it.
fn path_in(line: &str) -> Option<&str> {
    let around = |c: char| "'\"`()[]{}<>,;:".contains(c);
    line.split(|c: char| c.is_whitespace() || "'\"`=(".contains(c))
        .map(|word| word.trim_matches(around).trim_end_matches('.'))
        .find(|word| {
            let rest = word.strip_prefix('/');
            rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "._".contains(c)))
        })
}

#[cfg(test)]
mod tests {
    use super::{LogFinding, log_findings};
    use crate::engine::LogLine;
    use crate::probe::{Redactor, Sign};

    fn log(text: &str) -> Vec<LogLine> {
        text.lines().map(|line| LogLine { error: true, text: format!("{line}\n") }).collect()
    }

    fn judged(new: &str, usual: &str) -> Vec<LogFinding> {
        log_findings(&log(new), &log(usual), &Redactor::default())
    }

    /// As the services write them.
    const REFUSALS: &str = r#"2026-11-20 09:12:01.120 UTC [1] FATAL:  could not create lock file "/var/run/postgresql/.s.PGSQL.5432.lock": Read-only file system
initdb: error: could not change permissions of directory "/var/lib/postgresql/data": Operation not permitted
find: '/var/lib/postgresql/data': Permission denied
1:M 20 Nov 2026 09:12:01.001 # Failed opening the temp RDB file temp-9.rdb (in server root dir /data) for saving: Permission denied
error: failed switching to "redis": operation not permitted
nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)
2026/11/20 09:12:01 [emerg] 1#1: chown("/var/cache/nginx/client_temp", 101) failed (1: Operation not permitted)
2026/11/20 09:12:01 [crit] 7#7: *1 open() "/var/cache/nginx/proxy_temp/1/00/1" failed (13: Permission denied)
Error: EROFS: read-only file system, mkdir '/app/.next/cache'
[Error: EACCES: permission denied, open '/app/uploads/a.png'] {
java.io.FileNotFoundException: /var/log/app/app.log (Permission denied)
java.nio.file.AccessDeniedException: /data/nodes
Caused by: java.nio.file.FileSystemException: /opt/app/tmp: Read-only file system
java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached
OSError: [Errno 30] Read-only file system: '/root/.cache/huggingface'
PermissionError: [Errno 13] Permission denied: '/app/uploads'
PermissionError: [Errno 1] Operation not permitted: '/data/x'
RuntimeError: can't start new thread
ts=2026-11-20T09:12:01Z level=error err="open /prometheus/queries.active: permission denied"
panic: open /data/jetstream/meta: read-only file system
Bad system call (core dumped)
ImportError: libfoo.so: failed to map segment from shared object
ERROR:  could not resize shared memory segment "/PostgreSQL.123" to 16777216 bytes: No space left on device
Bus error (core dumped)"#;

    #[test]
    fn refusals_are_read_from_what_services_write() {
        let shown: Vec<String> = judged(REFUSALS, "")
            .iter()
            .map(|finding| format!("{} {}", finding.sign, finding.path.as_deref().unwrap_or("-")))
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        read-only file system (EROFS) /var/run/postgresql/.s.PGSQL.5432.lock
        operation not permitted (EPERM) /var/lib/postgresql/data
        permission denied (EACCES) /var/lib/postgresql/data
        permission denied (EACCES) /data
        operation not permitted (EPERM) -
        read-only file system (EROFS) /var/cache/nginx/client_temp
        operation not permitted (EPERM) /var/cache/nginx/client_temp
        permission denied (EACCES) /var/cache/nginx/proxy_temp/1/00/1
        read-only file system (EROFS) /app/.next/cache
        permission denied (EACCES) /app/uploads/a.png
        permission denied (EACCES) /var/log/app/app.log
        permission denied (EACCES) /data/nodes
        read-only file system (EROFS) /opt/app/tmp
        no further process or thread (EAGAIN) -
        read-only file system (EROFS) /root/.cache/huggingface
        permission denied (EACCES) /app/uploads
        operation not permitted (EPERM) /data/x
        no further process or thread (EAGAIN) -
        permission denied (EACCES) /prometheus/queries.active
        read-only file system (EROFS) /data/jetstream/meta
        forbidden system call (SIGSYS) -
        not executable there (noexec) -
        no space left (ENOSPC) /PostgreSQL.123
        bus error (SIGBUS) -
        ");
    }

    #[test]
    fn what_a_service_writes_when_all_is_well_is_no_finding() {
        let usual = "LOG:  database system is ready to accept connections
1:M 20 Nov 2026 09:12:01.001 * Ready to accept connections tcp
1:M 20 Nov 2026 09:12:01.001 # Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis.
ERROR:  permission denied for table orders
172.18.0.1 - - [20/Nov/2026:09:12:01 +0000] \"GET /full HTTP/1.1\" 200 12
INFO:     Application startup complete.
[notice] 1#1: start worker processes
Memory: 512 MB, threads: 4";
        assert_eq!(judged(usual, ""), []);
    }

    #[test]
    fn lines_that_the_old_container_wrote_too_are_not_counted() {
        let usual = "2026-11-01 10:00:00 open /opt/x/cache-1: Permission denied";
        let same = "2026-11-20 09:12:01 open /opt/x/cache-7: Permission denied";
        assert_eq!(judged(same, usual), []);
        let other = format!("{same}\n2026-11-20 09:12:01 open /etc/app.conf: Permission denied");
        let found = judged(&other, usual);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path.as_deref(), Some("/etc/app.conf"));
    }

    #[test]
    fn a_line_that_comes_again_is_told_once() {
        let found =
            judged("09:00:01 write /a: Read-only file system\n09:00:02 write /a: Read-only file system", "");
        assert_eq!((found.len(), found[0].count), (1, 2));
        assert!(found[0].to_string().ends_with("(and 1 more)"));
        assert_eq!(found[0].suspects()[0], "read-only-rootfs");
    }

    #[test]
    fn what_a_known_image_can_do_without_is_said_to_be_so() {
        let nginx = "10-listen-on-ipv6-by-default.sh: info: can not modify /etc/nginx/conf.d/default.conf (read-only file system?)";
        let found = judged(nginx, "");
        assert_eq!((found[0].sign, found[0].tolerated.is_some()), (Sign::ReadOnlyFileSystem, true));
        assert!(judged("write /x: Read-only file system", "")[0].tolerated.is_none());
    }
}
