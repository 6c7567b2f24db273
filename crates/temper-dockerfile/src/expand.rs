use std::collections::BTreeMap;

use crate::Word;

/// A value after expansion.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resolved {
    /// The value that the builder uses.
    Known(String),
    /// The value depends on something that the file does not say.
    Unknown {
        /// Names of the variables without a value, or the expression that cannot be read.
        missing: Vec<String>,
    },
}

impl Resolved {
    /// The value when it is known.
    #[must_use]
    pub fn known(&self) -> Option<&str> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }
}

/// What is known of one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// It has this value.
    Set(String),
    /// It has none: `${A:-x}` is `x`.
    Unset,
    /// It may have one.
    Unknown {
        /// The variables that it depends on.
        missing: Vec<String>,
    },
}

impl From<Resolved> for Variable {
    fn from(value: Resolved) -> Self {
        match value {
            Resolved::Known(value) => Self::Set(value),
            Resolved::Unknown { missing } => Self::Unknown { missing },
        }
    }
}

/// The variables at one place of a Dockerfile. ENV hides ARG, as in BuildKit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    env: BTreeMap<String, Variable>,
    args: BTreeMap<String, Variable>,
    /// True when a base image may bring variables of its own.
    open: bool,
}

impl Scope {
    /// No variables. `open` says that others may exist, brought by a base image.
    #[must_use]
    pub fn new(open: bool) -> Self {
        Self { open, ..Self::default() }
    }

    /// Sets an environment variable.
    pub fn set_env(&mut self, name: impl Into<String>, value: Variable) {
        self.env.insert(name.into(), value);
    }

    /// Sets a build argument.
    pub fn set_arg(&mut self, name: impl Into<String>, value: Variable) {
        self.args.insert(name.into(), value);
    }

    /// What is known of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Variable {
        match self.env.get(name).or_else(|| self.args.get(name)) {
            Some(variable) => variable.clone(),
            None if self.open => Variable::Unknown { missing: vec![name.to_owned()] },
            None => Variable::Unset,
        }
    }
}

/// Expands the variables of `word` and removes its quotes, as BuildKit's `frontend/dockerfile/shell` does.
///
/// Where BuildKit would put an empty text for a variable that is not set, the result is unknown: such a value is nearly
/// always given at build time.
#[must_use]
pub fn resolve_word(word: &Word, escape: char, scope: &Scope) -> Resolved {
    expand(&word.text, escape, scope)
}

/// [`resolve_word`] for each word.
#[must_use]
pub fn resolve_words(words: &[Word], escape: char, scope: &Scope) -> Vec<Resolved> {
    words.iter().map(|word| resolve_word(word, escape, scope)).collect()
}

/// [`resolve_word`] for a text.
#[must_use]
pub fn expand(text: &str, escape: char, scope: &Scope) -> Resolved {
    let mut expander = Expander { rest: text, escape, scope, missing: Vec::new() };
    let value = expander.run(None, false, MAX_DEPTH);
    match value {
        Ok(value) if expander.missing.is_empty() => Resolved::Known(value),
        Ok(_) => Resolved::Unknown { missing: expander.missing },
        Err(BadExpression) => Resolved::Unknown { missing: vec![text.to_owned()] },
    }
}

/// `${A:-${B:-…}}` may be nested this deep.
const MAX_DEPTH: usize = 32;

/// Patterns are matched against values up to this many characters; the work grows with their square.
const MAX_PATTERN_VALUE: usize = 4096;

/// An expression that BuildKit refuses.
struct BadExpression;

struct Expander<'a> {
    rest: &'a str,
    escape: char,
    scope: &'a Scope,
    missing: Vec<String>,
}

