//! What a build sends to the builder.

use globset::{GlobBuilder, GlobMatcher};
use temper_text::FileId;

/// A directory that an image is built from, as one Dockerfile sees it.
#[derive(Debug, Clone, Default)]
pub struct BuildContext {
    /// The ignore file in force. BuildKit takes `<Dockerfile>.dockerignore` beside the Dockerfile before
    /// `.dockerignore` at the top of the context (<https://docs.docker.com/build/concepts/context/>).
    pub ignore: Option<IgnoreFile>,
    /// What lies at the top of the context that an image should not hold: `.env`, `.git`. On a fresh clone the
    /// files that Git ignores are not there.
    pub sensitive: Vec<String>,
}

/// A `.dockerignore` file.
#[derive(Debug, Clone)]
pub struct IgnoreFile {
    /// The file.
    pub file: FileId,
    /// Its path relative to the root of the stack.
    pub path: String,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    matcher: GlobMatcher,
    keeps: bool,
}

impl IgnoreFile {
    /// Reads the patterns of an ignore file. A pattern that is malformed matches nothing.
    #[must_use]
    pub fn parse(file: FileId, path: impl Into<String>, text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines();
        Self { file, path: path.into(), rules: lines.filter_map(rule).collect() }
    }

    /// True when the path, relative to the context, is not sent to the builder. The last pattern that matches it, or a
    /// directory that it is in, decides (moby/patternmatcher, `MatchesOrParentMatches`).
    #[must_use]
    pub fn excludes(&self, path: &str) -> bool {
        let matching = self.rules.iter().rev().find(|rule| rule.matches(path));
        matching.is_some_and(|rule| !rule.keeps)
    }
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        let directories = path.match_indices('/').filter_map(|(end, _)| path.get(..end));
        directories.chain([path]).any(|path| self.matcher.is_match(path))
    }
}

fn rule(line: &str) -> Option<Rule> {
    // Only a `#` in the first column begins a comment.
    if line.starts_with('#') {
        return None;
    }
    let line = line.trim();
    let (keeps, pattern) = match line.strip_prefix('!') {
        Some(rest) => (true, rest.trim()),
        None => (false, line),
    };
    let pattern = crate::path::normal(pattern);
    if pattern.is_empty() {
        return None;
    }
    // Go's patterns have no alternatives.
    let pattern = pattern.replace('{', "[{]").replace('}', "[}]");
    let glob = GlobBuilder::new(&pattern).literal_separator(true).backslash_escape(true).build().ok()?;
    Some(Rule { matcher: glob.compile_matcher(), keeps })
}

#[cfg(test)]
mod tests {
    use temper_text::FileId;

    use super::IgnoreFile;

    fn excludes(text: &str, path: &str) -> bool {
        IgnoreFile::parse(FileId(0), ".dockerignore", text).excludes(path)
    }

    #[test]
    fn a_name_without_a_slash_is_only_meant_at_the_top() {
        assert!(excludes(".env\n", ".env"));
        assert!(excludes("/.env\n", ".env"));
        assert!(!excludes(".env\n", "api/.env"));
        assert!(excludes("**/.env\n", ".env"));
        assert!(excludes("**/.env\n", "a/b/.env"));
    }

    #[test]
    fn what_is_in_an_excluded_directory_is_excluded() {
        assert!(excludes(".git\n", ".git/config"));
        assert!(excludes("*/temp*\n", "api/temporary/x"));
        assert!(!excludes("*/temp*\n", "temp"));
    }

    #[test]
    fn the_last_matching_pattern_decides() {
        assert!(!excludes("*\n!.env\n", ".env"));
        assert!(excludes("!.env\n.env*\n", ".env"));
        assert!(!excludes(".env*\n!.env.example\n", ".env.example"));
    }

    #[test]
    fn comments_dots_and_braces_are_no_patterns() {
        assert!(!excludes("# .env\n.\n\n", ".env"));
        assert!(!excludes("{.env,.git}\n", ".env"));
        assert!(excludes("\u{feff}  .env  \r\n", ".env"));
    }
}
