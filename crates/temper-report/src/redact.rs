//! Credentials in sources: shown nowhere, not even in the excerpt around a finding.

use std::collections::{BTreeSet, HashMap};

use temper_controls::is_credential;
use temper_dockerfile::InstructionKind;
use temper_model::Stack;
use temper_text::{FileId, Loc, Span};

/// The bytes of every file that hold a credential.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    spans: HashMap<FileId, BTreeSet<Span>>,
}

impl Secrets {
    /// Finds the credentials in a stack: values of variables whose name says so, and passwords inside URLs.
    pub(crate) fn of(stack: &Stack) -> Self {
        let mut secrets = Self::default();
        let overlays = stack
            .projects
            .iter()
            .flat_map(|group| &group.overlays)
            .filter_map(|overlay| overlay.merged.as_ref());
        for project in stack.projects.iter().map(|group| &group.project).chain(overlays) {
            for (name, variable) in project.services.values().flat_map(|service| &service.environment) {
                secrets.value(stack, name, variable.at);
                if let Some(lost) = &variable.shadows {
                    secrets.value(stack, name, lost.at);
                }
            }
        }
        for dockerfile in stack.dockerfiles.values() {
            let at = |span| Loc { file: dockerfile.file, span };
            for instruction in &dockerfile.tree.instructions {
                match &instruction.kind {
                    InstructionKind::Env(pairs) => {
                        pairs
                            .iter()
                            .for_each(|pair| secrets.value(stack, &pair.key.text, at(pair.value.span)));
                    }
                    InstructionKind::Arg(defs) => {
                        let with_default =
                            defs.iter().filter_map(|def| Some((&def.name.text, def.default.as_ref()?)));
                        with_default.for_each(|(name, default)| secrets.value(stack, name, at(default.span)));
                    }
                    _ => {}
                }
            }
        }
        secrets
    }

    /// The text of a file with a star for every byte of a credential, so that every place in it stays.
    pub(crate) fn hidden(&self, stack: &Stack, id: FileId) -> String {
        let text = stack.sources.file(id).text();
        let Some(spans) = self.spans.get(&id) else { return text.to_owned() };
        let mut out = text.to_owned();
        for span in spans {
            // A span is cut out of the same text between whole characters.
            if out.is_char_boundary(span.start as usize) && out.is_char_boundary(span.end as usize) {
                out.replace_range(span.range(), &"*".repeat(span.len()));
            }
        }
        out
    }

    /// A part of what [`Self::hidden`] gives, without a copy of the whole file.
    pub(crate) fn hidden_part(&self, stack: &Stack, id: FileId, part: Span) -> String {
        let mut out = part.slice(stack.sources.file(id).text()).to_owned();
        let before_its_end = |span: &&Span| span.start < part.end;
        for span in self.spans.get(&id).into_iter().flatten().take_while(before_its_end) {
            // A credential that reaches out of the part is hidden as far as it lies in it.
            let (start, end) = (span.start.max(part.start), span.end.min(part.end));
            if start >= end {
                continue;
            }
            let range = (start - part.start) as usize..(end - part.start) as usize;
            if out.is_char_boundary(range.start) && out.is_char_boundary(range.end) {
                let stars = "*".repeat(range.len());
                out.replace_range(range, &stars);
            }
        }
        out
    }

    /// A diff with the lines of the stack that hold a credential replaced by their hidden form.
    pub(crate) fn hidden_diff(&self, stack: &Stack, diff: &str) -> String {
        let mut lines: HashMap<String, String> = HashMap::new();
        for id in self.spans.keys() {
            let hidden = self.hidden(stack, *id);
            let pairs = stack
                .sources
                .file(*id)
                .text()
                .lines()
                .map(str::to_owned)
                .zip(hidden.lines().map(str::to_owned));
            lines.extend(pairs.filter(|(shown, hidden)| shown != hidden));
        }
        let hide = |line: &str| {
            let body = line.trim_end_matches(['\n', '\r']);
            let end = line.get(body.len()..).unwrap_or("");
            match (body.get(..1), body.get(1..).and_then(|rest| lines.get(rest))) {
                (Some(mark @ ("+" | "-" | " ")), Some(hidden)) => format!("{mark}{hidden}{end}"),
                _ => line.to_owned(),
            }
        };
        diff.split_inclusive('\n').map(hide).collect()
    }

    fn value(&mut self, stack: &Stack, name: &str, at: Loc) {
        let text = stack.sources.slice(at);
        // In a list the whole entry stands there: `NAME=value`.
        let start = text.find(name).and_then(|found| {
            let after = found + name.len();
            text.get(after..)?.starts_with('=').then_some(after + 1)
        });
        let start = start.unwrap_or(0);
        let value = text.get(start..).unwrap_or("");
        let found = if is_credential(name) { literals(value) } else { passwords(value) };
        let spans = self.spans.entry(at.file).or_default();
        spans.extend(found.into_iter().map(|span| span.shift(at.span.start as usize + start)));
    }
}

