//! Files of variables: `.env`, `--env-file`, `env_file`.
//!
//! Read as Docker Compose 2.26 reads them, oddities included: a name alone on the last line without a line end is the
//! value of a nameless variable, and ` #` begins a comment only after a value without quotes.

use temper_text::{FileId, Loc, Span};

use super::interpolate::{Required, Substituted, substitute};

/// One assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The variable.
    pub(crate) name: String,
    /// Its value. `None` when the name stands alone and the surroundings give it no value: Compose does not set it.
    pub(crate) value: Option<String>,
    /// Where the value is written, quotes included; the name when it stands alone.
    pub(crate) at: Loc,
    /// Variables without a value that the value hangs on.
    pub(crate) missing: Vec<String>,
    /// The value before interpolation, when it held a variable.
    pub(crate) raw: Option<String>,
}

/// Why a file of variables cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// Where.
    pub(crate) at: Loc,
    /// What was expected.
    pub(crate) message: String,
}

/// The assignments of a file, in order; a name may come more than once and the last one counts.
///
/// `lookup` gives the variables from outside, which win over those of the file in `${…}`.
///
/// # Errors
/// At the first line that Compose refuses.
pub(crate) fn parse(
    file: FileId,
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Assignment>, Fault> {
    let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut reader = Reader { file, text, at, lookup, done: Vec::new() };
    while reader.next_statement() {
        reader.statement()?;
    }
    Ok(reader.done)
}

/// The same for `format: raw`: the text after `=` is the value, letter by letter.
///
/// # Errors
/// When a line has no name.
pub(crate) fn parse_raw(
    file: FileId,
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<Assignment>, Fault> {
    let mut done = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let at = |from: usize, to: usize| Loc { file, span: Span::new(start + from, start + to) };
        let content = body.trim_start_matches('\u{feff}').trim_start();
        if !content.is_empty() && !content.starts_with('#') {
            let (name, value) = match body.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (body, None),
            };
            let trimmed = name.trim_start_matches('\u{feff}').trim();
            if trimmed.is_empty() {
                let message = "expected a name before `=`".to_owned();
                return Err(Fault { at: at(0, body.len()), message });
            }
            let place = value.map_or_else(|| at(0, body.len()), |_| at(name.len() + 1, body.len()));
            let value = value.map(str::to_owned).or_else(|| lookup(trimmed));
            let name = trimmed.to_owned();
            done.push(Assignment { name, value, at: place, missing: Vec::new(), raw: None });
        }
        start += line.len();
    }
    Ok(done)
}

