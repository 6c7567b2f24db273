use std::ops::Range;

use temper_text::Span;
use tree_sitter::Node;

use super::script::is_shell;
use super::word::Piece;
use super::{Redirect, Script, SimpleCommand, Word};
use crate::Segments;

/// Where the bytes of a shell text come from.
pub(super) enum Origin<'a> {
    /// From the file, piece by piece.
    Joined(&'a Segments),
    /// From somewhere inside this span.
    Whole(Span),
}

impl Origin<'_> {
    fn span(&self, range: Range<usize>) -> Span {
        match self {
            Self::Joined(segments) => segments.span(range),
            Self::Whole(span) => *span,
        }
    }
}

/// Groups, substitutions and scripts in scripts may be nested this deep; what lies deeper is not read, and said so.
const MAX_DEPTH: usize = 100;

/// Reads a shell text.
pub(super) fn read(text: &str, origin: &Origin<'_>) -> Script {
    let mut script = Script::default();
    read_part(text, 0..text.len(), origin, Context::default(), &mut script);
    script
}

/// What holds for the commands at one place.
#[derive(Clone, Copy, Default)]
struct Context {
    conditional: bool,
    /// True where the script has asked which user it runs as.
    asks_user: bool,
    piped: bool,
    /// True on the left of `||`: a failure there does not end the script.
    guarded: bool,
    depth: usize,
}

fn read_part(text: &str, range: Range<usize>, origin: &Origin<'_>, context: Context, script: &mut Script) {
    let mut parser = tree_sitter::Parser::new();
    let part = text.get(range.clone()).unwrap_or("");
    let tree = match parser.set_language(&tree_sitter_bash::LANGUAGE.into()) {
        Ok(()) => parser.parse(part, None),
        Err(_) => None,
    };
    let Some(tree) = tree else {
        script.incomplete = true;
        return;
    };
    script.incomplete |= tree.root_node().has_error();
    let mut walker = Walker { text, base: range.start, origin, script };
    walker.visit(tree.root_node(), context);
}

struct Walker<'a> {
    text: &'a str,
    /// Offset in `text` of the part that the tree was made from.
    base: usize,
    origin: &'a Origin<'a>,
    script: &'a mut Script,
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.children(&mut node.walk()).collect()
}

