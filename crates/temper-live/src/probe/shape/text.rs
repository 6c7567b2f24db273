use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The form of a plain text: hashes of it without what varies, so that the text itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// True when it holds nothing but white space.
    pub empty: bool,
    /// Hash of the first word.
    pub first: String,
    /// Hash of the whole text, words with digits left out.
    pub whole: String,
}

impl Text {
    /// The form of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        // Times, counters, addresses and ids have digits; what is left says the same thing each time.
        let steady: Vec<&str> =
            text.split_whitespace().filter(|word| !word.bytes().any(|byte| byte.is_ascii_digit())).collect();
        let first = steady.first().copied().unwrap_or_default();
        Self { empty: text.trim().is_empty(), first: short_hash(first), whole: short_hash(&steady.join(" ")) }
    }
}

/// Sixteen hexadecimal digits of the SHA-256 of a text: enough to tell two texts apart.
pub(super) fn short_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn numbers_do_not_count_and_words_do() {
        assert_eq!(Text::of("OK after 12ms\n"), Text::of("OK after 340ms"));
        assert_ne!(Text::of("OK"), Text::of("ERR Failed opening the temp RDB file: Permission denied"));
        assert!(Text::of(" \n").empty);
        assert!(!Text::of("7").empty);
    }
}
