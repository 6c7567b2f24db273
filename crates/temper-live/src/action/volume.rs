use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{ActionError, Undone};
use crate::engine::Engine;
use crate::names;

/// How long a volume may be seen without its labels: the engine writes them after it made the volume.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(50);

/// The run that made the volume, when there is one of that name.
fn made_by(engine: &Engine, name: &str) -> Result<Option<Option<String>>, ActionError> {
    let start = Instant::now();
    loop {
        let Some(volume) = engine.volume(name)? else { return Ok(None) };
        let labels = volume.get("Labels").and_then(Value::as_object);
        let run = labels.and_then(|labels| labels.get(names::RUN)?.as_str());
        if labels.is_some_and(|labels| !labels.is_empty()) || start.elapsed() >= PATIENCE {
            return Ok(Some(run.map(str::to_owned)));
        }
        std::thread::sleep(PAUSE);
    }
}

pub(super) fn create(
    engine: &Engine,
    name: &str,
    labels: &BTreeMap<String, String>,
    run: &str,
) -> Result<(), ActionError> {
    match made_by(engine, name)? {
        Some(Some(owner)) if owner == run => Ok(()),
        Some(_) => Err(ActionError::Changed {
            what: format!("volume {name}"),
            found: "one of that name exists and this run did not make it".to_owned(),
        }),
        None => {
            let labels = labels.iter().map(|(key, value)| (key.as_str(), value.as_str()));
            let labels: Vec<(&str, &str)> = labels.chain([(names::RUN, run)]).collect();
            Ok(engine.create_volume(name, &labels)?)
        }
    }
}

/// Only a volume that this run made is removed.
pub(super) fn remove(engine: &Engine, name: &str, run: &str) -> Result<Undone, ActionError> {
    if made_by(engine, name)?.flatten().as_deref() != Some(run) {
        return Ok(Undone::nothing());
    }
    engine.remove_volume(name)?;
    Ok(Undone::changed())
}
