use std::borrow::Cow;
use std::cell::Cell;

use indexmap::IndexMap;
use temper_text::Span;

use super::paths::absolute;
use super::run::{self, RunPlace};
use super::start::{self, StartInput, WrapperUse};
use super::{
    Accounts, ArgFact, BaseImage, ChainLink, CopyFact, CopyFrom, DistributionHint, HealthcheckFact, PortFact,
    Spanned, Start, TargetFacts, copies, distribution_hint,
};
use crate::shell::{basename, is_shell};
use crate::stage::{declare, find_stage};
use crate::{
    ArgDef, BuildArgs, Command, Dockerfile, Instruction, InstructionKind, Pair, Resolved, Scope, Stage,
    StageBase, Word, resolve_word,
};

impl Dockerfile {
    /// What building `target` with `args` produces. `target` is the name or the index of a stage; `None` is the last one.
    ///
    /// # Errors
    /// When the file has no stage, or none of that name.
    pub fn facts(&self, target: Option<&str>, args: &BuildArgs) -> Result<TargetFacts, String> {
        let stages = self.stages_with(args);
        let target = find_target(&stages, target)?;
        Ok(collect(self, &stages, args, target, &Cell::new(MAX_LOOKBACKS)))
    }
}

/// Stages may copy account files from stages that copy them from others: this many stages are read for one target.
const MAX_LOOKBACKS: usize = 16;

fn collect<'a>(
    file: &'a Dockerfile,
    stages: &'a [Stage<'a>],
    args: &'a BuildArgs,
    target: &'a Stage<'a>,
    lookbacks: &'a Cell<usize>,
) -> TargetFacts {
    let chain = chain(stages, target);
    let mut collector = Collector::new(file, stages, args, &chain, lookbacks);
    for stage in &chain {
        collector.stage(stage);
    }
    collector.finish()
}

fn find_target<'s, 'a>(stages: &'s [Stage<'a>], target: Option<&str>) -> Result<&'s Stage<'a>, String> {
    let found = match target {
        None => stages.last(),
        Some(name) => find_stage(stages, name)
            .or_else(|| name.parse::<usize>().ok().and_then(|index| stages.get(index))),
    };
    found.ok_or_else(|| match target {
        Some(name) => format!("no build stage `{name}`; the stages are: {}", names(stages)),
        None => "no build stage: expected a FROM instruction".to_owned(),
    })
}

fn names(stages: &[Stage<'_>]) -> String {
    let name = |stage: &Stage<'_>| stage.alias.map_or(stage.index.to_string(), |alias| alias.text.clone());
    stages.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The stages that build `target`, the one on the base image first. A stage names earlier ones only, so this ends.
fn chain<'s, 'a>(stages: &'s [Stage<'a>], target: &'s Stage<'a>) -> Vec<&'s Stage<'a>> {
    let mut chain = vec![target];
    let mut current = target;
    while let StageBase::Stage(index) = current.base {
        let Some(below) = stages.get(index) else { break };
        chain.push(below);
        current = below;
    }
    chain.reverse();
    chain
}

struct Collector<'a> {
    file: &'a Dockerfile,
    stages: &'a [Stage<'a>],
    build_args: &'a BuildArgs,
    global: Scope,
    scope: Scope,
    /// The stage being read.
    stage: usize,
    /// True when that stage has a CMD of its own so far.
    has_own_cmd: bool,
    /// Triggers of the stage below, which run first in the next one.
    triggers: Vec<&'a Instruction>,
    /// How many stages may still be read for their account files.
    lookbacks: &'a Cell<usize>,
    facts: TargetFacts,
}

