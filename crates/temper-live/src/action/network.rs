use serde_json::Value;

use super::{ActionError, Undone};
use crate::engine::Engine;

pub(super) fn create(engine: &Engine, name: &str, body: &Value) -> Result<(), ActionError> {
    if engine.network(name)?.is_none() {
        engine.create_network(body.clone())?;
    }
    Ok(())
}

/// Only a network with the same labels that nobody uses is removed.
pub(super) fn remove(engine: &Engine, name: &str, body: &Value) -> Result<Undone, ActionError> {
    let Some(found) = engine.network(name)? else { return Ok(Undone::nothing()) };
    let text = |value: Option<&Value>| value.filter(|value| !value.is_null()).cloned();
    let same = text(found.get("Labels")) == text(body.get("Labels"));
    let used = found.get("Containers").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    if !same || used {
        return Ok(Undone::left(format!("network {name} is left: it is in use")));
    }
    engine.remove_network(name)?;
    Ok(Undone::changed())
}