impl Expander<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let c = chars.next();
        self.rest = chars.as_str();
        c
    }

    /// Expands up to `stop`, which is taken too, or to the end.
    fn run(&mut self, stop: Option<char>, keep_escapes: bool, depth: usize) -> Result<String, BadExpression> {
        let mut out = String::new();
        while let Some(c) = self.next() {
            match c {
                _ if Some(c) == stop => return Ok(out),
                '\'' => self.single_quoted(&mut out)?,
                '"' => self.double_quoted(&mut out, depth)?,
                '$' => out.push_str(&self.dollar(depth)?),
                _ if c == self.escape => {
                    if keep_escapes {
                        out.push(c);
                    }
                    out.extend(self.next());
                }
                _ => out.push(c),
            }
        }
        if stop.is_some() { Err(BadExpression) } else { Ok(out) }
    }

    fn single_quoted(&mut self, out: &mut String) -> Result<(), BadExpression> {
        loop {
            match self.next().ok_or(BadExpression)? {
                '\'' => return Ok(()),
                c => out.push(c),
            }
        }
    }

    fn double_quoted(&mut self, out: &mut String, depth: usize) -> Result<(), BadExpression> {
        loop {
            match self.next().ok_or(BadExpression)? {
                '"' => return Ok(()),
                '$' => out.push_str(&self.dollar(depth)?),
                c if c == self.escape => match self.peek() {
                    Some(next) if next == '"' || next == '$' || next == self.escape => {
                        out.extend(self.next())
                    }
                    _ => out.push(c),
                },
                c => out.push(c),
            }
        }
    }

    /// What follows a `$`.
    fn dollar(&mut self, depth: usize) -> Result<String, BadExpression> {
        if self.peek() != Some('{') {
            let name = self.name();
            return Ok(if name.is_empty() { "$".to_owned() } else { self.plain(&name) });
        }
        self.next();
        let depth = depth.checked_sub(1).ok_or(BadExpression)?;
        let name = self.name();
        if name.is_empty() {
            return Err(BadExpression);
        }
        match self.next().ok_or(BadExpression)? {
            '}' => Ok(self.plain(&name)),
            ':' => {
                let operator = self.next().ok_or(BadExpression)?;
                self.conditional(&name, operator, true, depth)
            }
            operator @ ('-' | '+' | '?') => self.conditional(&name, operator, false, depth),
            operator @ ('#' | '%') => self.trim(&name, operator, depth),
            '/' => self.replace(&name, depth),
            _ => Err(BadExpression),
        }
    }

    /// A name, digits, or one special parameter.
    fn name(&mut self) -> String {
        let Some(first) = self.peek() else { return String::new() };
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        let length = if first.is_numeric() {
            self.rest.find(|c: char| !c.is_numeric()).unwrap_or(self.rest.len())
        } else if is_part(first) {
            self.rest.find(|c: char| !is_part(c)).unwrap_or(self.rest.len())
        } else if "@*#?-$!".contains(first) {
            1
        } else {
            0
        };
        let (name, rest) = self.rest.split_at(length);
        self.rest = rest;
        name.to_owned()
    }

    fn plain(&mut self, name: &str) -> String {
        match self.scope.get(name) {
            Variable::Set(value) => value,
            Variable::Unset => self.miss(vec![name.to_owned()]),
            Variable::Unknown { missing } => self.miss(missing),
        }
    }

    fn miss(&mut self, names: Vec<String>) -> String {
        for name in names {
            if !self.missing.contains(&name) {
                self.missing.push(name);
            }
        }
        String::new()
    }

    /// `${name:-word}`, `${name:+word}`, `${name:?word}`, and the same without the colon.
    fn conditional(
        &mut self,
        name: &str,
        operator: char,
        empty_is_unset: bool,
        depth: usize,
    ) -> Result<String, BadExpression> {
        let missing_before = self.missing.len();
        let word = self.run(Some('}'), false, depth)?;
        let variable = match self.scope.get(name) {
            Variable::Set(value) if empty_is_unset && value.is_empty() => Variable::Unset,
            other => other,
        };
        let uses_word = matches!(
            (operator, &variable),
            ('-', Variable::Unset | Variable::Unknown { .. })
                | ('+', Variable::Set(_) | Variable::Unknown { .. })
        );
        if !uses_word {
            self.missing.truncate(missing_before);
        }
        match (operator, variable) {
            ('-' | '+' | '?', Variable::Unknown { missing }) => Ok(self.miss(missing)),
            ('-', Variable::Unset) | ('+', Variable::Set(_)) => Ok(word),
            ('-' | '?', Variable::Set(value)) => Ok(value),
            ('+', Variable::Unset) => Ok(String::new()),
            ('?', Variable::Unset) => Ok(self.miss(vec![name.to_owned()])),
            _ => Err(BadExpression),
        }
    }

    /// `${name#pattern}`, `${name##pattern}`, `${name%pattern}`, `${name%%pattern}`.
    fn trim(&mut self, name: &str, operator: char, depth: usize) -> Result<String, BadExpression> {
        let word = self.run(Some('}'), true, depth)?;
        let (greedy, pattern) = match word.strip_prefix(operator) {
            Some(pattern) => (true, pattern),
            None => (false, word.as_str()),
        };
        let value = self.plain(name);
        let pattern = Pattern::new(pattern)?;
        check_length(&value)?;
        let cuts = value.char_indices().map(|(at, _)| at).chain([value.len()]);
        // Cuts ascend, so the shortest prefix is the first cut and the shortest suffix the last.
        if operator == '#' {
            let matching: Vec<usize> =
                cuts.filter(|&at| pattern.matches(value.get(..at).unwrap_or(""))).collect();
            let cut = if greedy { matching.last() } else { matching.first() };
            return Ok(cut.map_or(value.as_str(), |&at| value.get(at..).unwrap_or("")).to_owned());
        }
        let matching: Vec<usize> =
            cuts.filter(|&at| pattern.matches(value.get(at..).unwrap_or(""))).collect();
        let cut = if greedy { matching.first() } else { matching.last() };
        Ok(cut.map_or(value.as_str(), |&at| value.get(..at).unwrap_or("")).to_owned())
    }

    /// `${name/pattern/replacement}` and `${name//pattern/replacement}`.
    fn replace(&mut self, name: &str, depth: usize) -> Result<String, BadExpression> {
        let all = self.peek() == Some('/');
        if all {
            self.next();
        }
        let pattern = self.run(Some('/'), true, depth)?;
        let replacement = self.run(Some('}'), true, depth)?;
        let value = self.plain(name);
        let pattern = Pattern::new(&pattern)?;
        check_length(&value)?;
        Ok(pattern.replace(&value, &replacement, all))
    }
}

