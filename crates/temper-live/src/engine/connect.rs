use std::future::Future;
use std::sync::Arc;

use bollard::{API_DEFAULT_VERSION, Docker};
use tokio::runtime::Runtime;

use super::EngineError;

/// Where Docker listens unless `DOCKER_HOST` says otherwise.
const DEFAULT_ADDRESS: &str = "unix:///var/run/docker.sock";

/// Seconds until a request is given up. Stopping a container waits for its grace period, which may be minutes.
const TIMEOUT_SECONDS: u64 = 600;

/// A container engine that answered. Cheap to clone; calls block and may come from several threads.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(super) docker: Docker,
    runtime: Arc<Runtime>,
    address: String,
}

/// Versions of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Of the engine: `20.10.24+dfsg1`.
    pub engine: String,
    /// Of its API: `1.41`.
    pub api: String,
    /// Of the kernel.
    pub kernel: String,
    /// `linux`, `windows`.
    pub os: String,
}

impl Engine {
    /// Connects to `address`, or to `DOCKER_HOST`, or to the default socket, and agrees on a version of the API.
    ///
    /// # Errors
    /// When nobody answers there or the socket may not be used.
    pub fn connect(address: Option<&str>) -> Result<Self, EngineError> {
        let from_environment = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        let address =
            address.map(str::to_owned).or(from_environment).unwrap_or_else(|| DEFAULT_ADDRESS.to_owned());
        let unusable = |reason: String| EngineError::Address { address: address.clone(), reason };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(|error| unusable(error.to_string()))?;
        // The client starts tasks of its own, which needs a runtime around it.
        let guard = runtime.enter();
        let docker = if address.starts_with("unix://") {
            missing_socket(&address)?;
            Docker::connect_with_unix(&address, TIMEOUT_SECONDS, API_DEFAULT_VERSION)
        } else if address.starts_with("tcp://") || address.starts_with("http://") {
            Docker::connect_with_http(&address, TIMEOUT_SECONDS, API_DEFAULT_VERSION)
        } else {
            return Err(unusable("this kind of address is not supported".to_owned()));
        };
        let docker = docker.map_err(|error| EngineError::of(error, &address, "connecting"))?;
        let docker = runtime
            .block_on(docker.negotiate_version())
            .map_err(|error| EngineError::of(error, &address, "asking for its version"))?;
        drop(guard);
        Ok(Self { docker, runtime: Arc::new(runtime), address })
    }

    /// The address of the engine.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// True when the engine runs on this machine, as far as the address tells: then its processes are in `/proc`.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.address.starts_with("unix://")
    }

    /// Versions of the engine.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn version(&self) -> Result<Version, EngineError> {
        let version = self.wait("version", self.docker.version())?;
        Ok(Version {
            engine: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            kernel: version.kernel_version.unwrap_or_default(),
            os: version.os.unwrap_or_default(),
        })
    }

    /// Security features of the engine: `name=seccomp,profile=default`, `name=apparmor`, `name=rootless`, ...
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn security_options(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.wait("info", self.docker.info())?.security_options.unwrap_or_default())
    }

    /// Memory of the machine of the engine, bytes; 0 when it does not say.
    ///
    /// # Errors
    /// When the engine cannot be asked.
    pub fn memory(&self) -> Result<u64, EngineError> {
        let total = self.wait("info", self.docker.info())?.mem_total.unwrap_or(0);
        Ok(u64::try_from(total).unwrap_or(0))
    }

    /// Runs one request to its end.
    pub(super) fn wait<T>(
        &self,
        what: &str,
        request: impl Future<Output = Result<T, bollard::errors::Error>>,
    ) -> Result<T, EngineError> {
        self.runtime.block_on(request).map_err(|error| EngineError::of(error, &self.address, what))
    }
}

/// The client reports a missing socket without its path; this says which and why.
fn missing_socket(address: &str) -> Result<(), EngineError> {
    let path = address.trim_start_matches("unix://");
    match std::fs::metadata(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(EngineError::Forbidden { address: address.to_owned() })
        }
        Err(error) => {
            Err(EngineError::Unreachable { address: address.to_owned(), reason: error.to_string() })
        }
    }
}
