use serde_json::Value;
use temper_controls::controls::is_credential;

use crate::engine::Inspect;

/// Shorter values are too common to be taken out of texts.
const SHORTEST: usize = 4;

/// More of a line is not kept.
const LINE: usize = 400;

/// Takes the credentials of a container out of what it writes.
///
/// Known are the values of environment variables with the name of a credential, and passwords in addresses
/// (`scheme://user:password@host`), wherever they stand.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that no part of one is left over.
    values: Vec<String>,
}

impl Redactor {
    /// Knows the credentials in the environment of a container.
    #[must_use]
    pub fn of(container: &Inspect) -> Self {
        let environment = container.at("/Config/Env").and_then(Value::as_array);
        let entries = environment.into_iter().flatten().filter_map(Value::as_str);
        let mut values: Vec<String> = Vec::new();
        for (name, value) in entries.filter_map(|entry| entry.split_once('=')) {
            if is_credential(name) {
                values.push(value.to_owned());
            }
            values.extend(passwords(value).map(|(start, end)| value[start..end].to_owned()));
        }
        values.retain(|value| value.len() >= SHORTEST);
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        values.dedup();
        Self { values }
    }

    /// A line without credentials and control characters, at most 400 characters long.
    #[must_use]
    pub fn line(&self, text: &str) -> String {
        let mut line = text.trim_end().to_owned();
        for value in &self.values {
            line = line.replace(value.as_str(), "***");
        }
        let places: Vec<(usize, usize)> = passwords(&line).collect();
        for (start, end) in places.into_iter().rev() {
            line.replace_range(start..end, "***");
        }
        line.chars().filter(|c| !c.is_control()).take(LINE).collect()
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} values)", self.values.len())
    }
}

/// Places of the passwords of addresses in a text.
fn passwords(text: &str) -> impl Iterator<Item = (usize, usize)> {
    text.match_indices("://").filter_map(|(at, mark)| {
        let start = at + mark.len();
        let rest = &text[start..];
        let end = rest.find(|c: char| c.is_whitespace() || "/'\"`".contains(c)).unwrap_or(rest.len());
        let user_info = rest[..end].rfind('@')?;
        let colon = rest[..user_info].find(':')?;
        (colon + 1 < user_info).then_some((start + colon + 1, start + user_info))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::Redactor;
    use crate::engine::Inspect;

    #[test]
    fn credentials_of_the_environment_are_taken_out() {
        let environment = ["DB_PASSWORD=hunter22", "URL=amqp://app:s3cr3t!@mq/v", "LOG_LEVEL=debug"];
        let redactor = Redactor::of(&Inspect::new(json!({"Config": {"Env": environment}})));
        assert_eq!(redactor.line("login with hunter22 at debug\n"), "login with *** at debug");
        assert_eq!(redactor.line("password s3cr3t! refused"), "password *** refused");
        assert_eq!(redactor.line("redis://:other-one@redis:6379/0 é"), "redis://:***@redis:6379/0 é");
        assert_eq!(redactor.line("http://host:80/a@b"), "http://host:80/a@b");
        assert_eq!(redactor.line("\u{1b}[31mred"), "[31mred");
        assert_eq!(format!("{redactor:?}"), "Redactor(2 values)");
    }

    proptest! {
        #[test]
        fn no_password_of_an_address_is_left(text in "([a-zé:/@ ]|://|u:hunter22@)*") {
            let shown = Redactor::default().line(&text);
            prop_assert!(!shown.contains("://u:hunter22@"), "{}", shown);
        }
    }
}