/// The last element of nested lists and pipelines.
fn rightmost(mut node: Node<'_>) -> Node<'_> {
    while matches!(node.kind(), "list" | "pipeline") {
        match children(node).into_iter().rfind(Node::is_named) {
            Some(last) => node = last,
            None => break,
        }
    }
    node
}

/// The operands of a list with the operator before each, `""` for the first. Lists hang to the left, one level for each
/// operator, so this goes down in a loop: long lists are common and must not count as deep ones.
fn operands(list: Node<'_>) -> Vec<(&'static str, Node<'_>)> {
    let mut found = Vec::new();
    let mut rest = list;
    loop {
        let parts = children(rest);
        let operator = parts.iter().find_map(|part| match part.kind() {
            "&&" => Some("&&"),
            "||" => Some("||"),
            _ => None,
        });
        let mut named = parts.into_iter().filter(Node::is_named);
        let (first, others) = (named.next(), named);
        found.extend(
            others.map(|other| (operator.unwrap_or("&&"), other)).collect::<Vec<_>>().into_iter().rev(),
        );
        match first {
            Some(first) if first.kind() == "list" => rest = first,
            Some(first) => {
                found.push(("", first));
                break;
            }
            None => break,
        }
    }
    found.reverse();
    found
}

impl Walker<'_> {
    fn range(&self, node: Node<'_>) -> Range<usize> {
        self.base + node.start_byte()..self.base + node.end_byte()
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or("")
    }

    fn text_of(&self, node: Node<'_>) -> &str {
        self.slice(self.range(node))
    }

    fn visit(&mut self, node: Node<'_>, mut context: Context) {
        context.depth += 1;
        if context.depth > MAX_DEPTH {
            self.script.incomplete = true;
            return;
        }
        match node.kind() {
            "command" | "declaration_command" | "unset_command" => self.command(node, context),
            "variable_assignment" => self.assignment_alone(node, context),
            "redirected_statement" => self.redirected(node, context),
            "list" => self.list(node, context),
            "pipeline" => self.pipeline(node, context),
            "if_statement" | "while_statement" | "case_statement" | "function_definition" => {
                let asks_user = context.asks_user || self.condition_asks_user(node);
                self.visit_children(
                    node,
                    Context { conditional: true, guarded: false, asks_user, ..context },
                );
            }
            _ => self.visit_children(node, context),
        }
    }

    fn visit_children(&mut self, node: Node<'_>, context: Context) {
        for child in children(node).into_iter().filter(Node::is_named) {
            self.visit(child, context);
        }
    }

    /// `a || b`: `b` may not run. `a && b`: a failing `a` fails the build, so `b` runs in every image that exists, unless
    /// `a` is a test or a `||` further on catches the failure.
    fn list(&mut self, node: Node<'_>, context: Context) {
        let operands = operands(node);
        let last_or = operands.iter().rposition(|(operator, _)| *operator == "||").unwrap_or(0);
        let mut is_tested = false;
        let mut asks_user = context.asks_user;
        for (at, (operator, operand)) in operands.into_iter().enumerate() {
            let guarded = context.guarded || at < last_or;
            let conditional =
                context.conditional || operator == "||" || operator == "&&" && (guarded || is_tested);
            let piped = context.piped && at == 0;
            self.visit(operand, Context { conditional, guarded, piped, asks_user, ..context });
            is_tested |= self.is_test(operand);
            asks_user |= self.asks_user(operand, 0);
        }
    }

    /// True for a command that is there for its exit status.
    fn is_test(&self, node: Node<'_>) -> bool {
        if matches!(node.kind(), "test_command" | "negated_command") {
            return true;
        }
        let last = rightmost(node.child_by_field_name("body").unwrap_or(node));
        let name = last.child_by_field_name("name").map_or("", |name| self.text_of(name));
        matches!(name, "test" | "[" | "getent" | "id" | "which" | "command" | "type" | "grep" | "false")
    }

    /// True when what stands before `then`, or the word of a `case`, asks for the user.
    fn condition_asks_user(&self, node: Node<'_>) -> bool {
        let condition =
            children(node).into_iter().take_while(|child| !matches!(child.kind(), "then" | "in" | "do"));
        let mut asked = condition.filter(Node::is_named);
        matches!(node.kind(), "if_statement" | "case_statement")
            && asked.any(|child| self.asks_user(child, 0))
    }

    /// True when a test asks which user it runs as: `id`, `whoami`, `$UID`, `$EUID`.
    fn asks_user(&self, node: Node<'_>, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            return false;
        }
        match node.kind() {
            "command" => {
                let name = node.child_by_field_name("name").map_or("", |name| self.text_of(name));
                if matches!(super::script::basename(name), "id" | "whoami") {
                    return true;
                }
            }
            "simple_expansion" | "expansion" => {
                let name = self.text_of(node).trim_matches(['$', '{', '}']);
                return matches!(name.split(':').next(), Some("UID" | "EUID"));
            }
            _ => {}
        }
        children(node).into_iter().any(|child| self.asks_user(child, depth + 1))
    }

    fn pipeline(&mut self, node: Node<'_>, mut context: Context) {
        for child in children(node).into_iter().filter(Node::is_named) {
            self.visit(child, context);
            context.piped = true;
        }
    }

    fn redirected(&mut self, node: Node<'_>, context: Context) {
        let first = self.script.commands.len();
        let body = node.child_by_field_name("body");
        if let Some(body) = body {
            self.visit(body, context);
        }
        let targets = self.redirected_commands(first, body);
        for child in children(node) {
            match child.kind() {
                "file_redirect" => self.attach_redirect(child, targets.clone()),
                "heredoc_redirect" => self.heredoc(child, targets.clone(), context),
                "herestring_redirect" => self.visit_substitutions(child, context),
                _ => {}
            }
        }
    }

    /// `a && b > f` is read as `(a && b) > f`, yet only a group or a subshell is redirected as a whole.
    fn redirected_commands(&self, first: usize, body: Option<Node<'_>>) -> Range<usize> {
        let end = self.script.commands.len();
        let last_only = end.saturating_sub(1).max(first)..end;
        let Some(last) = body.map(rightmost) else { return last_only };
        if !matches!(last.kind(), "compound_statement" | "subshell") {
            return last_only;
        }
        let begin = self.origin.span(self.range(last)).start;
        let inside = |command: &SimpleCommand| command.span.start >= begin;
        let commands = self.script.commands.get(first..).unwrap_or_default();
        first + commands.iter().position(inside).unwrap_or(commands.len())..end
    }

    fn attach_redirect(&mut self, node: Node<'_>, targets: Range<usize>) {
        let Some(redirect) = self.redirect(node) else { return };
        for command in self.script.commands.get_mut(targets).unwrap_or_default() {
            command.redirects.push(redirect.clone());
        }
    }

    fn redirect(&self, node: Node<'_>) -> Option<Redirect> {
        let target = self.word(node.child_by_field_name("destination")?);
        let operator = children(node).into_iter().find(|child| !child.is_named())?;
        Some(Redirect { operator: self.text_of(operator).to_owned(), target })
    }

    /// A heredoc, and what stands after `<<EOF` on the same line: the grammar hangs it below the heredoc.
    fn heredoc(&mut self, node: Node<'_>, targets: Range<usize>, context: Context) {
        let mut body = None;
        let mut operator = "";
        for child in children(node) {
            match child.kind() {
                "heredoc_start" | "heredoc_end" | "<<" | "<<-" => {}
                "heredoc_body" => body = Some(child),
                "file_redirect" => self.attach_redirect(child, targets.clone()),
                "&&" | "||" => operator = child.kind(),
                "pipeline" => self.visit(child, Context { piped: true, ..context }),
                _ => {
                    let conditional = context.conditional || operator == "||";
                    self.visit(child, Context { conditional, ..context });
                }
            }
        }
        let Some(body) = body else { return };
        let word = self.heredoc_word(body);
        let Some(command) = self.script.commands.get_mut(targets).and_then(|found| found.last_mut()) else {
            return;
        };
        command.heredoc = Some(word);
        let feeds_shell =
            is_shell(command.program()) && command.args.iter().all(|arg| arg.text.starts_with('-'));
        if feeds_shell {
            let range = self.range(body);
            read_part(self.text, range, self.origin, context, self.script);
        }
    }

    fn heredoc_word(&self, body: Node<'_>) -> Word {
        let range = self.range(body);
        let mut pieces = Vec::new();
        self.pieces_between(body, range.clone(), &mut pieces);
        Word::new(pieces, self.origin.span(range))
    }

    fn command(&mut self, node: Node<'_>, context: Context) {
        let mut command = SimpleCommand {
            name: Word::plain("", self.origin.span(self.range(node))),
            args: Vec::new(),
            assignments: Vec::new(),
            redirects: Vec::new(),
            heredoc: None,
            conditional: context.conditional,
            asks_user: context.asks_user,
            piped: context.piped,
            span: self.origin.span(self.range(node)),
        };
        let mut inner = None;
        for child in children(node) {
            match child.kind() {
                "command_name" => command.name = self.word(child),
                "variable_assignment" => command.assignments.extend(self.assignment(child)),
                "file_redirect" => command.redirects.extend(self.redirect(child)),
                "herestring_redirect" | "heredoc_redirect" => {}
                // `export` and its like are keywords of the grammar.
                _ if !child.is_named() && command.name.text.is_empty() => command.name = self.word(child),
                _ => {
                    let word = self.word(child);
                    command.args.push(word);
                    if command.inline_script().is_some_and(|script| Some(script) == command.args.last()) {
                        inner = Some(child);
                    }
                }
            }
        }
        let script = command.inline_script().cloned();
        self.script.commands.push(command);
        self.visit_substitutions(node, context);
        if let (Some(node), Some(script)) = (inner, script) {
            self.inline_script(node, &script, context);
        }
    }

    /// `sh -c '…'`: when the quoted text is the script byte for byte, spans inside it are exact.
    fn inline_script(&mut self, node: Node<'_>, script: &Word, context: Context) {
        let range = self.range(node);
        let inside = range.start + 1..range.end.saturating_sub(1);
        let context = Context { depth: context.depth + 1, ..context };
        if context.depth > MAX_DEPTH {
            self.script.incomplete = true;
        } else if self.slice(inside.clone()) == script.text {
            read_part(self.text, inside, self.origin, context, self.script);
        } else {
            let origin = Origin::Whole(script.span);
            read_part(&script.text, 0..script.text.len(), &origin, context, self.script);
        }
    }

    /// The commands of `$(…)`, `` `…` `` and `<(…)` below `node`.
    fn visit_substitutions(&mut self, node: Node<'_>, mut context: Context) {
        context.depth += 1;
        if context.depth > MAX_DEPTH {
            self.script.incomplete = true;
            return;
        }
        for child in children(node) {
            match child.kind() {
                "command_substitution" | "process_substitution" => {
                    self.visit_children(child, Context { piped: false, ..context });
                }
                _ => self.visit_substitutions(child, context),
            }
        }
    }

    fn assignment_alone(&mut self, node: Node<'_>, context: Context) {
        let span = self.origin.span(self.range(node));
        let command = SimpleCommand {
            name: Word::plain("", span),
            args: Vec::new(),
            assignments: self.assignment(node).into_iter().collect(),
            redirects: Vec::new(),
            heredoc: None,
            conditional: context.conditional,
            asks_user: context.asks_user,
            piped: context.piped,
            span,
        };
        self.script.commands.push(command);
        self.visit_substitutions(node, context);
    }

    fn assignment(&self, node: Node<'_>) -> Option<(String, Word)> {
        let name = self.text_of(node.child_by_field_name("name")?).to_owned();
        let value = match node.child_by_field_name("value") {
            Some(value) => self.word(value),
            None => Word::plain("", self.origin.span(self.range(node))),
        };
        Some((name, value))
    }

    fn word(&self, node: Node<'_>) -> Word {
        let mut pieces = Vec::new();
        self.pieces(node, &mut pieces);
        Word::new(pieces, self.origin.span(self.range(node)))
    }

    /// Words are nested a few levels only: a concatenation of strings of expansions.
    fn pieces(&self, node: Node<'_>, out: &mut Vec<Piece>) {
        let range = self.range(node);
        let text = self.slice(range.clone());
        match node.kind() {
            "string" => self.pieces_between(node, range.start + 1..range.end.saturating_sub(1), out),
            "concatenation" | "command_name" | "translated_string" => self.pieces_between(node, range, out),
            "raw_string" => out.push(Piece::Text(strip_ends(text).to_owned())),
            "simple_expansion" | "expansion" => out.push(Piece::Variable(text.to_owned())),
            "string_content" => out.push(Piece::Text(unescape_quoted(text))),
            "heredoc_content" => out.push(Piece::Text(text.to_owned())),
            _ if node.named_child_count() > 0
                || text.contains(['$', '`']) && !text.contains('\\') && text.len() > 1 =>
            {
                out.push(Piece::Computed(text.to_owned()));
            }
            _ => out.push(Piece::Text(unescape(text))),
        }
    }

    /// The children of `node` inside `range`, and the text between them.
    fn pieces_between(&self, node: Node<'_>, range: Range<usize>, out: &mut Vec<Piece>) {
        let mut done = range.start;
        let quoted = node.kind() == "string";
        for child in children(node) {
            let at = self.range(child);
            if at.start < done || at.end > range.end {
                continue;
            }
            self.push_gap(done..at.start, out);
            if quoted && !child.is_named() {
                out.push(Piece::Text(self.slice(at.clone()).to_owned()));
            } else {
                self.pieces(child, out);
            }
            done = at.end;
        }
        self.push_gap(done..range.end, out);
    }

    fn push_gap(&self, range: Range<usize>, out: &mut Vec<Piece>) {
        if !range.is_empty() {
            out.push(Piece::Text(self.slice(range).to_owned()));
        }
    }
}

/// The text without its first and last character, which are quotes.
fn strip_ends(text: &str) -> &str {
    text.get(1..text.len().saturating_sub(1)).unwrap_or("")
}

/// Outside quotes a backslash keeps the next character; before a newline both go.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next().filter(|&next| next != '\n')),
            _ => out.push(c),
        }
    }
    out
}

/// In double quotes a backslash keeps only `$`, `` ` ``, `"`, `\` and newline (POSIX.1-2017, XCU 2.2.3).
fn unescape_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('$' | '`' | '"' | '\\')) => out.extend(chars.next()),
            ('\\', Some('\n')) => {
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}
