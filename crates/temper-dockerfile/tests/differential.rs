//! The same texts read by `parse-dockerfile`, an independent parser. It fails on some heredocs and stops at the first
//! error, so only texts that it reads are compared, and each test demands that it reads them.

use std::fs;
use std::path::Path;

use parse_dockerfile as oracle;
use proptest::prelude::*;
use temper_dockerfile::{Command, InstructionKind, Word, parse};

/// One instruction, boiled down to what both parsers say.
#[derive(Debug, PartialEq, Eq)]
struct Plain {
    keyword: &'static str,
    start: usize,
    flags: Vec<(String, Option<String>)>,
    words: Vec<String>,
}

fn texts<'a>(words: impl IntoIterator<Item = &'a Word>) -> Vec<String> {
    words.into_iter().map(|word| word.text.clone()).collect()
}

/// Shell text is compared as it stands in the file, without white space: the other parser joins no lines.
fn squeezed(text: &str) -> Vec<String> {
    vec![text.chars().filter(|c| !c.is_whitespace() && *c != '\\').collect()]
}

fn command(command: &Command, file: &str) -> Vec<String> {
    match command {
        Command::Exec(words) => texts(words),
        Command::Shell { span, .. } => squeezed(span.slice(file)),
    }
}

fn ours(instruction: &temper_dockerfile::Instruction, file: &str) -> Plain {
    let (keyword, words) = match &instruction.kind {
        InstructionKind::From { image, alias } => ("FROM", texts(std::iter::once(image).chain(alias))),
        InstructionKind::Run(found) => ("RUN", command(found, file)),
        InstructionKind::Cmd(found) => ("CMD", command(found, file)),
        InstructionKind::Entrypoint(found) => ("ENTRYPOINT", command(found, file)),
        InstructionKind::Env(_) => ("ENV", squeezed(instruction.args.slice(file))),
        InstructionKind::Label(_) => ("LABEL", squeezed(instruction.args.slice(file))),
        InstructionKind::Arg(_) => ("ARG", squeezed(instruction.args.slice(file))),
        InstructionKind::Copy { sources, dest } => ("COPY", texts(sources.iter().chain([dest]))),
        InstructionKind::Add { sources, dest } => ("ADD", texts(sources.iter().chain([dest]))),
        InstructionKind::User(word) => ("USER", texts([word])),
        InstructionKind::Workdir(word) => ("WORKDIR", texts([word])),
        InstructionKind::Expose(words) => ("EXPOSE", texts(words)),
        InstructionKind::Volume(words) => ("VOLUME", texts(words)),
        InstructionKind::Healthcheck(found) => {
            ("HEALTHCHECK", found.as_ref().map_or_else(Vec::new, |found| command(found, file)))
        }
        InstructionKind::Shell(words) => ("SHELL", texts(words)),
        InstructionKind::Stopsignal(word) => ("STOPSIGNAL", texts([word])),
        InstructionKind::Maintainer(word) => ("MAINTAINER", texts([word])),
        InstructionKind::Onbuild(_) => ("ONBUILD", Vec::new()),
        InstructionKind::Unknown => ("?", Vec::new()),
    };
    let flags =
        instruction.flags.iter().map(|flag| (flag.name.clone(), flag.value.as_ref().map(|v| v.text.clone())));
    Plain { keyword, start: instruction.span.start as usize, flags: flags.collect(), words }
}

fn values<'a, 'b: 'a>(words: impl IntoIterator<Item = &'a oracle::UnescapedString<'b>>) -> Vec<String> {
    words.into_iter().map(|word| word.value.to_string()).collect()
}

fn their_command(command: &oracle::Command<'_>) -> Vec<String> {
    match command {
        oracle::Command::Exec(words) => values(&words.value),
        oracle::Command::Shell(text) => squeezed(text.value),
        other => panic!("a command form that this test does not know: {other:?}"),
    }
}

