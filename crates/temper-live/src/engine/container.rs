use bollard::models::ContainerCreateBody;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, KillContainerOptionsBuilder, LogsOptionsBuilder,
    RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder, RestartContainerOptionsBuilder,
    StopContainerOptionsBuilder,
};
use futures_util::StreamExt;
use serde_json::Value;

use super::{Engine, EngineError};

/// A container that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// Its id.
    pub id: String,
    /// What the engine warned of.
    pub warnings: Vec<String>,
}

/// One piece of a container's output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// True when it came from standard error.
    pub error: bool,
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
}

impl Engine {
    /// Makes a container from a body in the form of the Engine API (`POST /containers/create`); it is not started.
    ///
    /// # Errors
    /// When the engine refuses, such as for a name that is taken.
    pub fn create(&self, name: &str, body: Value) -> Result<Created, EngineError> {
        let what = format!("creating container {name}");
        let body: ContainerCreateBody = serde_json::from_value(body)
            .map_err(|error| EngineError::Refused { what: what.clone(), message: error.to_string() })?;
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        let created = self.wait(&what, self.docker.create_container(Some(options), body))?;
        Ok(Created { id: created.id, warnings: created.warnings })
    }

    /// Starts a container; one that runs already is left alone.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, container: &str) -> Result<(), EngineError> {
        self.wait(&format!("starting container {container}"), self.docker.start_container(container, None))
    }

    /// Stops a container within its grace period, or within `seconds`; one that does not run is left alone.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn stop(&self, container: &str, seconds: Option<i32>) -> Result<(), EngineError> {
        let mut options = StopContainerOptionsBuilder::default();
        if let Some(seconds) = seconds {
            options = options.t(seconds);
        }
        let request = self.docker.stop_container(container, Some(options.build()));
        self.wait(&format!("stopping container {container}"), request)
    }

    /// Stops it within its grace period and starts it again.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&self, container: &str) -> Result<(), EngineError> {
        let options = RestartContainerOptionsBuilder::default().build();
        let request = self.docker.restart_container(container, Some(options));
        self.wait(&format!("restarting container {container}"), request)
    }

    /// Kills it at once.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&self, container: &str) -> Result<(), EngineError> {
        let options = KillContainerOptionsBuilder::default().signal("SIGKILL").build();
        self.wait(
            &format!("killing container {container}"),
            self.docker.kill_container(container, Some(options)),
        )
    }

    /// Removes a container; `anonymous` removes its volumes without a name too. Named volumes always stay.
    ///
    /// # Errors
    /// When it runs and `force` is not set. A container that does not exist is no error.
    pub fn remove(&self, container: &str, force: bool, anonymous: bool) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::default().force(force).v(anonymous).build();
        let request = self.docker.remove_container(container, Some(options));
        match self.wait(&format!("removing container {container}"), request) {
            Err(error) if error.is_not_found() => Ok(()),
            other => other,
        }
    }

    /// Gives a container another name.
    ///
    /// # Errors
    /// When the name is taken.
    pub fn rename(&self, container: &str, name: &str) -> Result<(), EngineError> {
        let options = RenameContainerOptionsBuilder::default().name(name).build();
        let request = self.docker.rename_container(container, options);
        self.wait(&format!("renaming container {container} to {name}"), request)
    }

    /// What a container has written since a moment, in seconds since 1970 (0: everything).
    ///
    /// # Errors
    /// When its log driver cannot be read.
    pub fn logs(&self, container: &str, since: i32) -> Result<Vec<LogLine>, EngineError> {
        self.read_log(container, since, "all")
    }

    /// The last `lines` of what a container has written since a moment, in seconds since 1970 (0: since ever). Logs may
    /// be of any size.
    ///
    /// # Errors
    /// When its log driver cannot be read.
    pub fn log_tail(&self, container: &str, since: i32, lines: u32) -> Result<Vec<LogLine>, EngineError> {
        self.read_log(container, since, &lines.to_string())
    }

    fn read_log(&self, container: &str, since: i32, tail: &str) -> Result<Vec<LogLine>, EngineError> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).since(since).tail(tail).build();
        let what = format!("reading the log of container {container}");
        let lines = async {
            let mut stream = self.docker.logs(container, Some(options));
            let mut lines = Vec::new();
            while let Some(piece) = stream.next().await {
                let piece = piece?;
                let error = matches!(piece, bollard::container::LogOutput::StdErr { .. });
                lines
                    .push(LogLine { error, text: String::from_utf8_lossy(&piece.into_bytes()).into_owned() });
            }
            Ok(lines)
        };
        self.wait(&what, lines)
    }
}
