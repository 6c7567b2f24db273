//! Lines that known images write about something they can do without.

/// Why a line is no loss; `None` when nothing is known of it.
pub(super) fn reason(line: &str) -> Option<&'static str> {
    let known = KNOWN.iter().find(|(parts, _)| parts.iter().all(|part| line.contains(part)));
    known.map(|(_, reason)| *reason)
}

type Known = (&'static [&'static str], &'static str);

const KNOWN: [Known; 3] = [
    (
        &["can not modify /etc/nginx/conf.d/"],
        "the entrypoint of nginx adds IPv6 to the default configuration where it can (10-listen-on-ipv6-by-default.sh)",
    ),
    (
        &["chmod: changing permissions of '/run/postgresql'"],
        "the entrypoint of PostgreSQL ignores it (`chmod 03775 /var/run/postgresql || :`)",
    ),
    (
        &["chmod: changing permissions of '/var/run/postgresql'"],
        "the entrypoint of PostgreSQL ignores it (`chmod 03775 /var/run/postgresql || :`)",
    ),
];
