use std::ops::Range;

/// What the arguments are when read as JSON.
pub(super) enum Json {
    /// An array of strings: each decoded, with its range, quotes included.
    Strings(Vec<(String, Range<usize>)>),
    /// An array that holds something else.
    OtherValues,
    /// No JSON array. BuildKit then takes the text as shell form.
    NotArray,
}

/// Reads `text` as a JSON array of strings (RFC 8259).
pub(super) fn read(text: &str) -> Json {
    let mut reader = Reader { text, position: 0, only_strings: true };
    match reader.document() {
        Some(strings) if reader.only_strings => Json::Strings(strings),
        Some(_) => Json::OtherValues,
        None => Json::NotArray,
    }
}

/// Values may be nested this deep; deeper text is taken as no JSON, which keeps the stack small.
const MAX_DEPTH: usize = 64;

struct Reader<'a> {
    text: &'a str,
    position: usize,
    only_strings: bool,
}

impl Reader<'_> {
    fn document(&mut self) -> Option<Vec<(String, Range<usize>)>> {
        self.skip_blanks();
        self.expect('[')?;
        let mut strings = Vec::new();
        self.skip_blanks();
        if self.expect(']').is_none() {
            loop {
                self.skip_blanks();
                self.element(&mut strings)?;
                self.skip_blanks();
                if self.expect(',').is_none() {
                    break;
                }
            }
            self.expect(']')?;
        }
        self.skip_blanks();
        (self.position == self.text.len()).then_some(strings)
    }

    fn rest(&self) -> &str {
        self.text.get(self.position..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.position += c.len_utf8();
        Some(c)
    }

    fn expect(&mut self, wanted: char) -> Option<()> {
        (self.peek()? == wanted).then(|| self.position += wanted.len_utf8())
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\r' | '\n')) {
            self.position += 1;
        }
    }

    /// One element of the top array: a string goes to `strings`, anything else is noted and left out.
    fn element(&mut self, strings: &mut Vec<(String, Range<usize>)>) -> Option<()> {
        let start = self.position;
        if self.peek()? == '"' {
            let value = self.string()?;
            strings.push((value, start..self.position));
            return Some(());
        }
        self.only_strings = false;
        self.skip_value(MAX_DEPTH)
    }

    fn skip_value(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.peek()? {
            '"' => self.string().map(|_| ()),
            '[' => self.skip_members(']', depth, false),
            '{' => self.skip_members('}', depth, true),
            _ => self.skip_atom(),
        }
    }

    fn skip_members(&mut self, close: char, depth: usize, keyed: bool) -> Option<()> {
        self.next()?;
        self.skip_blanks();
        if self.expect(close).is_some() {
            return Some(());
        }
        loop {
            self.skip_blanks();
            if keyed {
                self.string()?;
                self.skip_blanks();
                self.expect(':')?;
                self.skip_blanks();
            }
            self.skip_value(depth)?;
            self.skip_blanks();
            if self.expect(',').is_none() {
                return self.expect(close);
            }
        }
    }

    /// `true`, `false`, `null` or a number.
    fn skip_atom(&mut self) -> Option<()> {
        let end = self.rest().find([',', ']', '}', ' ', '\t', '\r', '\n']).unwrap_or(self.rest().len());
        let atom = self.rest().get(..end)?;
        let number =
            atom.starts_with(|c: char| c.is_ascii_digit() || c == '-') && atom.parse::<f64>().is_ok();
        if !number && !matches!(atom, "true" | "false" | "null") {
            return None;
        }
        self.position += end;
        Some(())
    }

    fn string(&mut self) -> Option<String> {
        self.expect('"')?;
        let mut out = String::new();
        loop {
            match self.next()? {
                '"' => return Some(out),
                '\\' => out.push(self.escape()?),
                c if c < ' ' => return None,
                c => out.push(c),
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(),
            c @ ('"' | '\\' | '/') => c,
            _ => return None,
        })
    }

    /// `\uXXXX`, two of them for a surrogate pair. A lone surrogate becomes U+FFFD, as Go's decoder does.
    fn unicode_escape(&mut self) -> Option<char> {
        let first = self.hex4()?;
        if !(0xD800..0xDC00).contains(&first) {
            return Some(char::from_u32(first).unwrap_or('\u{fffd}'));
        }
        let before_second = self.position;
        if self.rest().starts_with("\\u") {
            self.position += 2;
            let second = self.hex4()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Some(char::from_u32(code).unwrap_or('\u{fffd}'));
            }
        }
        self.position = before_second;
        Some('\u{fffd}')
    }

    fn hex4(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4).filter(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()))?;
        let code = u32::from_str_radix(digits, 16).ok()?;
        self.position += 4;
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::{Json, read};

    fn strings(text: &str) -> Option<Vec<String>> {
        match read(text) {
            Json::Strings(found) => Some(found.into_iter().map(|(value, _)| value).collect()),
            _ => None,
        }
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(strings(r#"["a\"b", "\u00e9\ud83d\ude00"]"#), Some(vec!["a\"b".into(), "é😀".into()]));
    }

    #[test]
    fn single_quotes_and_trailing_text_are_no_json() {
        assert!(matches!(read("['a']"), Json::NotArray));
        assert!(matches!(read(r#"["a"] && x"#), Json::NotArray));
        assert!(matches!(read(r#"["a",]"#), Json::NotArray));
    }

    #[test]
    fn numbers_are_other_values() {
        assert!(matches!(read(r#"["a", 1, {"b": [null]}]"#), Json::OtherValues));
    }

    #[test]
    fn ranges_hold_the_quotes() {
        let text = r#"[ "a" ]"#;
        let Json::Strings(found) = read(text) else { panic!("strings expected") };
        assert_eq!(&text[found[0].1.clone()], "\"a\"");
    }
}
