//! Scripts that containers start with: what in them only root can do.

use std::collections::BTreeMap;

use temper_dockerfile::Dockerfile;
use temper_dockerfile::shell::{SimpleCommand, script_file};

use crate::{FileTree, path};

/// A command that a start script runs in any case and that only root can.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCommand {
    /// The script, relative to the root of the stack.
    pub script: String,
    /// The program.
    pub program: String,
}

/// Programs that change users, owners, accounts, packages or the kernel's settings.
const ROOT_ONLY: [&str; 34] = [
    "addgroup",
    "adduser",
    "apk",
    "apt",
    "apt-get",
    "chgrp",
    "chown",
    "chpasswd",
    "chpst",
    "cron",
    "crond",
    "deluser",
    "dnf",
    "gosu",
    "groupadd",
    "groupmod",
    "ip6tables",
    "ipset",
    "iptables",
    "modprobe",
    "mount",
    "nft",
    "runuser",
    "s6-setuidgid",
    "setcap",
    "setpriv",
    "sshd",
    "su",
    "su-exec",
    "sysctl",
    "umount",
    "update-ca-certificates",
    "useradd",
    "usermod",
];

/// The first such command in the scripts that a target starts with, as far as they lie in the build context. What stands
/// inside an `if` is left out: scripts ask there whether they are root.
pub(crate) fn root_command(
    tree: &dyn FileTree,
    context: &str,
    dockerfile: &Dockerfile,
    target: Option<&str>,
) -> Option<RootCommand> {
    let facts = dockerfile.facts(target, &BTreeMap::new()).ok()?;
    let sources = facts.start.scripts.iter().filter_map(|script| script.source.as_deref());
    sources.map(|source| path::join(context, source)).find_map(|script| {
        let text = tree.read(&script).ok().filter(|text| is_shell_script(&script, text))?;
        let commands = script_file(&text).commands;
        let programs = commands.iter().filter(|command| !command.conditional).map(program);
        let found = programs.into_iter().find(|program| ROOT_ONLY.contains(program))?;
        Some(RootCommand { program: found.to_owned(), script: script.clone() })
    })
}

/// A program of another language, such as `app.py` after `python`, is no script of the shell.
fn is_shell_script(path: &str, text: &str) -> bool {
    text.starts_with("#!") || [".sh", ".bash"].iter().any(|end| path.ends_with(end))
}

/// The program that a command runs: `exec gosu app` runs gosu.
fn program(command: &SimpleCommand) -> &str {
    let name = command.program();
    let first = command.args.first().map_or("", |word| word.text.as_str());
    if matches!(name, "exec" | "command") { path::file_name(first) } else { name }
}

#[cfg(test)]
mod tests {
    use super::{RootCommand, root_command};
    use crate::MemoryTree;

    fn found(script: &str) -> Option<RootCommand> {
        let tree = MemoryTree::new([("api/start.sh", script)]);
        let dockerfile =
            temper_dockerfile::parse("FROM debian\nCOPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\n");
        root_command(&tree, "api", &dockerfile, None)
    }

    #[test]
    fn script_that_gives_files_away_needs_root() {
        let program = |script| found(script).map(|command| command.program);
        assert_eq!(program("#!/bin/sh\nset -e\nchown -R app /data\nexec app\n").as_deref(), Some("chown"));
        assert_eq!(program("#!/bin/bash\nexec gosu app \"$@\"\n").as_deref(), Some("gosu"));
    }

    #[test]
    fn script_that_asks_whether_it_is_root_does_not() {
        assert_eq!(
            found("#!/bin/sh\nif [ \"$(id -u)\" = 0 ]; then\n  chown app /data\nfi\nexec app\n"),
            None
        );
    }

    #[test]
    fn script_of_another_language_or_elsewhere_says_nothing() {
        assert_eq!(found("#!/usr/bin/env python3\nchown = 1\n"), None);
        assert_eq!(found("#!/bin/sh\nexec python app.py\n"), None);
    }
}
