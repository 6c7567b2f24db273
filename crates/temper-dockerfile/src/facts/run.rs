use std::borrow::Cow;

use temper_text::Span;

use super::accounts::AccountCommand;
use super::options::Arg;
use super::paths::absolute;
use super::{Distribution, PackageUse, PathFact, TargetFacts, packages, paths, start};
use crate::shell::{SimpleCommand, basename};
use crate::{Command, Resolved, Scope, Variable};

/// Where a RUN stands.
pub(super) struct RunPlace<'a> {
    pub(super) stage: usize,
    pub(super) instruction: Span,
    /// The family of distributions as far as it is known here.
    pub(super) distribution: Distribution,
    pub(super) workdir: Resolved,
    pub(super) scope: Cow<'a, Scope>,
}

/// Adds what a RUN does to `facts`.
pub(super) fn read(command: &Command, place: RunPlace<'_>, facts: &mut TargetFacts) {
    let script = command.script();
    if script.incomplete {
        facts.unread.push(place.instruction);
    }
    let mut reader = RunReader { folder: place.workdir.clone(), output: None, place, facts };
    for command in &script.commands {
        reader.command(command);
    }
}

struct RunReader<'a> {
    place: RunPlace<'a>,
    facts: &'a mut TargetFacts,
    /// The folder after the last `cd`.
    folder: Resolved,
    /// What the command before printed, for `echo … | tee -a file`.
    output: Option<String>,
}

/// Programs that run the command after their own options.
const PREFIXES: [&str; 7] = ["sudo", "exec", "command", "time", "env", "nice", "eval"];

impl RunReader<'_> {
    fn command(&mut self, command: &SimpleCommand) {
        for (name, value) in &command.assignments {
            self.assign(command, name, value.resolve(&self.place.scope));
        }
        let words = std::iter::once(&command.name).chain(&command.args);
        let words: Vec<Arg> = words.map(|word| Arg::new(word, &self.place.scope)).collect();
        let words = without_prefix(&words);
        let Some((name, args)) = words.split_first() else { return };
        let program = basename(&name.text);
        self.package(program, args, command);
        self.account(program, args, command);
        self.path(program, args, command);
        self.facts.clones.extend(paths::cloned(program, args).map(|path| absolute(&path, &self.folder)));
        self.facts.start.wrappers.extend(start::installed(args));
        self.account_files(program, args, command);
        if program == "cd" {
            self.change_folder(args, command);
        }
    }

    /// Variables of the shell hide those of the build.
    fn assign(&mut self, command: &SimpleCommand, name: &str, value: Resolved) {
        let is_for_program_only = !command.name.text.is_empty() && !is_declaration(command.program());
        if is_for_program_only {
            return;
        }
        let value = if command.conditional {
            Variable::Unknown { missing: vec![name.to_owned()] }
        } else {
            Variable::from(value)
        };
        self.place.scope.to_mut().set_env(name, value);
    }

    fn change_folder(&mut self, args: &[Arg], command: &SimpleCommand) {
        let target = args.iter().find(|arg| !arg.text.starts_with('-')).map(|arg| arg.value.clone());
        self.folder = match target {
            Some(target) if !command.conditional => absolute(&target, &self.folder),
            _ => Resolved::Unknown { missing: vec!["folder after cd".to_owned()] },
        };
    }

    fn package(&mut self, program: &str, args: &[Arg], command: &SimpleCommand) {
        let Some((manager, args)) = packages::manager_of(program, args) else { return };
        let (action, operands) = packages::operands(args);
        self.facts.packages.push(PackageUse {
            manager,
            action,
            operands,
            stage: self.place.stage,
            conditional: command.conditional,
            span: command.span,
            instruction: self.place.instruction,
        });
    }

    fn account(&mut self, program: &str, args: &[Arg], command: &SimpleCommand) {
        self.facts.accounts.read(&AccountCommand {
            program,
            args,
            distribution: self.place.distribution,
            conditional: command.conditional,
            span: command.span,
        });
    }

    fn path(&mut self, program: &str, args: &[Arg], command: &SimpleCommand) {
        let Some(change) = paths::read(program, args) else { return };
        for path in &change.paths {
            self.facts.paths.push(PathFact {
                action: change.action,
                path: absolute(&path.value, &self.folder),
                owner: change.owner.clone(),
                mode: change.mode.clone(),
                recursive: change.recursive,
                stage: self.place.stage,
                conditional: command.conditional,
                span: path.span,
                instruction: self.place.instruction,
            });
        }
    }

    /// Text that goes to `/etc/passwd` and `/etc/group`, and programs that change these files in place.
    fn account_files(&mut self, program: &str, args: &[Arg], command: &SimpleCommand) {
        let before = self.output.take();
        let printed = printed(program, args, command, &self.place.scope);
        for redirect in command.redirects.iter().filter(|redirect| redirect.operator.starts_with('>')) {
            self.write(&redirect.target.text, printed.as_deref(), command);
        }
        if program == "tee" && command.piped {
            for arg in args {
                self.write(&arg.text, before.as_deref(), command);
            }
        }
        if program == "sed" && args.iter().any(|arg| arg.text.starts_with("-i") || arg.text == "--in-place") {
            for arg in args {
                self.write(&arg.text, None, command);
            }
        }
        self.output = printed;
    }

    fn write(&mut self, file: &str, text: Option<&str>, command: &SimpleCommand) {
        let accounts = &mut self.facts.accounts;
        match (file, text) {
            ("/etc/passwd", Some(text)) => accounts.read_passwd(text, command.conditional, command.span),
            ("/etc/group", Some(text)) => accounts.read_group(text, command.conditional, command.span),
            ("/etc/passwd" | "/etc/group", None) => accounts.opaque.push(command.span),
            _ => {}
        }
    }
}

fn is_declaration(program: &str) -> bool {
    matches!(program, "export" | "declare" | "typeset" | "readonly" | "local")
}

/// The words without `sudo` and its like, their options, and the assignments of `env`.
fn without_prefix(words: &[Arg]) -> &[Arg] {
    let mut rest = words;
    while let Some((first, after)) = rest.split_first() {
        if !PREFIXES.contains(&basename(&first.text)) {
            break;
        }
        let is_program = |arg: &Arg| !arg.text.starts_with('-') && !arg.text.contains('=');
        let skipped = after.iter().position(is_program).unwrap_or(after.len());
        rest = after.get(skipped..).unwrap_or(&[]);
    }
    rest
}

/// What `echo`, `printf` and `cat <<EOF` print; `None` when it is not known.
fn printed(program: &str, args: &[Arg], command: &SimpleCommand, scope: &Scope) -> Option<String> {
    match program {
        "cat" if args.is_empty() => command.heredoc.as_ref()?.resolve(scope).known().map(str::to_owned),
        "echo" | "printf" => {
            let values: Option<Vec<&str>> = args.iter().map(|arg| arg.value.known()).collect();
            let mut values = values?;
            if program == "echo"
                && values.first().is_some_and(|first| matches!(*first, "-e" | "-n" | "-en" | "-ne"))
            {
                values.remove(0);
            }
            let text = values.join(" ").replace("\\n", "\n");
            // `printf` formats with values are not computed here.
            (program == "echo" || !text.contains('%')).then_some(text)
        }
        _ => None,
    }
}