struct Reader<'t> {
    file: FileId,
    text: &'t str,
    at: usize,
    lookup: &'t dyn Fn(&str) -> Option<String>,
    done: Vec<Assignment>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn loc(&self, start: usize, end: usize) -> Loc {
        Loc { file: self.file, span: Span::new(start, end) }
    }

    fn fault(&self, start: usize, message: String) -> Fault {
        let line_end = self.text.get(start..).and_then(|rest| rest.find('\n'));
        Fault { at: self.loc(start, line_end.map_or(self.text.len(), |end| start + end)), message }
    }

    /// Goes to the next assignment, past white space and comments. False at the end of the file.
    fn next_statement(&mut self) -> bool {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with('#') {
                return !trimmed.is_empty();
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    fn statement(&mut self) -> Result<(), Fault> {
        self.skip_export();
        let start = self.at;
        let end = self.name_end()?;
        let (name, separator) = match end {
            Some((end, separator)) => (self.text.get(start..end).unwrap_or_default(), Some(separator)),
            None => ("", None),
        };
        let name = name.trim_end();
        if name.contains(' ') {
            return Err(self.fault(start, format!("expected a name without a space, found `{name}`")));
        }
        self.at = end.map_or(start, |(end, _)| end + 1);
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(is_blank).len();
        if separator == Some('\n') {
            let at = self.loc(start, start + name.len());
            let value = (self.lookup)(name);
            self.done.push(Assignment { name: name.to_owned(), value, at, missing: Vec::new(), raw: None });
            return Ok(());
        }
        self.value(name)
    }

    fn skip_export(&mut self) {
        let rest = self.rest();
        let Some(after) = rest.strip_prefix("export") else { return };
        if after.starts_with([' ', '\t', '\n', '\r', '\u{c}']) {
            self.at += rest.len() - after.trim_start_matches(is_blank).len();
        }
    }

    /// Where the name ends and what ends it: `=`, `:` or the line end. `None` at the end of the file.
    fn name_end(&self) -> Result<Option<(usize, char)>, Fault> {
        for (index, c) in self.rest().char_indices() {
            match c {
                '=' | ':' | '\n' => return Ok(Some((self.at + index, c))),
                '_' | '.' | '-' | '[' | ']' => {}
                c if is_blank(c) || c.is_alphabetic() || c.is_numeric() => {}
                c => {
                    let message = format!("expected `NAME=value`, found {c:?} in the name");
                    return Err(self.fault(self.at + index, message));
                }
            }
        }
        Ok(None)
    }

    fn value(&mut self, name: &str) -> Result<(), Fault> {
        let start = self.at;
        let (written, done) = match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote)?,
            _ => self.unquoted()?,
        };
        // Where nothing was substituted but escapes, the text before is of no use to anyone.
        let raw = done.changed.then_some(written);
        let at = self.loc(start, self.at);
        let (value, missing) = (Some(done.value), done.missing);
        self.done.push(Assignment { name: name.to_owned(), value, at, missing, raw });
        self.skip_line_end();
        Ok(())
    }

    fn skip_line_end(&mut self) {
        // What follows a value without quotes up to the line end is a comment or white space.
        let rest = self.rest();
        let before = self.text.get(..self.at).unwrap_or_default();
        if !before.ends_with(['"', '\'']) {
            self.at += rest.find('\n').map_or(rest.len(), |end| end + 1);
        }
    }

    fn unquoted(&mut self) -> Result<(String, Substituted), Fault> {
        let rest = self.rest();
        let line = rest.split_once('\n').map_or(rest, |(line, _)| line);
        let value = line.split_once(" #").map_or(line, |(value, _)| value).trim_end();
        let done = self.expand(value)?;
        self.at += value.len();
        Ok((value.to_owned(), done))
    }

    fn quoted(&mut self, quote: char) -> Result<(String, Substituted), Fault> {
        let start = self.at;
        let body = self.rest().get(1..).unwrap_or_default();
        let mut value = String::new();
        let mut escaped = false;
        for (index, c) in body.char_indices() {
            match c {
                _ if c == quote && !escaped => {
                    let done = if quote == '"' {
                        self.expand(&unescape(&value))?
                    } else {
                        Substituted { value: value.clone(), ..Substituted::default() }
                    };
                    self.at = start + 1 + index + 1;
                    return Ok((value, done));
                }
                '\\' if !escaped => escaped = true,
                _ => {
                    if escaped && c != quote {
                        value.push('\\');
                    }
                    escaped = false;
                    value.push(c);
                }
            }
        }
        Err(self.fault(start, format!("expected a closing {quote} for the quote that opens here")))
    }

    /// Variables from outside win over those that stand above in the file.
    fn expand(&self, value: &str) -> Result<Substituted, Fault> {
        let above = |name: &str| {
            let found = self.done.iter().rev().find(|done| done.name == name && done.value.is_some());
            found.and_then(|done| done.value.clone())
        };
        let lookup = |name: &str| (self.lookup)(name).or_else(|| above(name));
        substitute(value, &lookup, Required::Refuse).map_err(|fault| self.fault(self.at, fault.message))
    }
}

