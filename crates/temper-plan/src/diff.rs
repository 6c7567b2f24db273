//! What differs between two merged models, places left aside.

use temper_model::{Data, Value};

/// The paths at which two values differ. Lists count as one; a mapping that only one side has counts with each value in
/// it.
pub(crate) fn differing(before: Option<&Value>, after: Option<&Value>) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect(before, after, &mut Vec::new(), &mut found);
    found
}

fn collect(
    before: Option<&Value>,
    after: Option<&Value>,
    path: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
) {
    let (one, other) = (before.and_then(Value::as_map), after.and_then(Value::as_map));
    let mixed = (before.is_some() && one.is_none()) || (after.is_some() && other.is_none());
    if mixed || (one.is_none() && other.is_none()) {
        if !same(before, after) {
            found.push(path.clone());
        }
        return;
    }
    let mut keys: Vec<&String> = one.into_iter().flatten().map(|(key, _)| key).collect();
    keys.extend(
        other
            .into_iter()
            .flatten()
            .map(|(key, _)| key)
            .filter(|key| one.is_none_or(|one| !one.contains_key(*key))),
    );
    if keys.is_empty() && before.is_some() != after.is_some() {
        found.push(path.clone());
    }
    for key in keys {
        path.push(key.clone());
        collect(before.and_then(|value| value.get(key)), after.and_then(|value| value.get(key)), path, found);
        path.pop();
    }
}

fn same(before: Option<&Value>, after: Option<&Value>) -> bool {
    match (before, after) {
        (Some(before), Some(after)) => equal(before, after),
        (None, None) => true,
        _ => false,
    }
}

/// True when both values say the same to Compose.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (&a.data, &b.data) {
        (Data::Str(a), Data::Str(b)) => a.value == b.value && a.missing == b.missing,
        (Data::Seq(a), Data::Seq(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Data::Map(a), Data::Map(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| equal(&a.value, &b.value)))
        }
        (a, b) => a == b,
    }
}
