use temper_text::Span;

use crate::shell::Word;
use crate::{Resolved, Scope};

/// An argument with its variables resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arg {
    pub(super) value: Resolved,
    pub(super) text: String,
    pub(super) span: Span,
}

impl Arg {
    pub(super) fn new(word: &Word, scope: &Scope) -> Self {
        let value = word.resolve(scope);
        let text = value.known().unwrap_or(&word.text).to_owned();
        Self { value, text, span: word.span }
    }

    fn part(&self, text: &str) -> Self {
        let value = match &self.value {
            Resolved::Known(_) => Resolved::Known(text.to_owned()),
            unknown @ Resolved::Unknown { .. } => unknown.clone(),
        };
        Self { value, text: text.to_owned(), span: self.span }
    }
}

/// How a program reads its options.
pub(super) struct Syntax {
    /// Letters of options that take a value.
    pub(super) short_values: &'static str,
    /// Names of long options that take a value.
    pub(super) long_values: &'static [&'static str],
}

/// Options and operands of a command, read as `getopt_long` does.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// Name without dashes, and the value.
    options: Vec<(String, Option<Arg>)>,
    pub(super) operands: Vec<Arg>,
}

impl Options {
    pub(super) fn read(args: &[Arg], syntax: &Syntax) -> Self {
        let mut found = Self::default();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            if arg.text == "--" {
                found.operands.extend(rest.by_ref().cloned());
            } else if let Some(long) = arg.text.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(arg.part(value))),
                    None if syntax.long_values.contains(&long) => (long, rest.next().cloned()),
                    None => (long, None),
                };
                found.options.push((name.to_owned(), value));
            } else if arg.text.len() > 1 && arg.text.starts_with('-') {
                found.short(arg, &mut rest, syntax);
            } else {
                found.operands.push(arg.clone());
            }
        }
        found
    }

    /// `-rm`, `-u1000`, `-u 1000`.
    fn short<'a>(&mut self, arg: &Arg, rest: &mut impl Iterator<Item = &'a Arg>, syntax: &Syntax) {
        let letters = arg.text.get(1..).unwrap_or("");
        for (at, letter) in letters.char_indices() {
            if !syntax.short_values.contains(letter) {
                self.options.push((letter.to_string(), None));
                continue;
            }
            let attached = letters.get(at + letter.len_utf8()..).filter(|value| !value.is_empty());
            let value = attached.map(|value| arg.part(value)).or_else(|| rest.next().cloned());
            self.options.push((letter.to_string(), value));
            return;
        }
    }

    /// True when one of the options is there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|(name, _)| names.contains(&name.as_str()))
    }

    /// The value of the last of the options that is there.
    pub(super) fn value(&self, names: &[&str]) -> Option<&Arg> {
        let found = self.options.iter().rev().find(|(name, _)| names.contains(&name.as_str()));
        found.and_then(|(_, value)| value.as_ref())
    }
}
