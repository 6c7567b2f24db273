//! Scripts that containers start with: what in them only root can do, and which files they write.

use std::collections::BTreeMap;

use temper_dockerfile::Dockerfile;
use temper_dockerfile::shell::{Script, SimpleCommand, Word, script_file};

use crate::{FileTree, path};

/// What the scripts that a build target starts with do, as far as they lie in the build context.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StartScripts {
    /// The first command that needs root.
    pub root: Option<RootCommand>,
    /// Files and directories that they write, by absolute path.
    pub writes: Vec<ScriptWrite>,
}

/// A command of a start script that only root can run. What stands where the script has asked whether it is root does not
/// count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCommand {
    /// The script, relative to the root of the stack.
    pub script: String,
    /// The program.
    pub program: String,
    /// True inside `if`, `case`, a function and the like: it may not run.
    pub conditional: bool,
}

/// A path that a start script writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptWrite {
    /// The script, relative to the root of the stack.
    pub script: String,
    /// The file or directory in the container.
    pub path: String,
    /// True for a directory that is made; false for a file.
    pub directory: bool,
    /// True when it may not be written.
    pub conditional: bool,
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

/// What the scripts do that a target starts with.
pub(crate) fn start_scripts(
    tree: &dyn FileTree,
    context: &str,
    dockerfile: &Dockerfile,
    target: Option<&str>,
) -> StartScripts {
    let Ok(facts) = dockerfile.facts(target, &BTreeMap::new()) else { return StartScripts::default() };
    let mut found = StartScripts::default();
    for source in facts.start.scripts.iter().filter_map(|script| script.source.as_deref()) {
        let script = path::join(context, source);
        let Some(text) = tree.read(&script).ok().filter(|text| is_shell_script(&script, text)) else {
            continue;
        };
        let commands = script_file(&text);
        found.root = found.root.or_else(|| root_command(&script, &commands));
        for command in &commands.commands {
            for (path, directory) in written(command) {
                let conditional = command.conditional;
                found.writes.push(ScriptWrite { script: script.clone(), path, directory, conditional });
            }
        }
    }
    found
}

/// The first command that needs root, one that runs in any case before others.
fn root_command(script: &str, commands: &Script) -> Option<RootCommand> {
    let needs_root = |command: &&SimpleCommand| !command.asks_user && ROOT_ONLY.contains(&program(command));
    let mut found: Vec<&SimpleCommand> = commands.commands.iter().filter(needs_root).collect();
    found.sort_by_key(|command| command.conditional);
    let first = found.first()?;
    let program = program(first).to_owned();
    Some(RootCommand { script: script.to_owned(), program, conditional: first.conditional })
}

/// Absolute paths that a command writes, as far as they are written out, and whether each is a directory.
fn written(command: &SimpleCommand) -> Vec<(String, bool)> {
    let mut found: Vec<(&Word, bool)> = Vec::new();
    let outputs = command.redirects.iter().filter(|redirect| redirect.operator.contains('>'));
    found.extend(outputs.map(|redirect| (&redirect.target, false)));
    let operands: Vec<&Word> = command.args.iter().filter(|word| !word.text.starts_with('-')).collect();
    let in_place = |word: &&Word| word.text.starts_with("-i") || word.text.starts_with("--in-place");
    match command.program() {
        "mkdir" => found.extend(operands.into_iter().map(|word| (word, true))),
        "touch" | "tee" => found.extend(operands.into_iter().map(|word| (word, false))),
        "cp" | "mv" | "ln" | "install" => found.extend(operands.last().map(|word| (*word, false))),
        // The first operand is the program of sed.
        "sed" if command.args.iter().any(|word| in_place(&word)) => {
            found.extend(operands.into_iter().skip(1).map(|word| (word, false)));
        }
        _ => {}
    }
    let absolute = |word: &Word| word.literal && word.text.starts_with('/') && !word.text.contains('*');
    let known = found.into_iter().filter(|(word, _)| absolute(word));
    known.map(|(word, directory)| (word.text.clone(), directory || word.text.ends_with('/'))).collect()
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
    use super::{StartScripts, start_scripts};
    use crate::MemoryTree;

    fn found(script: &str) -> StartScripts {
        let tree = MemoryTree::new([("api/start.sh", script)]);
        let dockerfile =
            temper_dockerfile::parse("FROM debian\nCOPY start.sh /start.sh\nENTRYPOINT [\"/start.sh\"]\n");
        start_scripts(&tree, "api", &dockerfile, None)
    }

    fn root(script: &str) -> Option<(String, bool)> {
        found(script).root.map(|command| (command.program, command.conditional))
    }

    #[test]
    fn script_that_gives_files_away_needs_root() {
        assert_eq!(
            root("#!/bin/sh\nset -e\nchown -R app /data\nexec app\n"),
            Some(("chown".to_owned(), false))
        );
        assert_eq!(root("#!/bin/bash\nexec gosu app \"$@\"\n"), Some(("gosu".to_owned(), false)));
    }

    #[test]
    fn command_that_may_run_counts() {
        let condition = "#!/bin/sh\nif [ -n \"$CERT\" ]; then\n  update-ca-certificates\nfi\nexec app\n";
        assert_eq!(root(condition), Some(("update-ca-certificates".to_owned(), true)));
        let function = "#!/bin/bash\nprepare() {\n  iptables -L\n}\nprepare\nexec app\n";
        assert_eq!(root(function), Some(("iptables".to_owned(), true)));
    }

    #[test]
    fn script_that_asks_whether_it_is_root_does_not() {
        for test in
            ["[ \"$(id -u)\" = 0 ]", "[[ $EUID -eq 0 ]]", "test \"$(whoami)\" = root", "[ ${UID:-1} = 0 ]"]
        {
            let script = format!("#!/bin/sh\nif {test}; then\n  chown app /data\nfi\nexec app\n");
            assert_eq!(root(&script), None, "{test}");
            let short = format!("#!/bin/sh\n{test} && chown app /data\nexec app\n");
            assert_eq!(root(&short), None, "{test}");
        }
    }

    #[test]
    fn script_of_another_language_or_elsewhere_says_nothing() {
        assert_eq!(root("#!/usr/bin/env python3\nchown = 1\n"), None);
        assert_eq!(root("#!/bin/sh\nexec python app.py\n"), None);
    }

    #[test]
    fn paths_that_a_script_writes_are_found_as_far_as_they_are_written_out() {
        let script = "#!/bin/sh
env > /container.env
envsubst < /t/a >/etc/nginx/conf.d/default.conf 2>/dev/null
mkdir -p /data/cache
sed -i 's/a/b/' /etc/app.conf
cp -r /dist/. /srv/
if [ -n \"$X\" ]; then echo x | tee -a /var/log/x; fi
echo > $HOME/y
exec app
";
        let writes = found(script).writes;
        let shown: Vec<_> =
            writes.iter().map(|write| (write.path.as_str(), write.directory, write.conditional)).collect();
        assert_eq!(
            shown,
            [
                ("/container.env", false, false),
                ("/etc/nginx/conf.d/default.conf", false, false),
                ("/dev/null", false, false),
                ("/data/cache", true, false),
                ("/etc/app.conf", false, false),
                ("/srv/", true, false),
                ("/var/log/x", false, true),
            ]
        );
    }
}
