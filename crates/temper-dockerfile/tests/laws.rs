//! Laws that hold for every text.

use std::collections::BTreeMap;

use proptest::prelude::*;
use temper_dockerfile::{Command, Dockerfile, Instruction, InstructionKind, Word, edit, parse};
use temper_text::Span;

fn words(instruction: &Instruction) -> Vec<&Word> {
    let mut out: Vec<&Word> = instruction.flags.iter().filter_map(|flag| flag.value.as_ref()).collect();
    match &instruction.kind {
        InstructionKind::From { image, alias } => {
            out.push(image);
            out.extend(alias);
        }
        InstructionKind::Run(Command::Exec(list))
        | InstructionKind::Cmd(Command::Exec(list))
        | InstructionKind::Entrypoint(Command::Exec(list))
        | InstructionKind::Healthcheck(Some(Command::Exec(list)))
        | InstructionKind::Expose(list)
        | InstructionKind::Volume(list)
        | InstructionKind::Shell(list) => out.extend(list),
        InstructionKind::Env(pairs) | InstructionKind::Label(pairs) => {
            out.extend(pairs.iter().flat_map(|pair| [&pair.key, &pair.value]));
        }
        InstructionKind::Arg(defs) => {
            out.extend(defs.iter().map(|def| &def.name));
            out.extend(defs.iter().filter_map(|def| def.default.as_ref()));
        }
        InstructionKind::Copy { sources, dest } | InstructionKind::Add { sources, dest } => {
            out.extend(sources);
            out.push(dest);
        }
        InstructionKind::User(word)
        | InstructionKind::Workdir(word)
        | InstructionKind::Stopsignal(word)
        | InstructionKind::Maintainer(word) => out.push(word),
        InstructionKind::Onbuild(trigger) => out.extend(words(trigger)),
        _ => {}
    }
    out
}

fn fits(span: Span, text: &str) -> bool {
    text.get(span.range()).is_some()
}

/// What is left when instructions, directives and comments are taken out must be blank.
fn uncovered(file: &Dockerfile, text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let spans = file.instructions.iter().map(|instruction| instruction.span);
    let spans = spans.chain(file.directives.iter().map(|directive| directive.span));
    for span in spans.chain(file.comments.iter().copied()) {
        bytes[span.range()].fill(b' ');
    }
    String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').trim().to_owned()
}

/// Lines that come close to a Dockerfile: far more of them reach the deep code than random bytes would.
fn dockerfile_like() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "FROM a AS b",
            "FROM",
            "RUN ",
            "COPY --from=b ",
            "ONBUILD ",
            "HEALTHCHECK --interval=5s CMD ",
            "ENV ",
            "ARG A=${B:-c}",
            "LABEL a=\"b c\" ",
            "[\"a\", \"b\"]",
            "<<EOF",
            "<<-'EOF'",
            "EOF",
            "\\\n",
            "`\n",
            "\n",
            "\r\n",
            "# escape=`",
            "# c",
            " ",
            "\t",
            "\"",
            "'",
            "\\",
            "=",
            "--x=\"y",
            "é",
            "\u{a0}",
            "\u{feff}",
            "1<<A",
            "USER $A",
            "SHELL ",
            "VOLUME ",
            "EXPOSE 1 2/udp",
            "&& useradd -m ",
            "$(",
            "${",
        ])
        .prop_map(str::to_owned),
        "[ -~]{0,6}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let file = parse(text);
    for instruction in &file.instructions {
        prop_assert!(fits(instruction.span, text) && fits(instruction.keyword, text));
        prop_assert!(instruction.span.contains(instruction.keyword));
        prop_assert!(instruction.span.contains(instruction.args) || instruction.args.is_empty());
        for word in words(instruction) {
            prop_assert!(fits(word.span, text), "{word:?}");
            let is_plain = word.text.len() == word.span.len();
            prop_assert!(!is_plain || word.span.slice(text) == word.text, "{word:?}");
        }
        for heredoc in &instruction.heredocs {
            prop_assert!(fits(heredoc.body, text) && fits(heredoc.terminator, text));
            prop_assert!(heredoc.strip_tabs || heredoc.body.slice(text) == heredoc.content);
        }
    }
    prop_assert!(file.errors.iter().all(|error| fits(error.span, text)));
    prop_assert!(file.comments.iter().all(|comment| comment.slice(text).starts_with('#')));
    let in_order = file.instructions.windows(2).all(|pair| pair[0].span.end <= pair[1].span.start);
    prop_assert!(in_order);
    prop_assert_eq!(uncovered(&file, text), "");
    Ok(())
}

proptest! {
    #[test]
    fn spans_fit_and_cover_any_text(text in any::<String>()) {
        check(&text)?;
    }

    #[test]
    fn spans_fit_and_cover_near_dockerfiles(text in dockerfile_like()) {
        check(&text)?;
    }
}

/// The keywords of all instructions, with one line inserted after the instruction at `at`.
fn with_insertion(text: &str, at: usize) -> Option<(usize, String)> {
    let file = parse(text);
    let instruction = file.instructions.get(at)?;
    let edits = edit::insert_after(text, &file, instruction, &["STOPSIGNAL inserted"])?;
    Some((file.instructions.len(), temper_text::apply(text, &edits).expect("edits that fit")))
}

proptest! {
    #[test]
    fn inserted_line_is_read_as_one_more_instruction(text in dockerfile_like(), at in 0usize..4) {
        if let Some((before, new)) = with_insertion(&text, at) {
            let file = parse(&new);
            prop_assert_eq!(file.instructions.len(), before + 1, "{}", new);
            prop_assert_eq!(file.instructions[at + 1].args.slice(&new), "inserted");
        }
    }

    #[test]
    fn facts_never_panic_and_their_spans_fit(text in dockerfile_like()) {
        let file = parse(&text);
        for target in [None, Some("b"), Some("0")] {
            let Ok(facts) = file.facts(target, &BTreeMap::new()) else { continue };
            prop_assert!(fits(facts.base.span, &text));
            prop_assert!(facts.accounts.users.iter().all(|user| fits(user.span, &text)));
            prop_assert!(facts.paths.iter().all(|path| fits(path.span, &text)));
            prop_assert!(facts.start.scripts.iter().all(|script| fits(script.span, &text)));
        }
    }

    #[test]
    fn shell_commands_never_panic_and_their_spans_fit(script in "[ -~\n]{0,60}") {
        let text = format!("FROM a\nRUN <<E\n{script}\nE\n");
        for instruction in &parse(&text).instructions {
            let InstructionKind::Run(command) = &instruction.kind else { continue };
            for simple in command.commands() {
                prop_assert!(fits(simple.span, &text), "{simple:?}");
                prop_assert!(simple.args.iter().all(|arg| fits(arg.span, &text)));
            }
        }
    }
}
