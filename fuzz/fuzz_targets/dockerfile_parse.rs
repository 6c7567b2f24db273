//! What `temper_dockerfile::parse` says about places in the text is true of the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use temper_dockerfile::{
    ArgDef, BuildArgs, Command, Dockerfile, Heredoc, Instruction, InstructionKind, Pair, TargetFacts, Word,
    parse,
};
use temper_fuzz::{assert_comment, assert_fits, assert_in_order, assert_inside};

fuzz_target!(|text: &str| {
    let file = parse(text);
    for error in &file.errors {
        assert_fits(text, error.span);
        assert!(!error.message.is_empty());
    }
    for comment in &file.comments {
        assert_comment(text, *comment);
    }
    for directive in &file.directives {
        assert_comment(text, directive.span);
        assert_inside(directive.span, directive.value.span);
    }
    assert_in_order(file.instructions.iter().map(|instruction| instruction.span));
    for each in &file.instructions {
        instruction(text, each);
    }
    targets(text, &file);
});

/// The facts of every target point into the text, and the last stage is the target when none is named.
fn targets(text: &str, file: &Dockerfile) {
    let args = BuildArgs::new();
    let stages = file.stages().len();
    for stage in 0..stages {
        if let Ok(facts) = file.facts(Some(&stage.to_string()), &args) {
            facts_fit(text, &facts);
        }
    }
    match file.facts(None, &args) {
        Ok(facts) => assert_eq!(facts.stage + 1, stages),
        Err(message) => assert!(!message.is_empty()),
    }
}

fn facts_fit(text: &str, facts: &TargetFacts) {
    let resolved = facts.user.iter().chain(&facts.users_set).chain(&facts.workdir).chain(&facts.volumes);
    let resolved = resolved.chain(facts.env.values()).map(|fact| fact.span);
    let commands = facts.entrypoint.iter().chain(&facts.cmd).map(|fact| fact.span);
    let spans =
        resolved.chain(commands).chain(facts.onbuild.iter().copied()).chain(facts.unread.iter().copied());
    for span in spans.chain([facts.base.span]) {
        assert_fits(text, span);
    }
    assert_eq!(facts.user.as_ref(), facts.users_set.last(), "the last USER is the effective one");
}

fn instruction(text: &str, it: &Instruction) {
    for span in [it.span, it.keyword, it.args] {
        assert_fits(text, span);
        assert_inside(it.span, span);
    }
    assert_in_order(it.flags.iter().map(|flag| flag.span));
    for flag in &it.flags {
        assert_fits(text, flag.span);
        assert_inside(it.span, flag.span);
        assert!(flag.span.slice(text).starts_with("--"), "{flag:?}");
    }
    for heredoc in &it.heredocs {
        assert_inside(it.span, heredoc.span);
        document(text, heredoc);
    }
    for word in words(&it.kind) {
        assert_fits(text, word.span);
        assert_inside(it.span, word.span);
    }
    match &it.kind {
        InstructionKind::Run(command)
        | InstructionKind::Cmd(command)
        | InstructionKind::Entrypoint(command) => {
            shell(text, command);
        }
        InstructionKind::Healthcheck(Some(command)) => shell(text, command),
        InstructionKind::Onbuild(trigger) => {
            assert_inside(it.span, trigger.span);
            instruction(text, trigger);
        }
        _ => {}
    }
}

fn document(text: &str, heredoc: &Heredoc) {
    for span in [heredoc.span, heredoc.body, heredoc.terminator] {
        assert_fits(text, span);
    }
    // A descriptor may stand before it: `3<<EOF`.
    let opening = heredoc.span.slice(text).trim_start_matches(|c: char| c.is_ascii_digit());
    assert!(opening.starts_with("<<"), "{heredoc:?}");
    assert_in_order([heredoc.span, heredoc.body, heredoc.terminator]);
    let end = heredoc.terminator.slice(text);
    assert!(end.is_empty() || end.trim_matches(['\t', '\r']) == heredoc.name, "{heredoc:?} ends in {end:?}");
}

/// Every byte that the shell gets stands in the file where the segments say, but for the line ends that the parser adds
/// around heredocs: they only have a place.
fn shell(text: &str, command: &Command) {
    let Command::Shell { text: joined, span, segments, .. } = command else { return };
    assert_fits(text, *span);
    for (i, byte) in joined.bytes().enumerate() {
        let offset = segments.offset(i);
        let added = byte == b'\n' && offset <= text.len();
        assert!(
            added || text.as_bytes().get(offset) == Some(&byte),
            "byte {i} of {joined:?} is not at {offset}"
        );
    }
}

fn words(kind: &InstructionKind) -> Vec<&Word> {
    match kind {
        InstructionKind::From { image, alias } => std::iter::once(image).chain(alias).collect(),
        InstructionKind::Run(Command::Exec(words))
        | InstructionKind::Cmd(Command::Exec(words))
        | InstructionKind::Entrypoint(Command::Exec(words))
        | InstructionKind::Healthcheck(Some(Command::Exec(words)))
        | InstructionKind::Expose(words)
        | InstructionKind::Volume(words)
        | InstructionKind::Shell(words) => words.iter().collect(),
        InstructionKind::Env(pairs) | InstructionKind::Label(pairs) => {
            pairs.iter().flat_map(|Pair { key, value, .. }| [key, value]).collect()
        }
        InstructionKind::Arg(args) => args
            .iter()
            .flat_map(|ArgDef { name, default, .. }| std::iter::once(name).chain(default))
            .collect(),
        InstructionKind::Copy { sources, dest } | InstructionKind::Add { sources, dest } => {
            sources.iter().chain([dest]).collect()
        }
        InstructionKind::User(word)
        | InstructionKind::Workdir(word)
        | InstructionKind::Stopsignal(word)
        | InstructionKind::Maintainer(word) => vec![word],
        _ => Vec::new(),
    }
}
