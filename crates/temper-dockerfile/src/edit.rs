//! Changes to a Dockerfile as text edits: every byte that a change does not need stays.

use temper_text::{Span, TextEdit};

use crate::{Dockerfile, Heredoc, Instruction, InstructionKind};

/// The line end of the file: that of its first line, `\n` when there is none.
#[must_use]
pub fn line_end(text: &str) -> &'static str {
    match text.split_once('\n') {
        Some((first, _)) if first.ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// Inserts `lines` after `instruction`.
///
/// A blank line goes before them when the instruction stands alone between blank lines, so the file keeps its look. A
/// continuation character that has no line to continue is removed, since it would swallow the new lines.
///
/// `None` when the instruction is not understood, or when a heredoc of it has no end: the new lines would become part of
/// it.
#[must_use]
pub fn insert_after(
    text: &str,
    file: &Dockerfile,
    instruction: &Instruction,
    lines: &[&str],
) -> Option<Vec<TextEdit>> {
    if instruction.kind == InstructionKind::Unknown || has_open_heredoc(instruction, text) {
        return None;
    }
    let end_of_line = line_end(text);
    let end = instruction.span.end as usize;
    let mut edits: Vec<TextEdit> =
        open_continuation(text, file, instruction).map(TextEdit::delete).into_iter().collect();
    let position = if edits.is_empty() { next_line(text, end) } else { text.len() };
    let mut new = String::new();
    if !text.get(..position).is_some_and(|before| before.ends_with('\n')) {
        new.push_str(end_of_line);
    }
    let begin = instruction.span.start as usize;
    if is_blank_line_before(text, begin) && is_blank_line_at(text, position) {
        new.push_str(end_of_line);
    }
    new.push_str(&lines.join(end_of_line));
    // A file whose last line has no end keeps it so.
    if position < text.len() || text.ends_with('\n') {
        new.push_str(end_of_line);
    }
    edits.push(TextEdit::insert(position, new));
    Some(edits)
}

/// Inserts `lines` before `instruction` and before the comment lines that belong to it.
///
/// A blank line goes after them when there is one above, so the file keeps its look.
#[must_use]
pub fn insert_before(text: &str, file: &Dockerfile, instruction: &Instruction, lines: &[&str]) -> TextEdit {
    let end_of_line = line_end(text);
    let position = head_of(text, file, instruction);
    let mut new = lines.join(end_of_line);
    new.push_str(end_of_line);
    if is_blank_line_before(text, position) {
        new.push_str(end_of_line);
    }
    TextEdit::insert(position, new)
}

/// Replaces everything after the keyword and the flags, heredoc bodies not included.
#[must_use]
pub fn replace_arguments(instruction: &Instruction, arguments: &str) -> TextEdit {
    let pad = if instruction.args.is_empty() { " " } else { "" };
    TextEdit::replace(instruction.args, format!("{pad}{arguments}"))
}

/// Gives `--name=value` to an instruction: the value of a flag that is there is replaced.
#[must_use]
pub fn set_flag(instruction: &Instruction, name: &str, value: &str) -> TextEdit {
    if let Some(flag) = instruction.flag(name) {
        return TextEdit::replace(flag.span, format!("--{name}={value}"));
    }
    let last = instruction.flags.last().map_or(instruction.keyword, |flag| flag.span);
    TextEdit::insert(last.end as usize, format!(" --{name}={value}"))
}

/// Gives `--chown=owner` to a COPY or ADD.
#[must_use]
pub fn set_chown(instruction: &Instruction, owner: &str) -> TextEdit {
    set_flag(instruction, "chown", owner)
}

fn has_open_heredoc(instruction: &Instruction, text: &str) -> bool {
    heredocs_of(instruction).iter().any(|heredoc| heredoc.terminator.slice(text).is_empty())
}

fn next_line(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or("");
    rest.find('\n').map_or(text.len(), |newline| from + newline + 1)
}

/// The continuation character at the end of the instruction, with the blanks around it.
fn open_continuation(text: &str, file: &Dockerfile, instruction: &Instruction) -> Option<Span> {
    let written = instruction.span.slice(text);
    if !heredocs_of(instruction).is_empty() {
        return None;
    }
    let content = written.trim_end_matches([' ', '\t']).strip_suffix(file.escape)?;
    if content.ends_with(file.escape) {
        return None;
    }
    let start = instruction.span.start as usize + content.trim_end_matches([' ', '\t']).len();
    Some(Span::new(start, instruction.span.end as usize))
}

fn heredocs_of(instruction: &Instruction) -> &[Heredoc] {
    match &instruction.kind {
        InstructionKind::Onbuild(trigger) => heredocs_of(trigger),
        _ => &instruction.heredocs,
    }
}

fn line_start(text: &str, at: usize) -> usize {
    text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |newline| newline + 1)
}

/// The start of the line before the one that begins at `start`.
fn previous_line(text: &str, start: usize) -> Option<usize> {
    start.checked_sub(1).map(|newline| line_start(text, newline))
}