/// The literal parts of a value: a whole text without variables, else the defaults inside `${NAME:-default}`.
fn literals(value: &str) -> Vec<Span> {
    let quotes = ['"', '\''];
    if !value.contains("${") {
        let inner = value.trim_matches(quotes);
        let start = value.find(inner).unwrap_or(0);
        return if inner.is_empty() || inner.starts_with('$') {
            Vec::new()
        } else {
            vec![Span::new(start, start + inner.len())]
        };
    }
    defaults(value, 0)
}

fn defaults(value: &str, from: usize) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = from;
    while let Some(open) = value.get(at..).and_then(|rest| rest.find("${")).map(|found| at + found) {
        let close =
            value.get(open..).and_then(|rest| rest.find('}')).map_or(value.len(), |found| open + found);
        let inside = value.get(open..close).unwrap_or("");
        let default = inside.find('-').map(|dash| open + dash + 1).filter(|start| *start < close);
        match default {
            // A default that is a variable again may have a default of its own.
            Some(start) if value.get(start..close).unwrap_or("").starts_with("${") => at = start,
            Some(start) => {
                spans.push(Span::new(start, close));
                at = close;
            }
            None => at = close.max(open + 2),
        }
    }
    spans
}

/// Passwords in URLs: `scheme://user:password@host`.
fn passwords(value: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(found) = value.get(at..).and_then(|rest| rest.find("://")) {
        let start = at + found + 3;
        let rest = value.get(start..).unwrap_or("");
        let end = rest.find(['/', '?', '#', '"', ' ', ',']).map_or(value.len(), |found| start + found);
        at = end.max(start);
        let Some(sign) = value.get(start..end).and_then(|authority| authority.rfind('@')) else { continue };
        // A variable may hold a colon: `${USER:-app}:${PASSWORD:-secret}@`.
        let Some(colon) = value.get(start..start + sign).and_then(separator) else { continue };
        let (first, last) = (start + colon + 1, start + sign);
        let password = value.get(first..last).unwrap_or("");
        if password.contains("${") {
            spans.extend(defaults(password, 0).into_iter().map(|span| span.shift(first)));
        } else if !password.is_empty() {
            spans.push(Span::new(first, last));
        }
    }
    spans
}

/// The first colon that stands outside `${…}`.
fn separator(info: &str) -> Option<usize> {
    let mut depth = 0_usize;
    info.char_indices().find_map(|(at, c)| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return Some(at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::{Secrets, literals, passwords};
    use temper_model::{LoadOptions, MemoryTree, Stack};
    use temper_text::{SourceFile, Span};

    fn shown(value: &str, spans: &[Span]) -> String {
        let mut out = value.to_owned();
        for span in spans {
            out.replace_range(span.range(), &"*".repeat(span.len()));
        }
        out
    }

    #[test]
    fn literal_values_and_defaults_are_hidden_and_names_are_not() {
        for (value, hidden) in [
            ("\"s3cret\"", "\"******\""),
            ("${DB_PASSWORD:-shop}", "${DB_PASSWORD:-****}"),
            ("${DB_PASSWORD}", "${DB_PASSWORD}"),
            ("${A:-${B:-x}}", "${A:-${B:-*}}"),
            ("", ""),
        ] {
            assert_eq!(shown(value, &literals(value)), hidden, "{value}");
        }
    }

    #[test]
    fn credential_is_hidden_in_a_part_of_a_file_also_where_it_reaches_out_of_it() {
        let mut stack = Stack::load(&MemoryTree::new([("x", "")]), &LoadOptions::default()).unwrap();
        let file = stack.sources.add(SourceFile::new("f", "a: s3cret\nb: one\n   two\nc: é\n"));
        let spans = [Span::new(3, 9), Span::new(13, 23)].into();
        let secrets = Secrets { spans: [(file, spans)].into() };
        let whole = secrets.hidden(&stack, file);
        assert_eq!(whole, "a: ******\nb: **********\nc: é\n");
        for part in [Span::new(0, 9), Span::new(10, 16), Span::new(17, 23), Span::new(24, 30)] {
            assert_eq!(secrets.hidden_part(&stack, file, part), part.slice(&whole), "{part:?}");
        }
    }

    #[test]
    fn passwords_in_urls_are_hidden() {
        for (value, hidden) in [
            ("postgres://app:pw@db/x", "postgres://app:**@db/x"),
            ("amqp://${U:-a}:${P:-bc}@mq", "amqp://${U:-a}:${P:-**}@mq"),
            ("http://proxy:3128/a@b:c", "http://proxy:3128/a@b:c"),
            ("redis://:pw@r, redis://:q@s", "redis://:**@r, redis://:*@s"),
        ] {
            assert_eq!(shown(value, &passwords(value)), hidden, "{value}");
        }
    }
}
