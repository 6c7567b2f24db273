use std::collections::HashMap;

use bollard::models::{
    NetworkConnectRequest, NetworkCreateRequest, NetworkDisconnectRequest, VolumeCreateRequest,
};
use bollard::query_parameters::{ListVolumesOptionsBuilder, RemoveVolumeOptionsBuilder};
use serde_json::Value;

use super::{Engine, EngineError};

impl Engine {
    /// What the engine says of a network, in the form of its API; `None` when there is none of that name.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn network(&self, name: &str) -> Result<Option<Value>, EngineError> {
        match self.wait(&format!("network {name}"), self.docker.inspect_network(name, None)) {
            Ok(network) => Ok(serde_json::to_value(network).ok()),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Connects a container to a network; `settings` in the form of the API's `EndpointSettings`.
    ///
    /// # Errors
    /// When the network does not exist or the container is connected already.
    pub fn connect_network(
        &self,
        network: &str,
        container: &str,
        settings: Value,
    ) -> Result<(), EngineError> {
        let what = format!("connecting container {container} to network {network}");
        let endpoint_config = serde_json::from_value(settings)
            .map_err(|error| EngineError::Refused { what: what.clone(), message: error.to_string() })?;
        let request = NetworkConnectRequest { container: container.to_owned(), endpoint_config };
        self.wait(&what, self.docker.connect_network(network, request))
    }

    /// Takes a container off a network.
    ///
    /// # Errors
    /// When it is not on it.
    pub fn disconnect_network(&self, network: &str, container: &str) -> Result<(), EngineError> {
        let what = format!("disconnecting container {container} from network {network}");
        let request = NetworkDisconnectRequest { container: container.to_owned(), force: Some(false) };
        self.wait(&what, self.docker.disconnect_network(network, request))
    }

    /// Makes a network from a body in the form of the Engine API (`POST /networks/create`).
    ///
    /// # Errors
    /// When the engine refuses, such as for an address range that is taken.
    pub fn create_network(&self, body: Value) -> Result<(), EngineError> {
        let what = "creating a network".to_owned();
        let request: NetworkCreateRequest = serde_json::from_value(body)
            .map_err(|error| EngineError::Refused { what: what.clone(), message: error.to_string() })?;
        self.wait(&what, self.docker.create_network(request)).map(|_| ())
    }

    /// Removes a network. A network that does not exist is no error.
    ///
    /// # Errors
    /// When a container uses it.
    pub fn remove_network(&self, name: &str) -> Result<(), EngineError> {
        match self.wait(&format!("removing network {name}"), self.docker.remove_network(name)) {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// What the engine says of a volume, in the form of its API; `None` when there is none of that name.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn volume(&self, name: &str) -> Result<Option<Value>, EngineError> {
        match self.wait(&format!("volume {name}"), self.docker.inspect_volume(name)) {
            Ok(volume) => Ok(serde_json::to_value(volume).ok()),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Names of the volumes that carry the label (`name=value`).
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn volumes(&self, label: &str) -> Result<Vec<String>, EngineError> {
        let filters = HashMap::from([("label".to_owned(), vec![label.to_owned()])]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let found = self.wait("listing volumes", self.docker.list_volumes(Some(options)))?;
        let mut names: Vec<String> =
            found.volumes.unwrap_or_default().into_iter().map(|volume| volume.name).collect();
        names.sort();
        Ok(names)
    }

    /// Makes a volume with labels; one of that name that exists already is left as it is.
    ///
    /// # Errors
    /// When the engine refuses.
    pub fn create_volume(&self, name: &str, labels: &[(&str, &str)]) -> Result<(), EngineError> {
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let request =
            VolumeCreateRequest { name: Some(name.to_owned()), labels: Some(labels), ..Default::default() };
        self.wait(&format!("creating volume {name}"), self.docker.create_volume(request)).map(|_| ())
    }

    /// Removes a volume with what is in it. A volume that does not exist is no error.
    ///
    /// # Errors
    /// When a container uses it.
    pub fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let options = RemoveVolumeOptionsBuilder::default().build();
        match self.wait(&format!("removing volume {name}"), self.docker.remove_volume(name, Some(options))) {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }
}