fn check_length(value: &str) -> Result<(), BadExpression> {
    if value.len() > MAX_PATTERN_VALUE { Err(BadExpression) } else { Ok(()) }
}

enum Token {
    Any,
    One,
    Literal(char),
}

/// A shell pattern of `*`, `?` and literal characters; brackets are literal, as in BuildKit.
struct Pattern(Vec<Token>);

impl Pattern {
    fn new(text: &str) -> Result<Self, BadExpression> {
        let mut tokens = Vec::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '*' => Token::Any,
                '?' => Token::One,
                '\\' => match chars.next() {
                    Some(c @ ('*' | '?' | '\\' | '}' | '/')) => Token::Literal(c),
                    _ => return Err(BadExpression),
                },
                c => Token::Literal(c),
            });
        }
        Ok(Self(tokens))
    }

    /// Matches the whole of `text`. Going back to the last `*` only is enough for patterns of this kind.
    fn matches(&self, text: &str) -> bool {
        let (mut rest, mut at) = (text, 0);
        let mut retry: Option<(&str, usize)> = None;
        loop {
            let mut chars = rest.chars();
            let c = chars.next();
            match (self.0.get(at), c) {
                (None, None) => return true,
                (Some(Token::Any), _) => {
                    at += 1;
                    retry = Some((rest, at));
                    continue;
                }
                (Some(Token::One), Some(_)) => {
                    (rest, at) = (chars.as_str(), at + 1);
                    continue;
                }
                (Some(Token::Literal(wanted)), Some(c)) if *wanted == c => {
                    (rest, at) = (chars.as_str(), at + 1);
                    continue;
                }
                _ => {}
            }
            let Some((from, after)) = retry else { return false };
            let mut skipped = from.chars();
            if skipped.next().is_none() {
                return false;
            }
            retry = Some((skipped.as_str(), after));
            (rest, at) = (skipped.as_str(), after);
        }
    }

    /// The longest prefix of `text` that matches, in bytes.
    fn longest_prefix(&self, text: &str) -> Option<usize> {
        let mut cuts = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        cuts.rfind(|&at| self.matches(text.get(..at).unwrap_or("")))
    }

    fn replace(&self, value: &str, replacement: &str, all: bool) -> String {
        let mut out = String::new();
        let mut rest = value;
        while let Some(c) = rest.chars().next() {
            match self.longest_prefix(rest).filter(|&length| length > 0) {
                Some(length) => {
                    out.push_str(replacement);
                    rest = rest.get(length..).unwrap_or("");
                    if !all {
                        break;
                    }
                }
                None => {
                    out.push(c);
                    rest = rest.get(c.len_utf8()..).unwrap_or("");
                }
            }
        }
        out + rest
    }
}

