use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::text::short_hash;

/// The form of a JSON value: which types it has been seen with, and what is below it.
///
/// The union of several values is again such a form; so lists have the form of all their items, and several answers of
/// the same service give what varies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Json {
    /// How many values were seen here.
    pub seen: u32,
    /// Types: `null`, `boolean`, `number`, `string`, `list`, `object`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<String>,
    /// Members of objects. With [`Json::MAP`] as only key the names are data, and this is the form of any of them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub members: BTreeMap<String, Json>,
    /// The form of any item of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Json>>,
    /// True when a list or object was seen with nothing in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty: bool,
    /// Hashes of the values of a member that speaks of health, such as `status`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub states: BTreeSet<String>,
}

/// Members whose value says how the service is, where the form alone would not show that it broke.
const STATES: [&str; 9] = ["status", "state", "health", "healthy", "ok", "success", "ready", "alive", "up"];

/// Members whose members all say how a part of the service is (as in the health resources of Spring Boot and
/// `application/health+json`).
const PARTS: [&str; 4] = ["checks", "components", "dependencies", "services"];

/// Lists and objects are looked into to this depth and number.
const DEPTH: u32 = 12;
const WIDTH: usize = 200;

impl Json {
    /// Stands for every member of an object whose names are data.
    pub const MAP: &'static str = "*";

    /// The form of a value.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        let mut form = Self::default();
        form.take(value, DEPTH, false);
        form
    }

    /// Adds what another form has seen.
    pub fn merge(&mut self, other: &Self) {
        self.seen = self.seen.saturating_add(other.seen);
        self.empty |= other.empty;
        self.types.extend(other.types.iter().cloned());
        self.states.extend(other.states.iter().cloned());
        for (name, member) in &other.members {
            self.members.entry(name.clone()).or_default().merge(member);
        }
        if let Some(items) = &other.items {
            self.items.get_or_insert_default().merge(items);
        }
    }

    fn take(&mut self, value: &Value, depth: u32, state: bool) {
        self.seen = self.seen.saturating_add(1);
        self.types.insert(kind(value).to_owned());
        match value {
            Value::Bool(_) | Value::String(_) if state => {
                self.states.insert(short_hash(&value.to_string()));
            }
            Value::Array(list) if list.is_empty() => self.empty = true,
            Value::Object(object) if object.is_empty() => self.empty = true,
            Value::Array(list) if depth > 0 => {
                let items = self.items.get_or_insert_default();
                list.iter().take(WIDTH).for_each(|item| items.take(item, depth - 1, false));
            }
            Value::Object(object) if depth > 0 => {
                let names_are_data = object.keys().all(|name| is_data(name));
                for (name, value) in object.iter().take(WIDTH) {
                    let key = if names_are_data { Self::MAP } else { name };
                    let state = STATES.contains(&key.to_ascii_lowercase().as_str());
                    let member = self.members.entry(key.to_owned()).or_default();
                    member.take(value, depth - 1, state);
                    if PARTS.contains(&key) {
                        member.mark_states(value);
                    }
                }
            }
            _ => {}
        }
    }

    /// Every direct member of `value` says how a part is.
    fn mark_states(&mut self, value: &Value) {
        for (name, part) in value.as_object().into_iter().flatten() {
            if matches!(part, Value::Bool(_) | Value::String(_))
                && let Some(member) = self.members.get_mut(name)
            {
                member.states.insert(short_hash(&part.to_string()));
            }
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Names that hold digits or punctuation are ids, paths or addresses rather than field names.
fn is_data(name: &str) -> bool {
    name.is_empty() || name.bytes().any(|byte| byte.is_ascii_digit() || b"/:@ ".contains(&byte))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Json;

    #[test]
    fn a_list_has_the_form_of_all_its_items() {
        let form = Json::of(&json!([{"a": 1}, {"a": "x", "b": null}]));
        let items = form.items.unwrap();
        assert_eq!(items.seen, 2);
        assert_eq!(items.members["a"].types.len(), 2);
        assert_eq!(items.members["b"].seen, 1);
    }

    #[test]
    fn ids_as_names_are_one_form() {
        assert_eq!(
            Json::of(&json!({"user-1": {"n": 1}, "user-2": {"n": 2}})).members.keys().collect::<Vec<_>>(),
            [Json::MAP]
        );
        assert_eq!(Json::of(&json!({"id": 1, "s3": 2})).members.len(), 2);
    }

    #[test]
    fn no_value_is_kept_but_what_says_how_the_service_is() {
        let form = |status: &str| Json::of(&json!({"status": status, "token": "hunter2"}));
        assert_ne!(form("ok"), form("degraded"));
        assert!(!serde_json::to_string(&form("ok")).unwrap().contains("hunter2"));
        let parts = |db: bool| Json::of(&json!({"checks": {"db": db}}));
        assert_ne!(parts(true), parts(false));
        let data = |name: &str| Json::of(&json!({"name": name}));
        assert_eq!(data("a"), data("b"));
    }
}