impl<'a> Collector<'a> {
    fn new(
        file: &'a Dockerfile,
        stages: &'a [Stage<'a>],
        build_args: &'a BuildArgs,
        chain: &[&Stage<'a>],
        lookbacks: &'a Cell<usize>,
    ) -> Self {
        let global = file.global_scope(build_args);
        let base =
            chain.first().map_or(Spanned::new(BaseImage::Scratch, Span::at(0)), |stage| base_of(stage));
        let scope = Scope::new(base.value != BaseImage::Scratch);
        let target = chain.last();
        let facts = TargetFacts {
            stage: target.map_or(0, |stage| stage.index),
            name: target.and_then(|stage| stage.alias).map(|alias| alias.text.clone()),
            distribution: distribution_hint(&base, &[]),
            base,
            chain: chain.iter().map(|stage| link(stage)).collect(),
            user: None,
            users_set: Vec::new(),
            accounts: Accounts::default(),
            workdir: None,
            ports: Vec::new(),
            volumes: Vec::new(),
            entrypoint: None,
            cmd: None,
            cmd_cleared: false,
            env: IndexMap::new(),
            args: Vec::new(),
            shell: None,
            packages: Vec::new(),
            paths: Vec::new(),
            clones: Vec::new(),
            copies: Vec::new(),
            healthcheck: None,
            start: Start::default(),
            onbuild: Vec::new(),
            unread: Vec::new(),
        };
        let mut collector = Self {
            file,
            stages,
            build_args,
            global,
            scope,
            stage: 0,
            has_own_cmd: false,
            triggers: Vec::new(),
            lookbacks,
            facts,
        };
        collector.global_args();
        collector
    }

    fn global_args(&mut self) {
        let before_from =
            self.file.instructions.iter().take_while(|i| !matches!(i.kind, InstructionKind::From { .. }));
        for instruction in before_from {
            if let InstructionKind::Arg(defs) = &instruction.kind {
                self.facts.args.extend(defs.iter().map(|def| arg_fact(def, &self.global, true)));
            }
        }
    }

    fn stage(&mut self, stage: &Stage<'a>) {
        self.stage = stage.index;
        self.has_own_cmd = false;
        self.facts.onbuild.clear();
        for trigger in std::mem::take(&mut self.triggers) {
            self.instruction(trigger);
        }
        for instruction in stage.instructions {
            self.instruction(instruction);
        }
    }

    fn finish(mut self) -> TargetFacts {
        let workdir = self.workdir();
        let input = StartInput {
            entrypoint: self.facts.entrypoint.as_ref(),
            cmd: self.facts.cmd.as_ref(),
            copies: &self.facts.copies,
            workdir: &workdir,
            scope: &self.scope,
        };
        start::read(&input, &mut self.facts.start);
        self.facts.distribution = self.distribution();
        self.facts
    }

    fn distribution(&self) -> DistributionHint {
        distribution_hint(&self.facts.base, &self.facts.packages)
    }

    fn resolve(&self, word: &Word) -> Resolved {
        resolve_word(word, self.file.escape, &self.scope)
    }

    fn spanned(&self, word: &Word) -> Spanned<Resolved> {
        Spanned::new(self.resolve(word), word.span)
    }

    fn flag(&self, instruction: &Instruction, name: &str) -> Option<Resolved> {
        instruction.flag_value(name).map(|word| self.resolve(word))
    }

    fn workdir(&self) -> Resolved {
        match &self.facts.workdir {
            Some(workdir) => workdir.value.clone(),
            None if self.facts.base.value == BaseImage::Scratch => Resolved::Known("/".to_owned()),
            None => Resolved::Unknown { missing: vec!["WORKDIR of the base image".to_owned()] },
        }
    }

    fn instruction(&mut self, instruction: &'a Instruction) {
        match &instruction.kind {
            InstructionKind::Run(command) => self.run(command, instruction),
            InstructionKind::Cmd(command) => self.cmd(command, instruction),
            InstructionKind::Entrypoint(command) => self.entrypoint(command, instruction),
            InstructionKind::Env(pairs) => self.env(pairs),
            InstructionKind::Arg(defs) => self.arg(defs),
            InstructionKind::Copy { sources, dest } | InstructionKind::Add { sources, dest } => {
                self.copy(instruction, sources, dest);
            }
            InstructionKind::User(word) => self.user(word),
            InstructionKind::Workdir(word) => {
                let path = absolute(&self.resolve(word), &self.workdir());
                self.facts.workdir = Some(Spanned::new(path, word.span));
            }
            InstructionKind::Expose(words) => self.expose(words),
            InstructionKind::Volume(words) => {
                let volumes: Vec<_> = words.iter().map(|word| self.spanned(word)).collect();
                self.facts.volumes.extend(volumes);
            }
            InstructionKind::Healthcheck(command) => {
                let fact = command.clone().map_or(HealthcheckFact::Disabled, HealthcheckFact::Command);
                self.facts.healthcheck = Some(Spanned::new(fact, instruction.span));
            }
            InstructionKind::Shell(words) => {
                let words = words.iter().map(|word| word.text.clone()).collect();
                self.facts.shell = Some(Spanned::new(words, instruction.span));
            }
            InstructionKind::Onbuild(trigger) => {
                self.facts.onbuild.push(instruction.span);
                self.triggers.push(trigger);
            }
            InstructionKind::From { .. }
            | InstructionKind::Label(_)
            | InstructionKind::Stopsignal(_)
            | InstructionKind::Maintainer(_)
            | InstructionKind::Unknown => {}
        }
    }

