/// Splits a command into words as a POSIX shell would, without expansion. `None` when a quote or a backslash has no
/// end.
///
/// Source: POSIX.1-2017 section 2.2 (quoting); Compose does not know comments, `$` or operators here.
pub(crate) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => single_quoted(&mut chars, word.get_or_insert_default())?,
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next()?),
            _ => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Some(words)
}

fn single_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '\'' => return Some(()),
            char => word.push(char),
        }
    }
}

fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Option<()> {
    loop {
        match chars.next()? {
            '"' => return Some(()),
            '\\' => match chars.next()? {
                char @ ('"' | '\\' | '$' | '`') => word.push(char),
                char => word.extend(['\\', char]),
            },
            char => word.push(char),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn quotes_and_backslashes_join_words() {
        let words = split(r#"a 'b c' d"e f"g h\ i "" '\x' "\"\$""#);
        assert_eq!(
            words,
            Some(["a", "b c", "de fg", "h i", "", r"\x", "\"$"].map(str::to_owned).to_vec())
        );
    }

    #[test]
    fn blanks_alone_give_no_words() {
        assert_eq!(split(" \t\n"), Some(vec![]));
    }

    #[test]
    fn open_quotes_and_a_last_backslash_are_refused() {
        for text in ["a 'b", "a \"b", "a \\"] {
            assert_eq!(split(text), None, "{text}");
        }
    }
}
