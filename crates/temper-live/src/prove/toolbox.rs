use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::image::{DIRECTORY, ProgramImage};
use super::parent::token;
use crate::engine::{Engine, EngineError};
use crate::names;

/// How long a container of temper's own may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// This program as an image, and as a volume that can be mounted into other containers. Both go when it is dropped.
pub(super) struct Toolbox<'e> {
    engine: &'e Engine,
    /// Name of the run: on everything that is made, as label and in its name.
    pub(super) run: String,
    image: String,
    /// The words with which the program is started.
    pub(super) command: Vec<String>,
}

impl<'e> Toolbox<'e> {
    /// Makes the image and fills the volume.
    ///
    /// # Errors
    /// What could not be made, for people.
    pub(super) fn make(engine: &'e Engine, program: &Path) -> Result<Self, String> {
        let run = format!("temper-verify-{}", token());
        let image = format!("{run}:latest");
        let packed = ProgramImage::pack(program, &image)?;
        let toolbox = Self { engine, run, image, command: packed.command };
        engine.load_image(packed.archive).map_err(|error| error.to_string())?;
        toolbox.fill().map_err(|error| error.to_string())?;
        Ok(toolbox)
    }

    /// The engine fills a new volume from the image when a container with it is made; the container is never started.
    fn fill(&self) -> Result<(), EngineError> {
        self.engine.create_volume(&self.run, &[(names::RUN, &self.run)])?;
        let name = format!("{}-fill", self.run);
        let body = json!({
            "Image": self.image, "Entrypoint": self.command, "Labels": {names::RUN: self.run},
            "HostConfig": {"Binds": [format!("{}:{DIRECTORY}", self.run)], "NetworkMode": "none"},
        });
        let created = self.engine.create(&name, body)?;
        self.engine.remove(&created.id, true, false)
    }

    /// The volume as an entry of `Binds`.
    pub(super) fn bind(&self) -> String {
        format!("{}:{DIRECTORY}:ro", self.run)
    }

    /// The image of the program.
    pub(super) fn image(&self) -> &str {
        &self.image
    }

    /// Runs a container to its end and gives what it wrote to standard output; it is removed in any case.
    ///
    /// # Errors
    /// Why it did not run to its end, for people.
    pub(super) fn run_to_end(&self, name: &str, mut body: Value) -> Result<String, String> {
        body["Labels"] = json!({names::RUN: self.run});
        body["Healthcheck"] = json!({"Test": ["NONE"]});
        // Its answer is read from the log, whatever the engine uses by default.
        body["HostConfig"]["LogConfig"] = json!({"Type": "json-file", "Config": {}});
        let created = self.engine.create(name, body).map_err(|error| error.to_string())?;
        let answer = self.answer(&created.id);
        let removed = self.engine.remove(&created.id, true, true);
        let answer = answer?;
        removed.map_err(|error| error.to_string())?;
        Ok(answer)
    }

    fn answer(&self, id: &str) -> Result<String, String> {
        let failed = |error: EngineError| error.to_string();
        self.engine.start(id).map_err(failed)?;
        let begun = Instant::now();
        while self.engine.inspect(id).map_err(failed)?.text("/State/Status") == "running" {
            if begun.elapsed() > PATIENCE {
                return Err(format!("it did not end within {} s", PATIENCE.as_secs()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let lines = self.engine.logs(id, 0).map_err(failed)?;
        let text = |error: bool| -> String {
            lines.iter().filter(|line| line.error == error).map(|line| line.text.as_str()).collect()
        };
        let answer = text(false);
        if answer.is_empty() { Err(format!("it gave no answer: {}", text(true).trim())) } else { Ok(answer) }
    }
}

impl Drop for Toolbox<'_> {
    fn drop(&mut self) {
        // What cannot be removed carries the label of the run; nothing waits for it any more.
        let _ = self.engine.remove(&format!("{}-fill", self.run), true, false);
        let _ = self.engine.remove_volume(&self.run);
        let _ = self.engine.remove_image(&self.image);
    }
}
