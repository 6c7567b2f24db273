use std::collections::HashMap;

use bollard::query_parameters::ListContainersOptionsBuilder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Engine, EngineError};
use crate::names;

/// A container in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The id.
    pub id: String,
    /// The name, without the leading slash.
    pub name: String,
    /// `running`, `exited`, `created`, ...
    pub state: String,
    /// Its labels.
    pub labels: HashMap<String, String>,
}

impl Summary {
    /// The Compose service, when Compose made it.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.labels.get(names::SERVICE).map(String::as_str)
    }
}

/// Everything the engine says of a container, as JSON in the form of the Engine API (`GET /containers/{id}/json`).
/// Environment variables are in it: it is handled as a secret, kept in the journal only and never shown.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Inspect(Value);

impl std::fmt::Debug for Inspect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Inspect").field(&self.name()).finish()
    }
}

impl Inspect {
    /// Takes what the API answered.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self(value)
    }

    /// The whole answer.
    #[must_use]
    pub fn json(&self) -> &Value {
        &self.0
    }

    /// The value at a JSON pointer: `/HostConfig/ReadonlyRootfs`.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer).filter(|value| !value.is_null())
    }

    /// The text at a JSON pointer; empty when there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> &str {
        self.at(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The texts of the list at a JSON pointer.
    #[must_use]
    pub fn texts(&self, pointer: &str) -> Vec<&str> {
        let list = self.at(pointer).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text("/Id")
    }

    /// The name, without the leading slash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("/Name").trim_start_matches('/')
    }

    /// The image itself: `sha256:…`.
    #[must_use]
    pub fn image_id(&self) -> &str {
        self.text("/Image")
    }

    /// Process 1 as the host numbers it; `None` when it does not run.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let pid = self.at("/State/Pid")?.as_u64()?;
        u32::try_from(pid).ok().filter(|pid| *pid != 0)
    }

    /// True when it runs and is not being restarted.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.text("/State/Status") == "running"
    }

    /// `healthy`, `starting`, `unhealthy`; `None` without a healthcheck.
    #[must_use]
    pub fn health(&self) -> Option<&str> {
        self.at("/State/Health/Status")?.as_str().filter(|word| *word != "none" && !word.is_empty())
    }

    /// A label.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.at("/Config/Labels")?.get(name)?.as_str()
    }
}

impl Engine {
    /// Containers that carry all the labels (`name=value`), stopped ones too, ordered by name.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn containers(&self, labels: &[String]) -> Result<Vec<Summary>, EngineError> {
        let filters = HashMap::from([("label".to_owned(), labels.to_vec())]);
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let found = self.wait("listing containers", self.docker.list_containers(Some(options)))?;
        let mut all: Vec<Summary> = found
            .into_iter()
            .map(|container| {
                let names = container.names.unwrap_or_default();
                Summary {
                    id: container.id.unwrap_or_default(),
                    name: names
                        .first()
                        .map(|name| name.trim_start_matches('/').to_owned())
                        .unwrap_or_default(),
                    state: container.state.map(|state| state.to_string()).unwrap_or_default(),
                    labels: container.labels.unwrap_or_default(),
                }
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The containers of a Compose project, without those of `docker compose run`.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn project(&self, name: &str) -> Result<Vec<Summary>, EngineError> {
        let mut all = self.containers(&[format!("{}={name}", names::PROJECT)])?;
        all.retain(|container| container.labels.get(names::ONE_OFF).is_none_or(|one_off| one_off != "True"));
        Ok(all)
    }

    /// Everything the engine says of a container.
    ///
    /// # Errors
    /// When there is none of that id or name.
    pub fn inspect(&self, container: &str) -> Result<Inspect, EngineError> {
        let what = format!("container {container}");
        let answer = self.wait(&what, self.docker.inspect_container(container, None))?;
        let value = serde_json::to_value(answer)
            .map_err(|error| EngineError::Refused { what, message: error.to_string() })?;
        Ok(Inspect(value))
    }

    /// As [`Engine::inspect`], with `None` for a container that does not exist.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn find(&self, container: &str) -> Result<Option<Inspect>, EngineError> {
        match self.inspect(container) {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
