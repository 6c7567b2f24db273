use temper_dockerfile::Dockerfile;

/// How a Dockerfile is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    pub(super) lower_case: bool,
    pub(super) newline: &'static str,
    pub(super) escape: char,
}

impl Style {
    pub(super) fn of(text: &str, tree: &Dockerfile) -> Self {
        let keywords = tree.instructions.iter().map(|instruction| instruction.keyword.slice(text));
        let lower = keywords.clone().filter(|word| word.chars().all(|c| c.is_ascii_lowercase())).count();
        let newline = if text.split_inclusive('\n').next().is_some_and(|line| line.ends_with("\r\n")) {
            "\r\n"
        } else {
            "\n"
        };
        Self { lower_case: lower * 2 > keywords.count(), newline, escape: tree.escape }
    }

    pub(super) fn keyword(self, word: &str) -> String {
        if self.lower_case { word.to_ascii_lowercase() } else { word.to_owned() }
    }

    /// A RUN of several commands, each on a line of its own.
    pub(super) fn run(self, commands: &[String]) -> String {
        let between = format!(" {}{}    && ", self.escape, self.newline);
        format!("{} {}", self.keyword("RUN"), commands.join(&between))
    }
}

/// A word of the shell that stands for exactly this text.
pub(super) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn words_are_quoted_only_when_the_shell_would_read_more_into_them() {
        assert_eq!(shell_word("/var/lib/app"), "/var/lib/app");
        assert_eq!(shell_word("/a b"), "'/a b'");
        assert_eq!(shell_word("/it's"), r"'/it'\''s'");
        assert_eq!(shell_word("$HOME"), "'$HOME'");
    }
}
