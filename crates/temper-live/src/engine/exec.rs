use std::time::Duration;

use bollard::exec::{CreateExecOptions, StartExecOptions, StartExecResults};
use futures_util::StreamExt;

use super::{Engine, EngineError};

/// A command that was run in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Its exit status; `None` when it had not ended in time. It then goes on: the engine cannot end it.
    pub status: Option<i64>,
    /// What it printed, both outputs together; bytes that are not UTF-8 are replaced.
    pub output: String,
}

impl Engine {
    /// Runs a command in a running container as its user, without a shell, and waits for its end at most `patience`. At
    /// most `limit` bytes of what it prints are kept.
    ///
    /// # Errors
    /// When the container does not run. A program that is not there ends with status 126 or 127.
    pub fn exec(
        &self,
        container: &str,
        command: &[String],
        patience: Duration,
        limit: u64,
    ) -> Result<Run, EngineError> {
        let what = format!("running a command in container {container}");
        let options = CreateExecOptions {
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let run = async {
            let id = self.docker.create_exec(container, options).await?.id;
            let mut output = Vec::new();
            let ended = tokio::time::timeout(patience, async {
                let started = self.docker.start_exec(&id, None::<StartExecOptions>).await?;
                if let StartExecResults::Attached { output: mut stream, .. } = started {
                    while let Some(piece) = stream.next().await {
                        let bytes = piece?.into_bytes();
                        let room = limit.saturating_sub(output.len()).min(bytes.len());
                        output.extend_from_slice(&bytes[..room]);
                    }
                }
                self.docker.inspect_exec(&id).await
            });
            let status = match ended.await {
                Ok(inspected) => inspected?.exit_code,
                Err(_) => None,
            };
            Ok(Run { status, output: String::from_utf8_lossy(&output).into_owned() })
        };
        self.wait(&what, run)
    }
}
