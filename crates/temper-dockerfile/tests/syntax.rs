//! What the parser says about each rule of the Dockerfile syntax.

use temper_dockerfile::{Command, InstructionKind, Word, parse};

fn only(text: &str) -> InstructionKind {
    let file = parse(&format!("FROM a\n{text}"));
    assert_eq!(file.errors, [], "{text}");
    file.instructions.last().expect("an instruction").kind.clone()
}

fn error(text: &str) -> String {
    let file = parse(text);
    assert_eq!(file.errors.len(), 1, "{:?}", file.errors);
    format!("{} | {}", file.errors[0].message, file.errors[0].span.slice(text))
}

fn texts(words: &[Word]) -> Vec<&str> {
    words.iter().map(|word| word.text.as_str()).collect()
}

#[test]
fn escape_directive_makes_backtick_continue_lines() {
    let text = "# escape=`\nFROM a\nCOPY c:\\ `\n  d:\\\n";
    let file = parse(text);
    assert_eq!(file.escape, '`');
    let InstructionKind::Copy { sources, dest } = &file.instructions[1].kind else { panic!("COPY expected") };
    assert_eq!((texts(sources), dest.text.as_str()), (vec!["c:\\"], "d:\\"));
    assert_eq!(dest.span.slice(text), "d:\\");
}

#[test]
fn directive_after_a_comment_is_a_comment() {
    let file = parse("# hello\n# escape=`\nFROM a\n");
    assert_eq!((file.directives.len(), file.comments.len(), file.escape), (0, 2, '\\'));
}

#[test]
fn directive_given_twice_is_an_error() {
    assert_eq!(
        error("# syntax=a\n# SYNTAX = b\nFROM a\n"),
        "the `syntax` parser directive stands here a second time; only one is allowed | # SYNTAX = b"
    );
}

#[test]
fn byte_order_mark_and_crlf_are_no_part_of_words() {
    let text = "\u{feff}FROM a\r\nUSER b\r\n";
    let file = parse(text);
    assert_eq!(file.errors, []);
    assert_eq!(file.instructions[0].span.slice(text), "FROM a");
    let InstructionKind::User(user) = &file.instructions[1].kind else { panic!("USER expected") };
    assert_eq!(user.text, "b");
}

#[test]
fn comments_and_blank_lines_inside_continuations_are_left_out() {
    let text = "FROM a\nRUN one \\\n  # why\n\n  && two\nUSER x\n";
    let file = parse(text);
    let InstructionKind::Run(Command::Shell { text: shell, segments, .. }) = &file.instructions[1].kind
    else {
        panic!("RUN expected")
    };
    assert_eq!(shell, "one   && two");
    let two = shell.find("two").expect("two");
    assert_eq!(segments.span(two..two + 3).slice(text), "two");
    assert_eq!(file.comments[0].slice(text), "# why");
    assert_eq!(file.instructions[1].span.slice(text), "RUN one \\\n  # why\n\n  && two");
    assert_eq!(file.instructions.len(), 3);
}

#[test]
fn doubled_escape_at_the_end_does_not_continue() {
    let file = parse("FROM a\nRUN one \\\\\nUSER x\n");
    assert_eq!(file.instructions.len(), 3);
}

#[test]
fn keyword_case_does_not_matter() {
    assert!(matches!(only("user x"), InstructionKind::User(_)));
    assert!(matches!(only("HealthCheck none"), InstructionKind::Healthcheck(None)));
}

#[test]
fn single_quoted_array_is_shell_form() {
    let InstructionKind::Cmd(Command::Shell { text, .. }) = only("CMD ['a', 'b']") else {
        panic!("shell form")
    };
    assert_eq!(text, "['a', 'b']");
}

#[test]
fn exec_words_are_decoded() {
    let InstructionKind::Entrypoint(Command::Exec(words)) = only("ENTRYPOINT [\"a\\tb\", \"c\"]") else {
        panic!("exec form")
    };
    assert_eq!(texts(&words), ["a\tb", "c"]);
}

#[test]
fn env_has_two_forms() {
    let InstructionKind::Env(new) = only("ENV A=\"b c\" D=e\\ f") else { panic!("ENV") };
    assert_eq!((new[0].value.text.as_str(), new[1].value.text.as_str()), ("\"b c\"", "e\\ f"));
    let InstructionKind::Env(old) = only("ENV A b c=d") else { panic!("ENV") };
    assert_eq!((old.len(), old[0].key.text.as_str(), old[0].value.text.as_str()), (1, "A", "b c=d"));
}

