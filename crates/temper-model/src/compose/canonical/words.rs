/// Splits a command into words as Docker Compose does: like a POSIX shell (POSIX.1-2017 section 2.2), but
///
/// - nothing is expanded, and `$(a b)` and `` `a b` `` stay whole;
/// - a backslash takes any next character as it is, in double quotes too;
/// - an operator (`;`, `&`, `|`, `<`, `>`) ends the command; what follows is dropped.
///
/// `None` when a quote, a substitution or a backslash has no end. Observed with Docker Compose 2.26.1.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    let mut splitter = Splitter::default();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char == '\\' && splitter.quote != Some('\'') {
            splitter.push(chars.next()?);
        } else if !splitter.take(char)? {
            break;
        }
    }
    splitter.finish()
}

#[derive(Default)]
struct Splitter {
    words: Vec<String>,
    /// The word that has begun.
    word: Option<String>,
    /// The quote that is open: `'`, `"`, `` ` `` or `(` for `$(`.
    quote: Option<char>,
}

impl Splitter {
    fn push(&mut self, char: char) {
        self.word.get_or_insert_default().push(char);
    }

    /// Takes a character that is not escaped. `Some(false)` at the end of the command.
    fn take(&mut self, char: char) -> Option<bool> {
        match (self.quote, char) {
            (Some('\''), '\'') | (Some('"'), '"') => self.quote = None,
            (Some('`'), '`') | (Some('('), ')') => {
                self.push(char);
                self.quote = None;
            }
            (Some(_), _) => self.push(char),
            (None, '\'' | '"') => {
                self.word.get_or_insert_default();
                self.quote = Some(char);
            }
            (None, '`') => {
                self.push(char);
                self.quote = Some(char);
            }
            (None, '(') if self.word.as_ref().is_some_and(|word| word.ends_with('$')) => {
                self.push(char);
                self.quote = Some(char);
            }
            (None, '(' | ')') => return None,
            (None, ' ' | '\t' | '\r' | '\n') => self.words.extend(self.word.take()),
            (None, ';' | '&' | '|' | '<' | '>') => {
                self.end_at(char);
                return Some(false);
            }
            (None, _) => self.push(char),
        }
        Some(true)
    }

    /// The number before a `>` names a file descriptor and is no word.
    fn end_at(&mut self, operator: char) {
        let is_descriptor =
            |word: &String| operator == '>' && word.starts_with(|first: char| first.is_ascii_digit());
        if self.word.as_ref().is_some_and(is_descriptor) {
            self.word = None;
        }
    }

    fn finish(mut self) -> Option<Vec<String>> {
        self.words.extend(self.word.take());
        self.quote.is_none().then_some(self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    fn words<const N: usize>(words: [&str; N]) -> Option<Vec<String>> {
        Some(words.map(str::to_owned).to_vec())
    }

    #[test]
    fn quotes_and_backslashes_join_words() {
        let text = r#"a 'b c' d"e f"g h\ i "" '\x' "\"\$\n""#;
        assert_eq!(split(text), words(["a", "b c", "de fg", "h i", "", r"\x", "\"$n"]));
    }

    #[test]
    fn blanks_alone_give_no_words() {
        assert_eq!(split(" \t\n"), words([]));
    }

    #[test]
    fn substitutions_stay_whole() {
        assert_eq!(split("a $(b c) `d e`"), words(["a", "$(b c)", "`d e`"]));
    }

    #[test]
    fn an_operator_ends_the_command() {
        assert_eq!(split("a b; c"), words(["a", "b"]));
        assert_eq!(split("a 2>b"), words(["a"]));
    }

    #[test]
    fn what_has_no_end_is_refused() {
        for text in ["a 'b", "a \"b", "a \\", "a `b", "a $(b", "a (b)", "a)"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
