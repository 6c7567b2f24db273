//! What the shell reader finds in RUN and its like.

use temper_dockerfile::{Command, InstructionKind, parse, shell::SimpleCommand};
use temper_text::Span;

fn command_of(text: &str) -> Command {
    let file = parse(text);
    match file.instructions.last().map(|instruction| instruction.kind.clone()) {
        Some(InstructionKind::Run(command) | InstructionKind::Cmd(command)) => command,
        other => panic!("RUN or CMD expected, found {other:?}"),
    }
}

/// One line a command: words, then what is special about it.
fn show(text: &str) -> String {
    let script = command_of(text).script();
    let mut lines: Vec<String> = script.commands.iter().map(line).collect();
    lines.extend(script.incomplete.then(|| "incomplete".to_owned()));
    lines.join("\n")
}

fn line(command: &SimpleCommand) -> String {
    let mut out: Vec<String> =
        command.assignments.iter().map(|(name, value)| format!("{name}={}", value.text)).collect();
    let words = std::iter::once(&command.name).chain(&command.args);
    out.extend(
        words.map(|word| if word.literal { format!("[{}]", word.text) } else { format!("<{}>", word.text) }),
    );
    out.extend(
        command.redirects.iter().map(|redirect| format!("{}{}", redirect.operator, redirect.target.text)),
    );
    out.extend(command.conditional.then(|| "?".to_owned()));
    out.extend(command.piped.then(|| "|".to_owned()));
    out.extend(command.heredoc.as_ref().map(|body| format!("heredoc {:?}", body.text)));
    out.join(" ")
}

#[test]
fn lists_pipes_and_conditions_are_flattened() {
    insta::assert_snapshot!(
        show("FROM a\nRUN set -eux; a 1 && b '2' || c \"3\" | d; (e); if f; then g; fi; for i in x; do h $i; done"),
        @r#"
        [set] [-eux]
        [a] [1]
        [b] [2] ?
        [c] [3] ?
        [d] ? |
        [e]
        [f] ?
        [g] ?
        [h] <$i>
        "#
    );
}

#[test]
fn what_follows_a_test_or_a_caught_failure_may_not_run() {
    insta::assert_snapshot!(show("FROM a\nRUN a && b && c; [ -d x ] && d && e; (f && g) || h; ! i && j; k && l"), @r#"
    [a]
    [b]
    [c]
    [d] ?
    [e] ?
    [f]
    [g] ?
    [h] ?
    [i]
    [j] ?
    [k]
    [l]
    "#);
}

#[test]
fn quotes_are_removed_and_expansions_are_marked() {
    insta::assert_snapshot!(
        show("FROM a\nRUN A=1 B=\"$C\" cmd 'x y'z\"w\" a\\ b ${D:-e} \"p $(id -u) \\$q\" $((1+2)) \\\"q"),
        @r#"
        A=1 B=$C [cmd] [x yzw] [a b] <${D:-e}> <p $(id -u) $q> <$((1+2))> ["q]
        [id] [-u]
        "#
    );
}

#[test]
fn redirect_of_a_list_belongs_to_its_last_command_and_of_a_group_to_all() {
    insta::assert_snapshot!(show("FROM a\nRUN a && echo x >> /etc/passwd && { b; c; } > /f 2>&1"), @r#"
    [a]
    [echo] [x] >>/etc/passwd
    [b] >/f >&1
    [c] >/f >&1
    "#);
}

#[test]
fn scripts_in_scripts_are_read() {
    insta::assert_snapshot!(
        show("FROM a\nRUN bash -euc 'useradd x && y' && bash <<EOF && after\nuseradd z\nEOF\n"),
        @r#"
        [bash] [-euc] [useradd x && y]
        [useradd] [x]
        [y]
        [bash] heredoc "useradd z\n"
        [after]
        [useradd] [z]
        "#
    );
    insta::assert_snapshot!(show("FROM a\nCMD [\"/bin/sh\", \"-c\", \"exec x \\\"$Y\\\"\"]"), @r#"
    [/bin/sh] [-c] [exec x "$Y"]
    [exec] [x] <$Y>
    "#);
}

#[test]
fn heredoc_to_another_program_is_not_read_as_shell() {
    insta::assert_snapshot!(show("FROM a\nRUN python3 <<EOF\nimport os\nEOF\n"), @r#"[python3] heredoc "import os\n""#);
    insta::assert_snapshot!(show("FROM a\nRUN <<EOF\n#!/usr/bin/env python3\nimport os\nEOF\n"), @r#"incomplete"#);
}

#[test]
fn spans_lead_back_through_continuations() {
    let text = "FROM a\nRUN groupadd app \\\n # note\n && user\\\nadd -m app\n";
    let commands = command_of(text).commands();
    let slices: Vec<&str> = commands.iter().map(|command| command.name.span.slice(text)).collect();
    assert_eq!(slices, ["groupadd", "user\\\nadd"]);
    assert_eq!(commands[1].name.text, "useradd");
}

#[test]
fn spans_inside_an_inline_script_are_exact() {
    let text = "FROM a\nRUN [\"sh\", \"-c\", \"a && useradd b\"]\n";
    let commands = command_of(text).commands();
    assert_eq!(commands.last().map(|command| command.span.slice(text)), Some("useradd b"));
    let text = "FROM a\nRUN sh -c 'a; useradd b'\n";
    let commands = command_of(text).commands();
    assert_eq!(commands.last().map(|command| command.span.slice(text)), Some("useradd b"));
}

#[test]
fn long_list_is_not_deep() {
    let script = command_of(&format!("FROM a\nRUN {}b", "a && ".repeat(500))).script();
    assert_eq!((script.commands.len(), script.incomplete), (501, false));
}

#[test]
fn deep_nesting_ends_and_is_said() {
    let text = format!("FROM a\nRUN {}x{}", "(".repeat(3000), ")".repeat(3000));
    assert!(command_of(&text).script().incomplete);
    assert_ne!(parse(&text).instructions[1].span, Span::at(0));
}
