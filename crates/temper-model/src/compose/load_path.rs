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
        let mut keys = self.keys.iter();
        let mut wanted = pattern.split('.');
        loop {
            match (keys.next(), wanted.next()) {
                (None, None) => return true,
                (Some(key), Some(want)) if want == "*" || want == key => {}
                _ => return false,
            }
        }
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
    }

    #[test]
    fn going_back_up_restores_the_path() {
        let mut path = KeyPath::of(&["a"]);
        path.push("b");
        path.pop();
        assert_eq!(path.show(), "a");
    }
}