/// Where the instruction begins, the comment lines right above it included.
fn head_of(text: &str, file: &Dockerfile, instruction: &Instruction) -> usize {
    let mut head = line_start(text, instruction.span.start as usize);
    if head == 0 {
        // A byte order mark stays first.
        return instruction.span.start as usize;
    }
    while let Some(previous) = previous_line(text, head) {
        let line = Span::new(previous, head);
        let comment = file.comments.iter().find(|comment| line.contains(**comment));
        let is_whole_line = comment.is_some_and(|comment| {
            text.get(previous..comment.start as usize).is_some_and(|lead| lead.trim().is_empty())
        });
        let is_inside =
            file.instructions.iter().any(|other| comment.is_some_and(|c| other.span.contains(*c)));
        if !is_whole_line || is_inside {
            break;
        }
        head = previous;
    }
    head
}

fn is_blank_line_at(text: &str, start: usize) -> bool {
    text.get(start..next_line(text, start)).is_some_and(|line| !line.is_empty() && line.trim().is_empty())
}

fn is_blank_line_before(text: &str, at: usize) -> bool {
    previous_line(text, line_start(text, at)).is_some_and(|start| is_blank_line_at(text, start))
}

#[cfg(test)]
mod tests {
    use temper_text::{TextEdit, apply};

    use super::{insert_after, insert_before, replace_arguments, set_chown};
    use crate::{Dockerfile, Instruction, parse};

    fn edited(text: &str, index: usize, edit: impl Fn(&Dockerfile, &Instruction) -> Vec<TextEdit>) -> String {
        let file = parse(text);
        apply(text, &edit(&file, &file.instructions[index])).expect("edits that fit")
    }

    fn after(text: &str, index: usize) -> String {
        edited(text, index, |file, i| {
            insert_after(text, file, i, &["USER 1", "# done"]).expect("closed heredocs")
        })
    }

    fn before(text: &str, index: usize) -> String {
        edited(text, index, |file, i| vec![insert_before(text, file, i, &["USER 1"])])
    }

    #[test]
    fn lines_follow_the_whole_instruction() {
        assert_eq!(
            after("FROM a\nRUN b \\\n  c\nCMD d\n", 1),
            "FROM a\nRUN b \\\n  c\nUSER 1\n# done\nCMD d\n"
        );
        assert_eq!(
            after("FROM a\nRUN <<E\nx\nE\nCMD d\n", 1),
            "FROM a\nRUN <<E\nx\nE\nUSER 1\n# done\nCMD d\n"
        );
    }

    #[test]
    fn line_ends_of_the_file_are_kept() {
        assert_eq!(after("FROM a\r\nCMD d\r\n", 0), "FROM a\r\nUSER 1\r\n# done\r\nCMD d\r\n");
        assert_eq!(before("FROM a\r\nCMD d", 1), "FROM a\r\nUSER 1\r\nCMD d");
    }

    #[test]
    fn missing_final_line_end_stays_missing() {
        assert_eq!(after("FROM a", 0), "FROM a\nUSER 1\n# done");
    }

    #[test]
    fn paragraphs_stay_paragraphs() {
        assert_eq!(after("FROM a\n\nRUN b\n\nCMD d\n", 1), "FROM a\n\nRUN b\n\nUSER 1\n# done\n\nCMD d\n");
        assert_eq!(before("FROM a\n\nCMD d\n", 1), "FROM a\n\nUSER 1\n\nCMD d\n");
    }

    #[test]
    fn comment_above_stays_with_its_instruction() {
        assert_eq!(before("FROM a\n# run\n# it\nCMD d\n", 1), "FROM a\nUSER 1\n# run\n# it\nCMD d\n");
    }

    #[test]
    fn directives_stay_on_top() {
        assert_eq!(before("# escape=\\\nFROM a\n", 0), "# escape=\\\nUSER 1\nFROM a\n");
        assert_eq!(before("\u{feff}FROM a\n", 0), "\u{feff}USER 1\nFROM a\n");
    }

    #[test]
    fn open_continuation_does_not_swallow_new_lines() {
        assert_eq!(after("FROM a\nRUN b \\\n\n", 1), "FROM a\nRUN b\n\nUSER 1\n# done\n");
    }

    #[test]
    fn open_heredoc_is_refused() {
        let text = "FROM a\nRUN <<E\nx\n";
        let file = parse(text);
        assert_eq!(insert_after(text, &file, &file.instructions[1], &["USER 1"]), None);
    }

    #[test]
    fn chown_is_added_or_replaced() {
        let chown = |_: &Dockerfile, i: &Instruction| vec![set_chown(i, "1:1")];
        assert_eq!(edited("FROM a\nCOPY x y\n", 1, chown), "FROM a\nCOPY --chown=1:1 x y\n");
        assert_eq!(
            edited("FROM a\nCOPY --from=b x y\n", 1, chown),
            "FROM a\nCOPY --from=b --chown=1:1 x y\n"
        );
        assert_eq!(edited("FROM a\nCOPY --chown=\"q\" x y\n", 1, chown), "FROM a\nCOPY --chown=1:1 x y\n");
    }

    #[test]
    fn arguments_are_replaced_and_the_keyword_stays() {
        let user = |_: &Dockerfile, i: &Instruction| vec![replace_arguments(i, "65532:65532")];
        assert_eq!(edited("FROM a\nuser   app # x\nCMD b\n", 1, user), "FROM a\nuser   65532:65532\nCMD b\n");
    }
}
