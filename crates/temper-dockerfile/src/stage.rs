use std::collections::BTreeMap;

use crate::expand::{Resolved, Scope, Variable, resolve_word};
use crate::{ArgDef, Dockerfile, Instruction, InstructionKind, Word};

/// Build arguments as given at build time: name to value.
pub type BuildArgs = BTreeMap<String, String>;

/// One build stage: a FROM and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage<'a> {
    /// Position among the stages, from 0.
    pub index: usize,
    /// Name after `AS`.
    pub alias: Option<&'a Word>,
    /// The FROM instruction.
    pub from: &'a Instruction,
    /// What FROM names, as written.
    pub image: &'a Word,
    /// What it starts from.
    pub base: StageBase,
    /// The instructions after FROM.
    pub instructions: &'a [Instruction],
}

/// What a stage starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StageBase {
    /// An image reference with its variables resolved.
    Image(String),
    /// An earlier stage.
    Stage(usize),
    /// Nothing.
    Scratch,
    /// The reference holds variables without a value.
    Unresolved {
        /// Their names.
        missing: Vec<String>,
    },
}

/// Arguments that BuildKit sets by itself from the platforms of the build
/// (`docs.docker.com/reference/dockerfile`, "Automatic platform ARGs in the global scope").
const PLATFORM_ARGS: [&str; 9] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETSTAGE",
];

impl Dockerfile {
    /// The stages, with the defaults of the ARGs before the first FROM.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage<'_>> {
        self.stages_with(&BuildArgs::new())
    }

    /// The stages when built with `args`.
    #[must_use]
    pub fn stages_with(&self, args: &BuildArgs) -> Vec<Stage<'_>> {
        let scope = self.global_scope(args);
        let starts: Vec<usize> =
            (0..self.instructions.len()).filter(|&at| self.stage_head(at).is_some()).collect();
        let mut stages: Vec<Stage<'_>> = Vec::with_capacity(starts.len());
        for (index, &start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(self.instructions.len());
            let Some((from, image, alias)) = self.stage_head(start) else { continue };
            let base = self.base_of(image, &scope, &stages);
            let instructions = self.instructions.get(start + 1..end).unwrap_or(&[]);
            stages.push(Stage { index, alias, from, image, base, instructions });
        }
        stages
    }

    fn stage_head(&self, at: usize) -> Option<(&Instruction, &Word, Option<&Word>)> {
        let instruction = self.instructions.get(at)?;
        match &instruction.kind {
            InstructionKind::From { image, alias } => Some((instruction, image, alias.as_ref())),
            _ => None,
        }
    }

    /// The ARGs before the first FROM: they hold in FROM lines, and give defaults to the ARGs of stages.
    #[must_use]
    pub fn global_scope(&self, args: &BuildArgs) -> Scope {
        let mut scope = Scope::new(false);
        for name in PLATFORM_ARGS {
            scope.set_arg(name, platform_arg(name, args));
        }
        for instruction in &self.instructions {
            match &instruction.kind {
                InstructionKind::Arg(defs) => declare(&mut scope, defs, args, self.escape, None),
                InstructionKind::From { .. } => break,
                _ => {}
            }
        }
        scope
    }

    fn base_of(&self, image: &Word, scope: &Scope, earlier: &[Stage<'_>]) -> StageBase {
        match resolve_word(image, self.escape, scope) {
            Resolved::Unknown { missing } => StageBase::Unresolved { missing },
            Resolved::Known(name) => match find_stage(earlier, &name) {
                Some(stage) => StageBase::Stage(stage.index),
                None if name == "scratch" => StageBase::Scratch,
                None => StageBase::Image(name),
            },
        }
    }
}

/// The last stage of that name; names are compared without regard to case, as in BuildKit.
pub(crate) fn find_stage<'s, 'a>(stages: &'s [Stage<'a>], name: &str) -> Option<&'s Stage<'a>> {
    stages.iter().rev().find(|stage| stage.alias.is_some_and(|alias| alias.text.eq_ignore_ascii_case(name)))
}

fn platform_arg(name: &str, args: &BuildArgs) -> Variable {
    match args.get(name) {
        Some(value) => Variable::Set(value.clone()),
        None => Variable::Unknown { missing: vec![name.to_owned()] },
    }
}

/// Adds the ARGs of one instruction to `scope`: the value given at build time, else the default, else the value from
/// before the first FROM (`global`), else none.
pub(crate) fn declare(
    scope: &mut Scope,
    defs: &[ArgDef],
    args: &BuildArgs,
    escape: char,
    global: Option<&Scope>,
) {
    let values: Vec<Variable> = defs.iter().map(|def| arg_value(scope, def, args, escape, global)).collect();
    for (def, value) in defs.iter().zip(values) {
        scope.set_arg(def.name.text.as_str(), value);
    }
}

fn arg_value(
    scope: &Scope,
    def: &ArgDef,
    args: &BuildArgs,
    escape: char,
    global: Option<&Scope>,
) -> Variable {
    let name = def.name.text.as_str();
    if let Some(given) = args.get(name) {
        Variable::Set(given.clone())
    } else if PLATFORM_ARGS.contains(&name) {
        platform_arg(name, args)
    } else if let Some(default) = &def.default {
        resolve_word(default, escape, scope).into()
    } else {
        global.map_or(Variable::Unset, |global| global.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::{BuildArgs, StageBase};
    use crate::parse;

    #[test]
    fn base_is_a_stage_an_image_or_unresolved() {
        let file = parse(
            "ARG V=12\nARG W\nFROM node:${V} AS Build\nFROM build\nFROM scratch\nFROM x:$W\nFROM y:${W:-1}\nFROM $TARGETARCH",
        );
        let bases: Vec<StageBase> = file.stages().into_iter().map(|stage| stage.base).collect();
        assert_eq!(
            bases,
            [
                StageBase::Image("node:12".into()),
                StageBase::Stage(0),
                StageBase::Scratch,
                StageBase::Unresolved { missing: vec!["W".into()] },
                StageBase::Image("y:1".into()),
                StageBase::Unresolved { missing: vec!["TARGETARCH".into()] },
            ]
        );
    }

    #[test]
    fn build_args_win_over_defaults() {
        let file = parse("ARG V=12\nFROM node:${V}");
        let args = BuildArgs::from([("V".to_owned(), "20".to_owned())]);
        assert_eq!(file.stages_with(&args)[0].base, StageBase::Image("node:20".into()));
    }

    #[test]
    fn stage_holds_what_follows_its_from() {
        let file = parse("FROM a\nUSER x\nFROM b\n");
        let lengths: Vec<usize> = file.stages().iter().map(|stage| stage.instructions.len()).collect();
        assert_eq!(lengths, [1, 0]);
    }
}