#[cfg(test)]
mod tests {
    use super::{Resolved, Scope, Variable, expand};

    fn resolved(text: &str) -> Result<String, Vec<String>> {
        let mut scope = Scope::new(false);
        scope.set_arg("A", Variable::Set("one.two.three".into()));
        scope.set_arg("EMPTY", Variable::Set(String::new()));
        scope.set_arg("LOST", Variable::Unknown { missing: vec!["ROOT".into()] });
        match expand(text, '\\', &scope) {
            Resolved::Known(value) => Ok(value),
            Resolved::Unknown { missing } => Err(missing),
        }
    }

    fn known(text: &str) -> String {
        resolved(text).expect("a known value")
    }

    #[test]
    fn quotes_go_and_single_quotes_keep_variables() {
        assert_eq!(known(r#""$A"/'$A'/\$A/x\ y"#), "one.two.three/$A/$A/x y");
        assert_eq!(known(r#""a\b\"c""#), r#"a\b"c"#);
    }

    #[test]
    fn defaults_follow_set_and_empty() {
        assert_eq!(known("${B:-x}-${B-y}-${EMPTY:-z}-${EMPTY-no}"), "x-y-z-");
        assert_eq!(known("[${A:+yes}][${B:+yes}][${EMPTY+yes}][${EMPTY:+yes}]"), "[yes][][yes][]");
        assert_eq!(known("${B:-${C:-deep}}"), "deep");
    }

    #[test]
    fn variable_without_value_is_named() {
        assert_eq!(resolved("$B/$LOST/${B}"), Err(vec!["B".into(), "ROOT".into()]));
        assert_eq!(resolved("${LOST:-x}"), Err(vec!["ROOT".into()]));
    }

    #[test]
    fn unused_default_does_not_make_a_value_unknown() {
        assert_eq!(known("${A:-$B}"), "one.two.three");
    }

    #[test]
    fn patterns_cut_and_replace() {
        assert_eq!(known("${A#*.} ${A##*.} ${A%.*} ${A%%.*}"), "two.three three one.two one");
        assert_eq!(known("${A/./-} ${A//./-} ${A//t?/_}"), "one-two.three one-two-three one._o._ree");
    }

    #[test]
    fn broken_expression_is_unknown() {
        for text in ["${", "${A", "${A:=x}", "'open", "\"open", "${}", "${A:-x"] {
            assert_eq!(resolved(text), Err(vec![text.to_owned()]), "{text}");
        }
    }

    #[test]
    fn lone_dollar_stays() {
        assert_eq!(known("a$ $"), "a$ $");
    }
}
