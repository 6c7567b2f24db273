use unicode_width::UnicodeWidthStr;

/// `text` in lines of at most `width` columns; all but the first begin with `indent` blanks, and `used` columns of the
/// first are taken. A word is never broken: it may be a path that somebody wants to copy.
pub(crate) fn wrap(text: &str, width: usize, used: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = used;
    for (index, word) in text.split(' ').enumerate() {
        let columns = word.width();
        if index == 0 {
            column += columns;
        } else if column + 1 + columns > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent + columns;
        } else {
            out.push(' ');
            column += 1 + columns;
        }
        out.push_str(word);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::wrap;

    #[test]
    fn long_text_goes_on_below_its_beginning() {
        assert_eq!(wrap("one two three", 12, 4, 4), "one two\n    three");
    }

    #[test]
    fn word_that_is_too_long_is_not_broken() {
        assert_eq!(wrap("a /a/very/long/path b", 10, 0, 2), "a\n  /a/very/long/path\n  b");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrap("日本 日本 日本", 9, 0, 0), "日本 日本\n日本");
    }
}