fn their_sources(sources: &[oracle::Source<'_>], dest: &oracle::UnescapedString<'_>) -> Vec<String> {
    let paths = sources.iter().filter_map(|source| match source {
        oracle::Source::Path(path) => Some(path),
        _ => None,
    });
    values(paths.chain([dest]))
}

fn theirs(instruction: &oracle::Instruction<'_>, file: &str) -> Plain {
    use oracle::Instruction as I;
    let none: &[oracle::Flag<'_>] = &[];
    let written = |span: &std::ops::Range<usize>| squeezed(&file[span.clone()]);
    let (keyword, span, flags, words) = match instruction {
        I::From(i) => {
            let alias = i.as_.as_ref().map(|(_, alias)| alias);
            ("FROM", &i.from.span, i.options.as_slice(), values(std::iter::once(&i.image).chain(alias)))
        }
        I::Run(i) => ("RUN", &i.run.span, i.options.as_slice(), their_command(&i.arguments)),
        I::Cmd(i) => ("CMD", &i.cmd.span, none, their_command(&i.arguments)),
        I::Entrypoint(i) => ("ENTRYPOINT", &i.entrypoint.span, none, their_command(&i.arguments)),
        I::Env(i) => ("ENV", &i.env.span, none, written(&i.arguments.span)),
        I::Label(i) => ("LABEL", &i.label.span, none, written(&i.arguments.span)),
        I::Arg(i) => ("ARG", &i.arg.span, none, written(&i.arguments.span)),
        I::Copy(i) => ("COPY", &i.copy.span, i.options.as_slice(), their_sources(&i.src, &i.dest)),
        I::Add(i) => ("ADD", &i.add.span, i.options.as_slice(), their_sources(&i.src, &i.dest)),
        I::User(i) => ("USER", &i.user.span, none, values([&i.arguments])),
        I::Workdir(i) => ("WORKDIR", &i.workdir.span, none, values([&i.arguments])),
        I::Expose(i) => ("EXPOSE", &i.expose.span, none, values(&i.arguments)),
        I::Volume(i) => {
            let words = match &i.arguments {
                oracle::JsonOrStringArray::Json(words) => values(&words.value),
                oracle::JsonOrStringArray::String(words) => values(words),
            };
            ("VOLUME", &i.volume.span, none, words)
        }
        I::Healthcheck(i) => {
            let words = match &i.arguments {
                oracle::HealthcheckArguments::Cmd { arguments, .. } => their_command(arguments),
                _ => Vec::new(),
            };
            ("HEALTHCHECK", &i.healthcheck.span, i.options.as_slice(), words)
        }
        I::Shell(i) => ("SHELL", &i.shell.span, none, values(&i.arguments)),
        I::Stopsignal(i) => ("STOPSIGNAL", &i.stopsignal.span, none, values([&i.arguments])),
        I::Maintainer(i) => ("MAINTAINER", &i.maintainer.span, none, values([&i.name])),
        I::Onbuild(i) => ("ONBUILD", &i.onbuild.span, none, Vec::new()),
        other => panic!("an instruction that this test does not know: {other:?}"),
    };
    let flag = |flag: &oracle::Flag<'_>| {
        (flag.name.value.to_string(), flag.value.as_ref().map(|value| value.value.to_string()))
    };
    Plain { keyword, start: span.start, flags: flags.iter().map(flag).collect(), words }
}

fn compare(text: &str) {
    let expected = oracle::parse(text).unwrap_or_else(|error| panic!("the oracle refuses {text:?}: {error}"));
    let expected: Vec<Plain> =
        expected.instructions.iter().map(|instruction| theirs(instruction, text)).collect();
    let file = parse(text);
    assert_eq!(file.errors, [], "{text}");
    let found: Vec<Plain> = file.instructions.iter().map(|instruction| ours(instruction, text)).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn fixtures_without_heredocs_are_read_alike() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut compared = 0;
    for entry in fs::read_dir(root).expect("the fixtures") {
        let text =
            fs::read_to_string(entry.expect("a folder").path().join("Dockerfile")).expect("a Dockerfile");
        if !text.contains("<<") {
            compare(&text);
            compared += 1;
        }
    }
    assert!(compared >= 8, "only {compared} fixtures were compared");
}

/// Whole instructions in many spellings.
fn instruction() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "FROM alpine:3",
        "from --platform=linux/amd64 debian",
        "RUN a && b",
        "RUN --mount=type=cache,target=/x --network=none a \\\n  && b",
        "RUN a \\\n# why\n\n   # more\n  b",
        "RUN [\"a\", \"b c\"]",
        "run   a   # no comment",
        "CMD [ \"a\" , \"b\" ]",
        "CMD a 'b c'",
        "ENTRYPOINT [\"a\"]",
        "ENTRYPOINT a",
        "ENV A=b C=\"d e\" F=g\\ h",
        "ENV A b c",
        "ENV A=b \\\n    C=d",
        "ARG A",
        "ARG A=b",
        "LABEL a=b \"c d\"=e",
        "COPY a b /c",
        "COPY --from=x --chown=1:1 a /b",
        "COPY [\"a b\", \"/c\"]",
        "ADD https://example.org/x /y",
        "USER a:b",
        "WORKDIR /a b",
        "EXPOSE 80 81/udp",
        "VOLUME /a /b",
        "VOLUME [\"/a\"]",
        "HEALTHCHECK NONE",
        "HEALTHCHECK --interval=5s --retries=3 CMD a || b",
        "HEALTHCHECK CMD [\"a\"]",
        "SHELL [\"/bin/bash\", \"-c\"]",
        "STOPSIGNAL SIGTERM",
        "MAINTAINER me <me@example.org>",
        "# a comment",
        "",
        "   ",
    ])
}

proptest! {
    #[test]
    fn composed_files_are_read_alike(
        lines in prop::collection::vec(instruction(), 0..12),
        line_end in prop::sample::select(vec!["\n", "\r\n"]),
        final_line_end: bool,
    ) {
        // One name only: the oracle refuses a second stage of the same name, BuildKit warns (check DuplicateStageName).
        let mut text = ["FROM scratch AS x"].into_iter().chain(lines).collect::<Vec<_>>().join("\n");
        text.push_str(if final_line_end { "\n" } else { "" });
        compare(&text.replace('\n', line_end));
    }
}