    fn run(&mut self, command: &Command, instruction: &Instruction) {
        let is_shell_form = matches!(command, Command::Shell { .. });
        if is_shell_form && self.facts.shell.as_ref().is_some_and(|shell| !is_posix_shell(&shell.value)) {
            self.facts.unread.push(instruction.span);
            return;
        }
        let place = RunPlace {
            stage: self.stage,
            instruction: instruction.span,
            distribution: self.distribution().distribution,
            workdir: self.workdir(),
            scope: Cow::Borrowed(&self.scope),
        };
        run::read(command, place, &mut self.facts);
    }

    fn cmd(&mut self, command: &Command, instruction: &Instruction) {
        self.facts.cmd = Some(Spanned::new(command.clone(), instruction.span));
        self.facts.cmd_cleared = false;
        self.has_own_cmd = true;
    }

    /// An ENTRYPOINT drops the CMD that comes from below its stage.
    fn entrypoint(&mut self, command: &Command, instruction: &Instruction) {
        self.facts.entrypoint = Some(Spanned::new(command.clone(), instruction.span));
        if !self.has_own_cmd {
            self.facts.cmd = None;
            self.facts.cmd_cleared = true;
        }
    }

    /// All values of one ENV are resolved with the variables from before it.
    fn env(&mut self, pairs: &[Pair]) {
        let resolved: Vec<_> =
            pairs.iter().map(|pair| (self.resolve(&pair.key), self.spanned(&pair.value))).collect();
        for (key, value) in resolved {
            let Resolved::Known(key) = key else { continue };
            self.scope.set_env(key.clone(), value.value.clone().into());
            self.facts.env.insert(key, value);
        }
    }

    fn arg(&mut self, defs: &[ArgDef]) {
        declare(&mut self.scope, defs, self.build_args, self.file.escape, Some(&self.global));
        self.facts.args.extend(defs.iter().map(|def| arg_fact(def, &self.scope, false)));
    }

    fn user(&mut self, word: &Word) {
        let user = self.spanned(word);
        self.facts.users_set.push(user.clone());
        self.facts.user = Some(user);
    }

    fn expose(&mut self, words: &[Word]) {
        for word in words {
            let text = self.resolve(word);
            match &text {
                // A variable may hold several ports.
                Resolved::Known(ports) => {
                    let ports: Vec<_> =
                        ports.split_whitespace().map(|port| port_fact(port, word.span)).collect();
                    self.facts.ports.extend(ports);
                }
                Resolved::Unknown { .. } => {
                    let protocol = "tcp".to_owned();
                    self.facts.ports.push(PortFact { range: None, protocol, text, span: word.span });
                }
            }
        }
    }

    fn copy(&mut self, instruction: &Instruction, sources: &[Word], dest: &Word) {
        let written = self.resolve(dest);
        let ends_as_folder = written.known().is_some_and(|dest| dest.ends_with('/') || dest.ends_with('.'));
        let mut fact = CopyFact {
            dest: absolute(&written, &self.workdir()),
            into_folder: ends_as_folder || sources.len() > 1,
            sources: sources.iter().map(|word| self.resolve(word)).collect(),
            chown: self.flag(instruction, "chown"),
            chmod: self.flag(instruction, "chmod"),
            from: CopyFrom::Context,
            is_code: false,
            user: self.facts.user.as_ref().map(|user| user.value.clone()),
            stage: self.stage,
            span: instruction.span,
        };
        fact.from = self.copy_from(instruction, &fact.sources);
        fact.is_code = copies::is_code(&fact.sources, &fact.dest);
        self.brings(&fact);
        self.facts.copies.push(fact);
    }

