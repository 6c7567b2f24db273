use temper_dockerfile::facts::{BaseImage, Distribution, PathAction, PathFact, UserFact};
use temper_dockerfile::{BuildArgs, Instruction, InstructionKind, Stage, StageBase, TargetFacts};
use temper_text::{Span, TextEdit};

use super::style::{Style, shell_word};

/// The user that a build target is to run as.
#[derive(Debug, Clone, Copy)]
pub(super) struct User<'a> {
    pub(super) ids: (u32, u32),
    /// Its name, when it is to be created.
    pub(super) create: Option<&'a str>,
    pub(super) home: &'a str,
    /// Directories that must exist and belong to it.
    pub(super) owned: &'a [String],
}

impl User<'_> {
    fn numbers(&self) -> String {
        format!("{}:{}", self.ids.0, self.ids.1)
    }
}

/// The edits that make a target run as `user`: the account and its directories after everything that needs root, then a
/// numeric `USER`. Other stages are not touched.
///
/// # Errors
/// When that cannot be done without a risk: why, for people.
pub(super) fn edits(
    text: &str,
    target: Option<&str>,
    user: &User<'_>,
    reason: &str,
) -> Result<Vec<TextEdit>, String> {
    let tree = temper_dockerfile::parse(text);
    let facts = tree.facts(target, &BuildArgs::new())?;
    let stages = tree.stages();
    let stage = stages.get(facts.stage).ok_or("the build target has no stage")?;
    check_stages_on_top(&stages, stage)?;
    check_shell(&facts)?;
    let writer = Writer { text, facts: &facts, stage, user, style: Style::of(text, &tree), reason };
    match facts.distribution.distribution {
        Distribution::Scratch | Distribution::Distroless => writer.without_shell(),
        Distribution::Unknown => {
            Err("it is not known which distribution the base image is, so neither is how users \
                                      are created on it"
                .to_owned())
        }
        Distribution::DebianLike | Distribution::RhelLike | Distribution::AlpineLike => writer.with_shell(),
    }
}

/// A stage that is built on the target would lose root, too.
fn check_stages_on_top(stages: &[Stage<'_>], target: &Stage<'_>) -> Result<(), String> {
    let on_top = stages.iter().filter(|stage| stage.base == StageBase::Stage(target.index));
    for stage in on_top {
        let mut before_user =
            stage.instructions.iter().take_while(|one| !matches!(one.kind, InstructionKind::User(_)));
        if before_user.any(|one| matches!(one.kind, InstructionKind::Run(_))) {
            let name = stage.alias.map_or_else(|| stage.index.to_string(), |alias| alias.text.clone());
            return Err(format!("stage `{name}` is built on it and runs commands as root"));
        }
    }
    Ok(())
}

fn check_shell(facts: &TargetFacts) -> Result<(), String> {
    let Some(program) = facts.shell.as_ref().and_then(|shell| shell.value.first()) else { return Ok(()) };
    let name = program.rsplit('/').next().unwrap_or(program);
    match name {
        "sh" | "bash" | "ash" | "dash" => Ok(()),
        _ => Err(format!("its SHELL is {program}, and only sh and bash are written")),
    }
}

struct Writer<'a> {
    text: &'a str,
    facts: &'a TargetFacts,
    stage: &'a Stage<'a>,
    user: &'a User<'a>,
    style: Style,
    reason: &'a str,
}

