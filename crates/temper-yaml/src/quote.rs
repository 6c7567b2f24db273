use std::borrow::Cow;
use std::fmt::Write;

/// Where a scalar is written. Inside `[…]` and `{…}` fewer characters may stand without quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Block,
    Flow,
}

/// Words that a YAML 1.1 or 1.2 reader takes for a null, a boolean, a number or a merge key (type repository of YAML 1.1:
/// <https://yaml.org/type/>), in lower case.
const WORDS: [&str; 19] = [
    "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<", ".inf", "+.inf", "-.inf",
    ".nan", "-", "---", "...",
];

/// The plainest form in which every YAML 1.1 and 1.2 reader reads back `text`, as a string, in block context (a line of
/// its own, or after `key: ` or `- `). It is on one line; a line feed in `text` becomes `\n` in double quotes.
#[must_use]
pub fn quote(text: &str) -> Cow<'_, str> {
    quote_at(text, Place::Block)
}

pub(crate) fn quote_at(text: &str, place: Place) -> Cow<'_, str> {
    if is_plain(text, place) {
        return Cow::Borrowed(text);
    }
    let single = text.contains(['"', '\\']) && !text.contains('\'') && !text.chars().any(needs_escape);
    Cow::Owned(if single { format!("'{text}'") } else { double_quoted(text) })
}

fn is_plain(text: &str, place: Place) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let indicator = "?:,[]{}#&*!|>'\"%@`".contains(first) || (first == '-' && text.starts_with("- "));
    let edge = text.starts_with(' ') || text.ends_with([' ', ':']);
    let marker = text.starts_with("--- ") || text.starts_with("... ");
    let inside = text.contains(": ") || text.contains(" #") || text.chars().any(needs_escape);
    let flow = place == Place::Flow && text.contains([',', '[', ']', '{', '}', ':']);
    let word = WORDS.contains(&text.to_ascii_lowercase().as_str());
    !(indicator || edge || marker || inside || flow || word || like_a_number(text))
}

/// True for everything that any reader might take for a number or a time: wider than the schemas, because a needless pair
/// of quotes does no harm. YAML 1.1 has `0o17`-less octals, base 60 (`1:30`, `65532:65532`) and floats of many dots.
fn like_a_number(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let lower = unsigned.to_ascii_lowercase();
    if !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '_') {
        return false;
    }
    let prefixed = ["0x", "0o", "0b"].iter().any(|prefix| lower.starts_with(prefix));
    let digits = lower.chars().any(|c| c.is_ascii_digit());
    let numeric = digits && lower.chars().all(|c| c.is_ascii_digit() || "_.,:+-e".contains(c));
    let date = text.len() > 5
        && text.bytes().take(4).all(|byte| byte.is_ascii_digit())
        && text.as_bytes().get(4) == Some(&b'-')
        && text.as_bytes().get(5).is_some_and(u8::is_ascii_digit);
    prefixed || numeric || date
}

/// Characters that may not stand as they are: not printable (YAML 1.2.2, production 1), line breaks of YAML 1.1, or tabs,
/// which nobody sees.
fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn double_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) => {
                // Writing to a `String` cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Place, quote, quote_at};
    use crate::{Typed, parse};

    #[test]
    fn strings_that_look_like_other_types_are_quoted() {
        for text in [
            "",
            "yes",
            "No",
            "ON",
            "y",
            "null",
            "~",
            "true",
            "0123",
            "0o17",
            "0x1F",
            "0b1",
            "1:30",
            "65532:65532",
            "1e3",
            "1_000",
            "-1",
            "+1",
            ".5",
            "1.",
            "1.2.3.4",
            ".inf",
            "-.INF",
            ".NaN",
            "2001-12-14",
            "2001-12-14t21:59:43Z",
            "=",
            "<<",
            "08",
        ] {
            assert_eq!(quote(text), format!("\"{text}\""));
        }
    }

    #[test]
    fn strings_that_would_end_or_begin_something_are_quoted() {
        for text in [
            " a", "a ", "a: b", "a:", "a #b", "#a", "- a", "-", "? a", ":a", "[a", "{a", "&a", "*a", "!a",
            "|", ">", "%a", "@a", "`a", "---", "--- a", "...", "'a'", "a, b",
        ] {
            assert_ne!(quote_at(text, Place::Flow), text);
        }
        assert_eq!(quote("a\nb\t\u{7f}\u{feff}"), r#""a\nb\t\u007F\uFEFF""#);
        assert_eq!(quote(r#"say "a" \ b: c"#), r#"'say "a" \ b: c'"#);
        assert_eq!(quote("it's: \"x\""), r#""it's: \"x\"""#);
    }

    #[test]
    fn ordinary_strings_stay_plain() {
        for text in [
            "nginx:1.25-alpine",
            "/var/lib/a b",
            "--flag=x",
            "no-new-privileges:true",
            "10m",
            "512M",
            "ALL",
            "${A:-b}",
            "a, b",
            "é",
            "http://a.b/c#d",
            "size=64m,mode=1777",
            ".",
            "..",
            "a'b",
            "1.25-alpine",
            "64mb",
        ] {
            assert_eq!(quote(text), text);
        }
        assert_eq!(quote_at("nginx:1", Place::Flow), "\"nginx:1\"");
    }

    proptest! {
        #[test]
        fn every_string_reads_back(text in "(?s).{0,12}|[-+.:0-9eE_xob ]{0,6}|[a-zA-Z~.=<]{1,5}|[ #:,\\[\\]{}'\"\\\\&*!|>%@`?-]{0,6}") {
            for document in [
                format!("k: {}\n", quote_at(&text, Place::Block)),
                format!("{}: x\n", quote_at(&text, Place::Block)),
                format!("- {}\n", quote_at(&text, Place::Block)),
                format!("[{}]\n", quote_at(&text, Place::Flow)),
                format!("{{{}: x}}\n", quote_at(&text, Place::Flow)),
            ] {
                let yaml = parse(&document).unwrap();
                let node = &yaml.documents[0];
                let scalar = node.items().first().or_else(|| {
                    node.entries().first().map(|entry| if entry.key.as_str() == Some("k") { &entry.value } else { &entry.key })
                });
                let read = scalar.and_then(crate::Node::typed);
                prop_assert!(read == Some(Typed::Str(&text)) || text == "k", "{document:?} read as {read:?}");
            }
        }
    }
}
