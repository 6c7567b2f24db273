use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A copy of a fixture that a test may change.
pub(crate) struct Sandbox {
    folder: TempDir,
}

/// What a run of the program left.
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Status, then both streams, without the version of the program.
    pub(crate) fn shown(&self) -> String {
        let status = self.status.map_or_else(|| "killed".to_owned(), |status| status.to_string());
        let version = env!("CARGO_PKG_VERSION");
        let text =
            format!("exit status {status}\n{}\n---\n{}", self.stdout.trim_end(), self.stderr.trim_end());
        text.replace(version, "[version]").trim_end_matches("\n---\n").to_owned()
    }
}

impl Sandbox {
    /// A folder named `stack` that holds a copy of that fixture.
    pub(crate) fn of(fixture: &str) -> Self {
        let sandbox = Self::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(fixture);
        assert!(from.is_dir(), "no fixture {fixture}");
        copy(&from, &sandbox.path(""));
        sandbox
    }

    /// An empty folder named `stack`.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("stack")).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join("stack").join(relative)
    }

    pub(crate) fn write(&self, relative: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(relative), text).unwrap();
    }

    pub(crate) fn read(&self, relative: &str) -> String {
        fs::read_to_string(self.path(relative)).unwrap()
    }

    /// Runs `temper ARGS` in the folder.
    pub(crate) fn temper<I: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = I>) -> Outcome {
        let output = self.command(args).output().unwrap();
        Outcome {
            status: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// `temper ARGS` in the folder, not yet started.
    pub(crate) fn command<I: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = I>,
    ) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_temper"));
        // Variables of whoever runs the tests have no say in what Compose files mean.
        command.args(args).current_dir(self.path("")).env_clear();
        command
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