impl Writer<'_> {
    fn with_shell(&self) -> Result<Vec<TextEdit>, String> {
        let mut commands = self.account()?;
        commands.extend(self.directories());
        let last = self.last_root_step();
        // What changes in a directory after its VOLUME may be lost (Dockerfile reference, "Notes about specifying
        // volumes"), so its owner is set before.
        let early = self.volume_of_owned().filter(|volume| last.is_some_and(|last| *volume < last));
        let place = match early {
            Some(volume) => volume.checked_sub(1),
            None => last,
        };
        let mut lines = Vec::new();
        if !commands.is_empty() {
            if self.needs_root_before(place) {
                lines.push(format!("{} root", self.style.keyword("USER")));
            }
            lines.push(self.style.run(&commands));
        }
        self.check_names()?;
        Ok(self.with_user(lines, place, last))
    }

    /// No command can be run: files get their owner as they are copied.
    fn without_shell(&self) -> Result<Vec<TextEdit>, String> {
        let copies = || {
            self.stage.instructions.iter().filter_map(|one| match &one.kind {
                InstructionKind::Copy { dest, .. } => Some((one, dest.text.as_str())),
                _ => None,
            })
        };
        let mut chown: Vec<&Instruction> = Vec::new();
        for path in self.user.owned {
            let mut filled = copies().filter(|(_, dest)| is_within(dest, path)).peekable();
            if filled.peek().is_none() {
                return Err(format!(
                    "{path} must belong to the user, nothing is copied there, and the image has no shell to create it"
                ));
            }
            chown.extend(filled.map(|(one, _)| one));
        }
        chown.dedup_by_key(|one| one.span);
        let mut edits: Vec<TextEdit> = chown
            .into_iter()
            .filter(|one| one.flag("chown").is_none())
            .map(|one| {
                TextEdit::insert(one.keyword.end as usize, format!(" --chown={}", self.user.numbers()))
            })
            .collect();
        let last = self.last_root_step();
        edits.extend(self.with_user(Vec::new(), last, last));
        Ok(edits)
    }

    /// `lines` after the instruction at `place`, and a numeric USER after the one at `last`.
    fn with_user(&self, mut lines: Vec<String>, place: Option<usize>, last: Option<usize>) -> Vec<TextEdit> {
        let mut set = self.stage.instructions.iter().enumerate().filter_map(|(index, one)| match &one.kind {
            InstructionKind::User(word) if last.is_none_or(|last| index > last) => Some(word.span),
            _ => None,
        });
        let user = format!("{} {}", self.style.keyword("USER"), self.user.numbers());
        let mut edits = Vec::new();
        match set.next_back() {
            Some(old) => edits.push(TextEdit::replace(old, self.user.numbers())),
            None if place == last => lines.push(user),
            None => edits.push(self.insert(&[user], last)),
        }
        if !lines.is_empty() {
            lines.insert(0, format!("# {}", one_line(self.reason)));
            edits.push(self.insert(&lines, place));
        }
        edits
    }

    /// Whole lines below an instruction of the stage, or below its FROM, with an empty line around them.
    fn insert(&self, lines: &[String], after: Option<usize>) -> TextEdit {
        let newline = self.style.newline;
        let above = after.and_then(|index| self.stage.instructions.get(index)).unwrap_or(self.stage.from);
        let end = above.span.end as usize;
        let rest = self.text.get(end..).unwrap_or("");
        let at = end + rest.find('\n').unwrap_or(rest.len());
        let at = if rest.get(..at - end).is_some_and(|line| line.ends_with('\r')) { at - 1 } else { at };
        let mut below = self.text.get(at..).unwrap_or("").lines().skip(1);
        let gap = match below.next() {
            Some(line) if !line.trim().is_empty() => newline,
            _ => "",
        };
        let body = lines.join(newline);
        TextEdit::insert(at, format!("{newline}{newline}{body}{gap}"))
    }

    /// The last instruction that may need root: RUN, COPY and ADD.
    fn last_root_step(&self) -> Option<usize> {
        self.stage.instructions.iter().rposition(|one| {
            matches!(
                one.kind,
                InstructionKind::Run(_) | InstructionKind::Copy { .. } | InstructionKind::Add { .. }
            )
        })
    }

    fn volume_of_owned(&self) -> Option<usize> {
        self.stage.instructions.iter().position(|one| match &one.kind {
            InstructionKind::Volume(paths) => {
                paths.iter().any(|volume| self.user.owned.iter().any(|path| is_within(path, &volume.text)))
            }
            _ => false,
        })
    }

    /// True when an earlier USER, of this stage or of one below it, is in force after the instruction at `place`.
    fn needs_root_before(&self, place: Option<usize>) -> bool {
        let limit = place.and_then(|index| self.stage.instructions.get(index)).unwrap_or(self.stage.from);
        let before = |span: Span| span.end <= limit.span.end;
        let set = self.facts.users_set.iter().rev().find(|user| before(user.span));
        set.is_some_and(|user| {
            let name = user.value.known().map(|user| user.split(':').next().unwrap_or(user));
            !matches!(name, Some("root" | "0"))
        })
    }

    fn account(&self) -> Result<Vec<String>, String> {
        let Some(name) = self.user.create else { return Ok(Vec::new()) };
        let (uid, gid) = self.user.ids;
        let accounts = &self.facts.accounts;
        let is = |value: &Option<temper_dockerfile::Resolved>, id: u32| {
            value.as_ref().and_then(|value| value.known()).is_some_and(|text| *text == id.to_string())
        };
        if accounts.users.iter().any(|user| is(&user.uid, uid)) {
            return Ok(Vec::new());
        }
        let has_group = accounts.groups.iter().any(|group| is(&group.gid, gid));
        let (name, home) = (shell_word(name), shell_word(self.user.home));
        let mut commands = Vec::new();
        if self.facts.distribution.distribution == Distribution::AlpineLike {
            if has_group {
                return Err(format!(
                    "the Dockerfile creates a group {gid} already, and BusyBox wants its name"
                ));
            }
            commands.push(format!("addgroup -g {gid} {name}"));
            commands.push(format!("adduser -D -u {uid} -G {name} -h {home} -s /sbin/nologin {name}"));
            return Ok(commands);
        }
        self.check_shadow_utils()?;
        if !has_group {
            commands.push(format!("groupadd --gid {gid} {name}"));
        }
        // Without --no-log-init, useradd writes a huge sparse /var/log/lastlog for a large uid.
        commands.push(format!(
            "useradd --uid {uid} --gid {gid} --no-log-init --create-home --home-dir {home} --shell /usr/sbin/nologin {name}"
        ));
        Ok(commands)
    }

    fn check_names(&self) -> Result<(), String> {
        let Some(name) = self.user.create else { return Ok(()) };
        let uid = self.user.ids.0.to_string();
        let same = |user: &&UserFact| user.name.known() == Some(name);
        let other = self
            .facts
            .accounts
            .users
            .iter()
            .filter(same)
            .find(|user| user.uid.as_ref().and_then(|id| id.known()) != Some(uid.as_str()));
        match other {
            Some(_) => Err(format!("the Dockerfile creates a user `{name}` with another number")),
            None => Ok(()),
        }
    }

    /// The smallest images of the Red Hat family have no `useradd`.
    fn check_shadow_utils(&self) -> Result<(), String> {
        let BaseImage::Known(image) = &self.facts.base.value else { return Ok(()) };
        let small = ["minimal", "micro", "slim"].iter().any(|word| image.contains(word));
        if self.facts.distribution.distribution != Distribution::RhelLike || !small {
            return Ok(());
        }
        let runs = self.stage.instructions.iter().filter(|one| matches!(one.kind, InstructionKind::Run(_)));
        if runs.into_iter().any(|one| one.span.slice(self.text).contains("shadow-utils")) {
            return Ok(());
        }
        Err(format!("{image} has no useradd: install shadow-utils in it first"))
    }

    fn directories(&self) -> Vec<String> {
        let missing = self.user.owned.iter().filter(|path| !self.is_given(path));
        let words: Vec<String> = missing.map(|path| shell_word(path)).collect();
        if words.is_empty() {
            return Vec::new();
        }
        let words = words.join(" ");
        vec![format!("mkdir -p {words}"), format!("chown -R {} {words}", self.user.numbers())]
    }

    /// True when a RUN gives a directory to the user already.
    fn is_given(&self, path: &str) -> bool {
        let gives = |fact: &&PathFact| {
            fact.action == PathAction::ChangeOwner && !fact.conditional && fact.path.known() == Some(path)
        };
        let owners = self.facts.paths.iter().filter(gives).filter_map(|fact| fact.owner.as_ref()?.known());
        owners
            .into_iter()
            .next_back()
            .is_some_and(|owner| self.is_user(owner.split(':').next().unwrap_or(owner)))
    }

    /// True when a name or a number is that of the user.
    fn is_user(&self, name: &str) -> bool {
        let uid = self.user.ids.0.to_string();
        let created = self.facts.accounts.user(name).and_then(|user| user.uid.as_ref()?.known());
        name == uid || created == Some(uid.as_str())
    }
}

/// True when `path` is `directory` or below it.
fn is_within(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path.trim_end_matches('/')
        .strip_prefix(directory)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
