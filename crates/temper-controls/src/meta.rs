use std::fmt;
use std::str::FromStr;

/// What a control is, apart from its code.
#[derive(Debug)]
pub struct Meta {
    /// The identifier, equal to the file name with `-` for `_`.
    pub id: &'static str,
    /// One line: what holds when the control passes, such as "the root file system is read-only".
    pub title: &'static str,
    /// How much a failure matters.
    pub severity: Severity,
    /// Where the control can be looked at.
    pub surfaces: &'static [Surface],
    /// Identifiers of benchmark items in `frameworks/`, such as `cis-docker-1.7:5.13`.
    pub references: &'static [&'static str],
    /// Controls whose fixes must be applied together with this one's, or the service breaks.
    pub requires: &'static [&'static str],
    /// The source text of the control's file: its doc comment is the documentation page.
    pub source: &'static str,
}

impl Meta {
    /// The documentation page: the `//!` lines at the top of the control's file, as Markdown.
    #[must_use]
    pub fn documentation(&self) -> String {
        let lines = self.source.lines().map_while(|line| line.strip_prefix("//!"));
        let text: Vec<&str> = lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
        text.join("\n")
    }

    /// One section of the documentation page, without its heading: `section("Why it matters")`.
    #[must_use]
    pub fn section(&self, heading: &str) -> Option<String> {
        let page = self.documentation();
        let (_, after) = page.split_once(&format!("## {heading}\n"))?;
        let body = after.split_once("\n## ").map_or(after, |(body, _)| body);
        Some(body.trim().to_owned())
    }
}

/// How much a failure matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good practice; nothing follows from it alone.
    Low,
    /// Makes an attack easier.
    Medium,
    /// Makes an attack much easier, or its consequences much worse.
    High,
    /// Gives the host or the data away.
    Critical,
}

impl Severity {
    /// The word used in JSON and on screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        [Self::Low, Self::Medium, Self::High, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str() == word)
            .ok_or_else(|| format!("`{word}` is no severity; expected low, medium, high or critical"))
    }
}

/// Where a control can be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Surface {
    /// A Dockerfile.
    Dockerfile,
    /// A Compose service or project.
    Compose,
    /// A running container.
    Container,
}

impl Surface {
    /// The word used in JSON and on screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dockerfile => "dockerfile",
            Self::Compose => "compose",
            Self::Container => "container",
        }
    }
}
