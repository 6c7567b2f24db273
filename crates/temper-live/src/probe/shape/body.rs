use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Json, Text, html, metrics};

/// The form of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "kebab-case")]
pub enum Body {
    /// Nothing, or white space.
    Empty,
    /// JSON.
    Json(Json),
    /// An HTML page.
    Html {
        /// Its title.
        title: Option<String>,
        /// Hash of the set of its tag paths.
        skeleton: String,
    },
    /// Metrics in Prometheus' text format.
    Metrics {
        /// Names of the samples.
        names: BTreeSet<String>,
    },
    /// Another text.
    Text(Text),
    /// Bytes that are no text.
    Binary,
    /// More than is read, or a stream that goes on: there was something.
    Unfinished,
}

impl Body {
    /// The form of a body of that media type. What it is decides the text itself where it says so, for services that
    /// call everything `text/plain`.
    #[must_use]
    pub fn of(bytes: &[u8], content_type: Option<&str>) -> Self {
        let Ok(text) = std::str::from_utf8(bytes) else { return Self::Binary };
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Self::Empty;
        }
        let said = content_type.unwrap_or_default();
        if (said.contains("json") || trimmed.starts_with(['{', '[']))
            && let Ok(value) = serde_json::from_str::<Value>(trimmed)
        {
            return Self::Json(Json::of(&value));
        }
        if said.contains("html") || (said.is_empty() && trimmed.starts_with('<')) {
            let (title, skeleton) = html::page(trimmed);
            return Self::Html { title, skeleton };
        }
        match metrics::families(trimmed) {
            Some(names) => Self::Metrics { names },
            None => Self::Text(Text::of(trimmed)),
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "an empty body",
            Self::Json(_) => "JSON",
            Self::Html { .. } => "an HTML page",
            Self::Metrics { .. } => "metrics",
            Self::Text(_) => "a text",
            Self::Binary => "binary data",
            Self::Unfinished => "a body without an end",
        }
    }

    /// True for a metric that a process only has after its first event.
    pub(crate) fn metric_comes_with_use(name: &str) -> bool {
        metrics::comes_with_use(name)
    }
}

#[cfg(test)]
mod tests {
    use super::Body;

    #[test]
    fn a_body_is_what_its_text_says() {
        for (text, said, kind) in [
            (" \n", Some("text/html"), "an empty body"),
            ("{\"a\":1}", Some("text/plain"), "JSON"),
            ("{broken", Some("application/json"), "a text"),
            ("<html></html>", None, "an HTML page"),
            ("up 1\n", Some("text/plain"), "metrics"),
            ("hello", Some("text/plain"), "a text"),
        ] {
            assert_eq!(Body::of(text.as_bytes(), said).kind(), kind, "{text}");
        }
        assert_eq!(Body::of(&[0x89, 0x50, 0xff], Some("image/png")), Body::Binary);
    }
}
