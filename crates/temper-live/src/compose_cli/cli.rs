use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;

use super::ComposeError;
use crate::journal::Lock;

/// The Compose command line, version 2 or later.
#[derive(Debug, Clone)]
pub struct Cli {
    /// Program and leading arguments: `["docker", "compose"]` or `["/usr/bin/docker-compose"]`.
    program: Vec<String>,
    /// Its version.
    pub version: (u32, u32, u32),
    /// The engine it talks to, as for `DOCKER_HOST`.
    address: String,
    /// What it reads: nothing, or the empty file that shows that it is at work.
    input: Option<Arc<File>>,
}

/// Which files of which project a command is about.
#[derive(Debug, Clone, Default)]
pub struct Files {
    /// The directory the command runs in.
    pub directory: PathBuf,
    /// `-f`; empty: Compose finds them.
    pub files: Vec<PathBuf>,
    /// `--project-directory`.
    pub project_directory: Option<PathBuf>,
    /// `-p`.
    pub project_name: Option<String>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--env-file`.
    pub env_files: Vec<PathBuf>,
}

impl Files {
    fn arguments(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut option = |name: &str, value: String| all.extend([name.to_owned(), value]);
        for file in &self.files {
            option("-f", file.display().to_string());
        }
        for file in &self.env_files {
            option("--env-file", file.display().to_string());
        }
        for profile in &self.profiles {
            option("--profile", profile.clone());
        }
        if let Some(name) = &self.project_name {
            option("-p", name.clone());
        }
        if let Some(directory) = &self.project_directory {
            option("--project-directory", directory.display().to_string());
        }
        all
    }
}

impl Cli {
    /// Finds Compose: the program in `TEMPER_COMPOSE`, else the plugin (`docker compose`), else `docker-compose`.
    ///
    /// # Errors
    /// When there is none, or only version 1.
    pub fn find(address: &str) -> Result<Self, ComposeError> {
        let named = std::env::var("TEMPER_COMPOSE").ok().filter(|program| !program.is_empty());
        let candidates: Vec<Vec<String>> = match named {
            Some(program) => vec![vec![program]],
            None => vec![vec!["docker".to_owned(), "compose".to_owned()], vec!["docker-compose".to_owned()]],
        };
        let mut refused = ComposeError::Missing;
        for program in candidates {
            let Some(text) = version_of(&program) else { continue };
            match parse_version(&text) {
                Some(version) if version.0 >= 2 => {
                    return Ok(Self { program, version, address: address.to_owned(), input: None });
                }
                _ => refused = ComposeError::Old { program: program.join(" "), version: text },
            }
        }
        Err(refused)
    }

    /// The same, and the lock is not free while it runs: also when this process has been killed.
    #[must_use]
    pub fn under(mut self, lock: &Lock) -> Self {
        self.input = Some(lock.helpers());
        self
    }

    /// What `config --format json` prints: the merged project.
    ///
    /// # Errors
    /// When Compose refuses the files.
    pub fn config(&self, files: &Files) -> Result<Value, ComposeError> {
        let output = self.run(files, &["config", "--format", "json"])?;
        serde_json::from_slice(&output.stdout).map_err(|error| ComposeError::Failed {
            command: "docker compose config".to_owned(),
            message: format!("its output is no JSON: {error}"),
        })
    }

    /// The hashes that Compose compares to decide whether a container is up to date, by service.
    ///
    /// # Errors
    /// When Compose refuses the files.
    pub fn hashes(&self, files: &Files) -> Result<Vec<(String, String)>, ComposeError> {
        let output = self.run(files, &["config", "--hash", "*"])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        Ok(pairs.map(|(service, hash)| (service.to_owned(), hash.trim().to_owned())).collect())
    }

    /// Runs a command and returns what it printed.
    ///
    /// # Errors
    /// When it cannot be started or ends with an error; the message is the end of its standard error.
    pub fn run(&self, files: &Files, arguments: &[&str]) -> Result<Output, ComposeError> {
        // `find` only accepts programs that have a first word.
        let (program, leading) = self.program.split_first().ok_or(ComposeError::Missing)?;
        let start = |reason: std::io::Error| ComposeError::Start {
            program: program.clone(),
            reason: reason.to_string(),
        };
        let input = match &self.input {
            Some(file) => file.try_clone().map_err(start)?.into(),
            None => Stdio::null(),
        };
        let output = Command::new(program)
            .args(leading)
            .args(files.arguments())
            .args(arguments)
            .current_dir(&files.directory)
            .env("DOCKER_HOST", &self.address)
            .stdin(input)
            .output()
            .map_err(start)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(ComposeError::Failed {
            command: format!("docker compose {}", arguments.join(" ")),
            message: last_lines(&String::from_utf8_lossy(&output.stderr), 6),
        })
    }
}

fn version_of(program: &[String]) -> Option<String> {
    let (first, rest) = program.split_first()?;
    let output =
        Command::new(first).args(rest).args(["version", "--short"]).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}

/// `v2.26.1`, `2.26.1-3`, `2.40.3+ds1`.
fn parse_version(text: &str) -> Option<(u32, u32, u32)> {
    let numbers = text.trim_start_matches('v').split(|c: char| !c.is_ascii_digit());
    let mut numbers = numbers.map(|digits| digits.parse().ok());
    let mut next = || numbers.next().flatten();
    Some((next()?, next()?, next().unwrap_or(0)))
}

fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::{last_lines, parse_version};

    #[test]
    fn a_version_is_read_with_any_decoration() {
        assert_eq!(parse_version("v2.26.1"), Some((2, 26, 1)));
        assert_eq!(parse_version("2.40.3+ds1-1"), Some((2, 40, 3)));
        assert_eq!(parse_version("1.29.2"), Some((1, 29, 2)));
        assert_eq!(parse_version("unknown"), None);
    }

    #[test]
    fn an_error_keeps_the_end_of_what_was_written() {
        assert_eq!(last_lines("a\n\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a\n", 6), "a");
    }
}
