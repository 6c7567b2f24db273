/// The path of keys from the root of a Compose file to a value.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyPath {
    keys: Vec<String>,
}

impl KeyPath {
    /// The path of these keys.
    pub(crate) fn of(keys: &[&str]) -> Self {
        Self { keys: keys.iter().map(|key| (*key).to_owned()).collect() }
    }

    /// Goes down to a key.
    pub(crate) fn push(&mut self, key: &str) {
        self.keys.push(key.to_owned());
    }

    /// Goes back up.
    pub(crate) fn pop(&mut self) {
        self.keys.pop();
    }

    /// The keys.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The keys joined by dots, for people.
    pub(crate) fn show(&self) -> String {
        self.keys.join(".")
    }

    /// True when the path has as many keys as `pattern` has parts between dots, and each is the same or `*` there.
    pub(crate) fn matches(&self, pattern: &str) -> bool {
        // Whole tables of patterns are tried on every value. Most differ in the last part, so that is looked at first.
        let mut rest = pattern;
        for (above, key) in self.keys.iter().enumerate().rev() {
            let Some(before) = without_last_part(rest, key) else { return false };
            let parent = if above == 0 { Some(before) } else { before.strip_suffix('.') };
            let Some(parent) = parent else { return false };
            rest = parent;
        }
        rest.is_empty()
    }
}

/// What stands before the last part of a pattern, when that part is `*` or ends in `key`.
fn without_last_part<'p>(pattern: &'p str, key: &str) -> Option<&'p str> {
    match pattern.strip_suffix('*') {
        Some(before) => Some(before),
        // A key with a dot would take two parts.
        None => pattern.strip_suffix(key).filter(|_| !key.contains('.')),
    }
}

#[cfg(test)]
mod tests {
    use super::KeyPath;

    #[test]
    fn a_star_stands_for_one_part() {
        let path = KeyPath::of(&["services", "web", "ports"]);
        assert!(path.matches("services.*.ports"));
        assert!(!path.matches("services.*"));
        assert!(!path.matches("services.*.ports.*"));
    }

    #[test]
    fn a_key_with_a_dot_is_one_part() {
        assert!(KeyPath::of(&["services", "a.b", "ports"]).matches("services.*.ports"));
        assert!(!KeyPath::of(&["services", "web.ports"]).matches("services.web.ports"));
    }

    #[test]
    fn a_part_is_the_whole_key() {
        assert!(KeyPath::of(&["name"]).matches("name"));
        assert!(!KeyPath::of(&["name"]).matches("services.name"));
        assert!(!KeyPath::of(&["services", "web", "port"]).matches("services.*.support"));
        assert!(!KeyPath::of(&["services", "web", ""]).matches("services.*.ports"));
        assert!(KeyPath::of(&["services", "", "ports"]).matches("services.*.ports"));
    }

    #[test]
    fn going_back_up_restores_the_path() {
        let mut path = KeyPath::of(&["a"]);
        path.push("b");
        path.pop();
        assert_eq!(path.show(), "a");
    }
}