#[test]
fn arg_may_have_no_default() {
    let InstructionKind::Arg(defs) = only("ARG A B= C=d") else { panic!("ARG") };
    let defaults: Vec<_> =
        defs.iter().map(|def| def.default.as_ref().map(|word| word.text.as_str())).collect();
    assert_eq!(defaults, [None, Some(""), Some("d")]);
}

#[test]
fn flags_are_read_up_to_the_first_argument() {
    let text = "FROM a\nCOPY --from=b --chown=\"1:2\" --link x --y /z\n";
    let file = parse(text);
    let copy = &file.instructions[1];
    assert_eq!(copy.flag_value("chown").map(|word| word.text.as_str()), Some("1:2"));
    assert_eq!(copy.flag("link").map(|flag| flag.value.clone()), Some(None));
    assert_eq!(copy.args.slice(text), "x --y /z");
}

#[test]
fn heredocs_of_one_copy_are_read_in_order() {
    let text = "FROM a\nCOPY <<one <<-\"two\" b /d/\n1\none\n\t2\n\ttwo\nUSER x\n";
    let file = parse(text);
    assert_eq!(file.errors, []);
    let copy = &file.instructions[1];
    let InstructionKind::Copy { sources, .. } = &copy.kind else { panic!("COPY expected") };
    assert_eq!(texts(sources), ["b"]);
    assert_eq!((copy.heredocs[0].content.as_str(), copy.heredocs[1].content.as_str()), ("1\n", "2\n"));
    assert_eq!((copy.heredocs[0].expand, copy.heredocs[1].expand), (true, false));
    assert_eq!(copy.heredocs[1].body.slice(text), "\t2\n");
    assert!(copy.span.slice(text).ends_with("\ttwo"));
    assert_eq!(file.instructions.len(), 3);
}

#[test]
fn run_that_is_only_a_heredoc_is_its_body() {
    let text = "FROM a\nRUN <<EOF\n# a shell comment\napt-get update\nEOF\n";
    let file = parse(text);
    let InstructionKind::Run(Command::Shell { text: shell, .. }) = &file.instructions[1].kind else {
        panic!("RUN")
    };
    assert_eq!(shell, "# a shell comment\napt-get update\n");
    assert_eq!(file.comments, []);
}

#[test]
fn run_keeps_its_command_before_the_heredoc() {
    let file = parse("FROM a\nRUN cat <<EOF > /f\nx\nEOF\n");
    let InstructionKind::Run(Command::Shell { text, .. }) = &file.instructions[1].kind else { panic!("RUN") };
    assert_eq!(text, "cat <<EOF > /f\nx\nEOF");
}

#[test]
fn heredoc_needs_white_space_before_it() {
    let file = parse("FROM a\nRUN cat<<EOF\nUSER x\n");
    assert_eq!((file.errors.len(), file.instructions.len()), (0, 3));
}

#[test]
fn unterminated_heredoc_is_an_error() {
    assert_eq!(
        error("FROM a\nRUN <<EOF\nx\n"),
        "unterminated heredoc: expected a line that holds only `EOF` | <<EOF"
    );
}

#[test]
fn bad_line_leaves_the_others_alone() {
    let text = "FROM a\nINCLUDE x\nUSER y\n";
    assert_eq!(error(text), "unknown instruction `INCLUDE` | INCLUDE");
    assert_eq!(parse(text).instructions.len(), 3);
}

#[test]
fn instruction_before_from_is_an_error() {
    assert_eq!(
        error("ARG A\nRUN x\nFROM a\n"),
        "no build stage yet: expected FROM before this instruction | RUN"
    );
    assert_eq!(error("# nothing\n"), "no build stage: expected a FROM instruction | ");
}

#[test]
fn onbuild_holds_an_instruction_with_its_own_flags_and_heredoc() {
    let InstructionKind::Onbuild(trigger) = only("ONBUILD COPY --chown=1 <<EOF /d\nx\nEOF") else {
        panic!("ONBUILD")
    };
    assert_eq!(trigger.flag_value("chown").map(|word| word.text.as_str()), Some("1"));
    assert_eq!(trigger.heredocs.len(), 1);
}

#[test]
fn unknown_flag_is_an_error() {
    assert_eq!(error("FROM a\nCOPY --form=b x y\n"), "unknown flag `--form` for COPY | --form=b");
}
