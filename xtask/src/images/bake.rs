use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::docker::Docker;
use crate::failure::{Failure, Result};
use crate::shell::{self, say};

/// On each image that was built here, with the hash of what it was built from.
const LABEL: &str = "temper.test.inputs";

/// What to do with an image that has the wanted reference and was not built here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It is the real one, which the tests may use as well, and somebody else may need it.
    Keep,
    /// It was built from an earlier state of the example.
    Replace,
}

/// A file of targets for `docker buildx bake`: HCL, or a Compose file.
pub(super) struct Bake<'a> {
    docker: &'a Docker,
    file: PathBuf,
    variables: Vec<(&'static str, String)>,
    /// Target to reference.
    references: BTreeMap<String, String>,
}

impl<'a> Bake<'a> {
    /// # Errors
    /// When the file is no file of targets, or a target of it has no tag.
    pub(super) fn new(docker: &'a Docker, file: &Path) -> Result<Self> {
        let mut bake =
            Self { docker, file: file.to_owned(), variables: Vec::new(), references: BTreeMap::new() };
        bake.references = references(&shell::read(bake.command().arg("--print"))?)?;
        Ok(bake)
    }

    pub(super) fn with(mut self, variable: &'static str, value: String) -> Self {
        self.variables.push((variable, value));
        self
    }

    /// What the targets are tagged with.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.references.values().map(String::as_str)
    }

    /// The targets whose images are not there, or were built from other inputs than `inputs`.
    ///
    /// # Errors
    /// When the engine does not list its images.
    pub(super) fn targets_to_build(&self, inputs: &str, foreign: Foreign) -> Result<Vec<String>> {
        let images = Images {
            all: self.list(None)?,
            ours: self.list(Some(LABEL.to_owned()))?,
            current: self.list(Some(format!("{LABEL}={inputs}")))?,
        };
        let mut wanted = Vec::new();
        for (target, reference) in &self.references {
            match images.state_of(reference) {
                State::Current => {}
                State::Foreign if foreign == Foreign::Keep => {
                    say(&format!(
                        "images: {reference} was not built here; it is left alone, and the tests use it"
                    ));
                }
                State::Foreign | State::Outdated | State::Missing => wanted.push(target.clone()),
            }
        }
        Ok(wanted)
    }

    /// Builds `targets`, in parallel where they do not depend on each other, and hands the images to the engine.
    ///
    /// # Errors
    /// When a build fails, with what it said.
    pub(super) fn build(&self, targets: &[String], inputs: &str) -> Result<()> {
        say(&format!("images: building {}", targets.join(", ")));
        let mut command = self.command();
        command.args(["--progress", "plain", "--set", &format!("*.labels.{LABEL}={inputs}")]);
        command.args(["--set", "*.output=type=docker"]);
        shell::read(command.args(targets)).map(drop)
    }

    fn command(&self) -> Command {
        let mut command = self.docker.command(&["buildx", "bake", "--file"]);
        command.arg(&self.file).envs(self.variables.iter().map(|(name, value)| (name, value)));
        // Paths in a file of targets are relative to the current folder.
        command.current_dir(self.file.parent().unwrap_or(Path::new(".")));
        command
    }

    /// References of the engine's images; `label` is `NAME` or `NAME=VALUE`.
    fn list(&self, label: Option<String>) -> Result<BTreeSet<String>> {
        let mut command = self.docker.command(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
        if let Some(label) = label {
            command.arg("--filter").arg(format!("label={label}"));
        }
        Ok(shell::read(&mut command)?.lines().map(str::to_owned).collect())
    }
}

enum State {
    Current,
    Outdated,
    Foreign,
    Missing,
}

/// References of the engine's images: of all, of those that were built here, of those that were built from given inputs.
struct Images {
    all: BTreeSet<String>,
    ours: BTreeSet<String>,
    current: BTreeSet<String>,
}

impl Images {
    fn state_of(&self, reference: &str) -> State {
        if self.current.contains(reference) {
            State::Current
        } else if self.ours.contains(reference) {
            State::Outdated
        } else if self.all.contains(reference) {
            State::Foreign
        } else {
            State::Missing
        }
    }
}

/// Reads what `docker buildx bake --print` prints.
fn references(json: &str) -> Result<BTreeMap<String, String>> {
    let unreadable =
        |what: &str| Failure::step(format!("`docker buildx bake --print` printed {what}:\n{json}"));
    let plan: Value =
        serde_json::from_str(json).map_err(|error| unreadable(&format!("no JSON ({error})")))?;
    let targets = plan.get("target").and_then(Value::as_object).ok_or_else(|| unreadable("no targets"))?;
    let reference =
        |(name, target): (&String, &Value)| match target.pointer("/tags/0").and_then(Value::as_str) {
            Some(tag) => Ok((name.clone(), tag.to_owned())),
            None => Err(unreadable(&format!("no tag of `{name}`"))),
        };
    targets.iter().map(reference).collect()
}

#[cfg(test)]
mod tests {
    use super::{Images, State, references};

    #[test]
    fn references_are_the_first_tags_of_the_targets() {
        let json = r#"{"group": {"default": {"targets": ["redis"]}},
            "target": {"redis": {"context": ".", "tags": ["redis:7", "redis:latest"]}, "nats": {"tags": ["nats:2.10"]}}}"#;
        let found: Vec<(String, String)> = references(json).unwrap().into_iter().collect();
        assert_eq!(found, [("nats".into(), "nats:2.10".into()), ("redis".into(), "redis:7".into())]);
    }

    #[test]
    fn target_without_a_tag_is_a_failure() {
        assert!(
            references(r#"{"target": {"redis": {"tags": []}}}"#).unwrap_err().to_string().contains("redis")
        );
        assert!(references("{}").is_err() && references("error").is_err());
    }

    #[test]
    fn image_is_current_only_when_its_label_says_so() {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let images =
            Images { all: set(&["a:1", "b:1", "c:1"]), ours: set(&["a:1", "b:1"]), current: set(&["a:1"]) };
        assert!(matches!(images.state_of("a:1"), State::Current));
        assert!(matches!(images.state_of("b:1"), State::Outdated));
        assert!(matches!(images.state_of("c:1"), State::Foreign));
        assert!(matches!(images.state_of("d:1"), State::Missing));
    }
}
