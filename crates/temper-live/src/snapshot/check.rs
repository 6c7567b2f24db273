use std::time::{Duration, Instant};

use serde_json::Value;

use super::State;
use super::capture::owner;
use crate::action::{runs, stands_for};
use crate::engine::{Engine, EngineError, Inspect};

/// How long to wait between two looks.
const PAUSE: Duration = Duration::from_millis(300);

/// What is not as it was in a snapshot, for people; empty: nothing.
pub type Check = Vec<String>;

/// Compares containers, networks and volumes with a snapshot. Health is not waited for.
///
/// # Errors
/// When the engine cannot be asked.
pub fn check(engine: &Engine, state: &State) -> Result<Check, EngineError> {
    let mut found = Check::new();
    for wanted in &state.containers {
        found.extend(container(engine, wanted)?);
    }
    for network in &state.networks {
        let name = network.get("Name").and_then(Value::as_str).unwrap_or_default();
        if engine.network(name)?.is_none() {
            found.push(format!("network {name} is gone"));
        }
    }
    for volume in &state.volumes {
        if engine.volume(&volume.name)?.is_none() {
            found.push(format!("volume {} is gone, with its data", volume.name));
        } else if volume.owner.is_some() && owner(&volume.mountpoint) != volume.owner {
            found.push(format!("volume {} has another owner or mode", volume.name));
        }
    }
    Ok(found)
}

/// Waits until everything that ran in a snapshot runs, and what was healthy is healthy; at most for `patience`.
///
/// # Errors
/// When the engine cannot be asked.
pub fn wait_until_well(engine: &Engine, state: &State, patience: Duration) -> Result<Check, EngineError> {
    let start = Instant::now();
    loop {
        let mut found = Check::new();
        let mut hopeless = true;
        for wanted in &state.containers {
            let now = engine.find(wanted.name())?;
            if let Some(problem) = health(wanted, now.as_ref()) {
                hopeless &= now.is_none();
                found.push(problem);
            }
        }
        if found.is_empty() || hopeless || start.elapsed() >= patience {
            return Ok(found);
        }
        std::thread::sleep(PAUSE);
    }
}

fn container(engine: &Engine, wanted: &Inspect) -> Result<Option<String>, EngineError> {
    let name = wanted.name();
    let Some(now) = engine.find(name)? else { return Ok(Some(format!("container {name} is gone"))) };
    if now.id() != wanted.id() && !stands_for(&now, wanted) {
        return Ok(Some(format!("container {name} is another one than in the snapshot")));
    }
    let problem = match (runs(wanted), runs(&now)) {
        (true, false) => format!("container {name} does not run"),
        (false, true) => format!("container {name} runs, and did not before"),
        _ => return Ok(None),
    };
    Ok(Some(problem))
}

/// Why a container is not as well as it was.
fn health(wanted: &Inspect, now: Option<&Inspect>) -> Option<String> {
    if !runs(wanted) {
        return None;
    }
    let name = wanted.name();
    let Some(now) = now else { return Some(format!("container {name} is gone")) };
    if !now.is_running() {
        return Some(format!("container {name} is {}", now.text("/State/Status")));
    }
    match (wanted.health(), now.health()) {
        (Some("healthy"), Some("healthy")) => None,
        (Some("healthy"), now) => {
            Some(format!("container {name} is {}, and was healthy", now.unwrap_or("without a healthcheck")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::health;
    use crate::engine::Inspect;

    fn inspect(status: &str, health: Option<&str>) -> Inspect {
        let health = health.map(|word| json!({ "Status": word }));
        Inspect::new(json!({ "Name": "/a", "State": { "Status": status, "Health": health } }))
    }

    #[test]
    fn only_what_was_well_has_to_be_well_again() {
        let healthy = inspect("running", Some("healthy"));
        let cases = [
            (&healthy, Some(inspect("running", Some("healthy"))), None),
            (
                &healthy,
                Some(inspect("running", Some("starting"))),
                Some("container a is starting, and was healthy"),
            ),
            (&healthy, Some(inspect("exited", None)), Some("container a is exited")),
            (&healthy, None, Some("container a is gone")),
        ];
        for (wanted, now, problem) in cases {
            assert_eq!(health(wanted, now.as_ref()).as_deref(), problem);
        }
        assert_eq!(health(&inspect("running", None), Some(&inspect("running", None))), None);
        assert_eq!(health(&inspect("running", Some("unhealthy")), Some(&inspect("running", None))), None);
        assert_eq!(health(&inspect("exited", None), None), None);
    }
}