    fn copy_from(&self, instruction: &Instruction, sources: &[Resolved]) -> CopyFrom {
        let Some(from) = instruction.flag_value("from") else {
            return source_kind(sources);
        };
        let earlier = self.stages.get(..self.stage).unwrap_or(&[]);
        let by_index = || from.text.parse::<usize>().ok().and_then(|index| earlier.get(index));
        match find_stage(earlier, &from.text).or_else(by_index) {
            Some(stage) => CopyFrom::Stage(stage.index),
            None if from.text.contains('$') => CopyFrom::Unresolved(from.text.clone()),
            None => CopyFrom::Image(from.text.clone()),
        }
    }

    /// Account files and wrappers that a COPY or ADD brings.
    fn brings(&mut self, copy: &CopyFact) {
        for path in copy.sources.iter().chain([&copy.dest]).filter_map(Resolved::known) {
            if let Some(wrapper) = start::wrapper_of_path(path) {
                self.facts.start.wrappers.push(WrapperUse { wrapper, at_start: false, span: copy.span });
            }
        }
        if copies::may_bring_accounts(copy) {
            self.facts.accounts.opaque.push(copy.span);
            self.accounts_of_stage(copy);
        }
    }

    /// Users that an earlier stage creates come along with its account files.
    fn accounts_of_stage(&mut self, copy: &CopyFact) {
        let CopyFrom::Stage(index) = copy.from else { return };
        let (Some(stage), Some(left)) = (self.stages.get(index), self.lookbacks.get().checked_sub(1)) else {
            return;
        };
        self.lookbacks.set(left);
        let theirs = collect(self.file, self.stages, self.build_args, stage, self.lookbacks).accounts;
        let brings =
            |file: &str| copy.sources.iter().filter_map(Resolved::known).any(|source| source.ends_with(file));
        if brings("passwd") {
            self.facts.accounts.users.extend(theirs.users);
        }
        if brings("group") {
            self.facts.accounts.groups.extend(theirs.groups);
        }
    }
}

/// True when SHELL names a program that reads POSIX shell text, in contrast to PowerShell, `cmd` or Python.
fn is_posix_shell(shell: &[String]) -> bool {
    shell.iter().map(|word| basename(word)).find(|word| *word != "env").is_some_and(is_shell)
}

/// Where a COPY or ADD without `--from` takes its sources.
fn source_kind(sources: &[Resolved]) -> CopyFrom {
    if sources.is_empty() {
        CopyFrom::Inline
    } else if sources.iter().all(copies::is_remote) {
        CopyFrom::Remote
    } else {
        CopyFrom::Context
    }
}

fn base_of(stage: &Stage<'_>) -> Spanned<BaseImage> {
    let base = match &stage.base {
        StageBase::Image(image) => BaseImage::Known(image.clone()),
        // The first of a chain never stands on a stage: `chain` follows those.
        StageBase::Scratch | StageBase::Stage(_) => BaseImage::Scratch,
        StageBase::Unresolved { missing } => BaseImage::Unknown { missing: missing.clone() },
    };
    Spanned::new(base, stage.image.span)
}

fn link(stage: &Stage<'_>) -> ChainLink {
    let name = stage.alias.map(|alias| alias.text.clone());
    ChainLink { stage: stage.index, name, from: stage.from.span }
}

fn arg_fact(def: &ArgDef, scope: &Scope, global: bool) -> ArgFact {
    ArgFact {
        name: def.name.text.clone(),
        default: def.default.as_ref().map(|word| word.text.clone()),
        value: scope.get(&def.name.text),
        global,
        span: def.span,
    }
}

/// Reads `80`, `80/udp`, `8000-8010/tcp`.
fn port_fact(text: &str, span: Span) -> PortFact {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let range = first.parse().ok().zip(last.parse().ok());
    PortFact { range, protocol: protocol.to_ascii_lowercase(), text: Resolved::Known(text.to_owned()), span }
}