/// White space that does not end a line.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// The escapes of a value in double quotes. `\$` becomes `$$`, which interpolation turns into a plain `$`.
fn unescape(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(index) = rest.find('\\') {
        out.push_str(rest.get(..index).unwrap_or_default());
        let after = rest.get(index + 1..).unwrap_or_default();
        let simple = match after.chars().next() {
            Some('a') => Some("\u{7}"),
            Some('b') => Some("\u{8}"),
            Some('f') => Some("\u{c}"),
            Some('n') => Some("\n"),
            Some('r') => Some("\r"),
            Some('t') => Some("\t"),
            Some('v') => Some("\u{b}"),
            Some('\\') => Some("\\"),
            Some('"') => Some("\""),
            Some('$') => Some("$$"),
            _ => None,
        };
        if let Some(text) = simple {
            out.push_str(text);
            rest = after.get(1..).unwrap_or_default();
        } else if let Some(digits) = after.strip_prefix('0') {
            let length = digits.bytes().take(3).take_while(u8::is_ascii_digit).count();
            let (digits, after) = digits.split_at(length);
            match u8::from_str_radix(digits, 8) {
                Ok(code) if length == 3 => out.push(char::from(code)),
                // Not three octal digits: Compose drops the zero and leaves the rest.
                _ => out.extend(["\\", digits]),
            }
            rest = after;
        } else {
            out.push('\\');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use temper_text::{FileId, SourceFile};

    use super::{Assignment, Fault, parse, parse_raw};

    fn read(text: &str) -> Result<Vec<Assignment>, Fault> {
        parse(FileId(0), text, &|name| (name == "SHELL").then(|| "sh".to_owned()))
    }

    fn pairs(text: &str) -> Vec<(String, String)> {
        let read = read(text).expect("the file is good");
        read.into_iter().map(|one| (one.name, one.value.unwrap_or_else(|| "<none>".to_owned()))).collect()
    }

    fn is(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(pairs(text), expected, "{text:?}");
    }

    fn line_of(text: &str) -> u32 {
        let fault = read(text).expect_err("the file is bad");
        SourceFile::new("e", text).line_col(fault.at.span.start as usize).line
    }

    #[test]
    fn byte_order_mark_and_carriage_returns_are_not_part_of_values() {
        is("\u{feff}A=1\r\nB=2\r\n", &[("A", "1"), ("B", "2")]);
    }

    #[test]
    fn comment_ends_a_value_without_quotes_only_after_a_space() {
        is(
            "A=1 # c\nB=x#y\nC=#z\nD='x' # c\nE=1\t# c\n",
            &[("A", "1"), ("B", "x#y"), ("C", "#z"), ("D", "x"), ("E", "1\t# c")],
        );
    }

    #[test]
    fn export_is_left_out_but_not_inside_a_name() {
        is("export A=1\nexportB=2\nexport=3\n", &[("A", "1"), ("exportB", "2"), ("export", "3")]);
    }

    #[test]
    fn single_quotes_keep_everything_and_double_quotes_know_escapes() {
        is("A='x\\n$SHELL'\nB=\"x\\n\\$SHELL $SHELL\"\n", &[("A", "x\\n$SHELL"), ("B", "x\n$SHELL sh")]);
    }

    #[test]
    fn octal_escape_needs_three_digits() {
        is("A=\"\\0101\"\nB=\"\\01\"\n", &[("A", "A"), ("B", "\\1")]);
    }

    #[test]
    fn quoted_value_goes_over_lines() {
        is("A=\"x\ny\"\nB=2\n", &[("A", "x\ny"), ("B", "2")]);
    }

    #[test]
    fn shell_wins_over_lines_above() {
        is("SHELL=mine\nA=$SHELL\nB=${A}x\n", &[("SHELL", "mine"), ("A", "sh"), ("B", "shx")]);
    }

    #[test]
    fn name_alone_takes_the_value_from_outside() {
        is("SHELL\nOTHER\nA=1\n", &[("SHELL", "sh"), ("OTHER", "<none>"), ("A", "1")]);
    }

    #[test]
    fn last_name_without_a_line_end_is_a_nameless_value_as_in_compose() {
        is("SHELL", &[("", "SHELL")]);
    }

    #[test]
    fn variable_without_a_value_is_named() {
        let read = read("A=${NONE}x").expect("the file is good");
        assert_eq!(read[0].missing, ["NONE"]);
        assert_eq!(read[0].raw.as_deref(), Some("${NONE}x"));
    }

    #[test]
    fn place_is_the_value_as_written() {
        let text = "A = \"x y\" # c\nB= z # c\n";
        let read = read(text).expect("the file is good");
        let written: Vec<&str> = read.iter().map(|one| one.at.span.slice(text)).collect();
        assert_eq!(written, ["\"x y\"", "z"]);
    }

    #[test]
    fn faults_name_their_line() {
        assert_eq!(line_of("A=1\n\nB C=1\n"), 3);
        assert_eq!(line_of("A=\"l1\nl2\"\nB!=1"), 3);
        assert_eq!(line_of("A=1\nB=\"x"), 2);
        assert_eq!(line_of("A=1\nB=${"), 2);
    }

    #[test]
    fn raw_values_are_taken_letter_by_letter() {
        let read = parse_raw(FileId(0), "# c\nA='$X' # c\n", &|_| None).expect("the file is good");
        assert_eq!(read[0].value.as_deref(), Some("'$X' # c"));
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(?s)[ -~\n\r\t\u{e9}]{0,60}") {
            let _ = read(&text);
        }
    }
}
