use similar::TextDiff;

/// A unified diff with three lines of context, as `git diff` prints it and `patch -p1` reads it.
///
/// `path` is relative to the root; `old` is `None` for a file that does not exist yet. Empty when nothing differs.
#[must_use]
pub fn unified_diff(path: &str, old: Option<&str>, new: &str) -> String {
    let before = old.map_or_else(|| "/dev/null".to_owned(), |_| format!("a/{path}"));
    let diff = TextDiff::from_lines(old.unwrap_or(""), new);
    diff.unified_diff().context_radius(3).header(&before, &format!("b/{path}")).to_string()
}

#[cfg(test)]
mod tests {
    use super::unified_diff;

    #[test]
    fn changed_line_is_shown_with_context() {
        let diff = unified_diff("compose.yml", Some("a\nb\nc\n"), "a\nB\nc\n");
        insta::assert_snapshot!(diff, @r"
        --- a/compose.yml
        +++ b/compose.yml
        @@ -1,3 +1,3 @@
         a
        -b
        +B
         c
        ");
    }

    #[test]
    fn new_file_comes_from_dev_null() {
        assert!(unified_diff("f", None, "x\n").starts_with("--- /dev/null\n+++ b/f\n"));
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified_diff("f", Some("x\n"), "x\n"), "");
    }
}
