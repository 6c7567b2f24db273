//! The change that `temper apply` writes for `examples/shop`, on a real engine: it starts, serves, keeps its data over a
//! restart, and nothing in it is told that it may not do something.
//!
//! `TEMPER_TEST_ENGINE` names the engine; `cargo xtask test` sets it, and builds the images that the example names.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// What a program prints that hardening has taken something away from.
const DENIED: [&str; 6] = [
    "Read-only file system",
    "read-only file system",
    "Permission denied",
    "permission denied",
    "Operation not permitted",
    "operation not permitted",
];

/// Ports of the host are one for all tests; the stack is asked at the address of its proxy instead.
const NO_PORTS: &str = "services:
  proxy: {ports: !reset []}
  postgres: {ports: !reset []}
  prometheus: {ports: !reset []}
";

const OVERLAY: &str = "docker-compose.hardened.yml";

#[test]
fn hardened_shop_serves_and_keeps_its_data_over_a_restart() {
    let shop = Shop::new("restart");
    shop.harden();
    shop.compose(&["up", "-d", "--build", "--wait"]);
    shop.smoke();
    shop.writes_everywhere();
    shop.wait_for_invoices(1);

    shop.compose(&["restart", "--timeout", "5"]);
    shop.compose(&["up", "-d", "--wait"]);
    shop.smoke();
    shop.writes_everywhere();
    shop.wait_for_invoices(2);

    assert_eq!(shop.denials(), Vec::<String>::new());
    // A health check that looks at a file of the last run stays green for a while after the jobs began to fail.
    let scheduler = shop.compose(&["logs", "scheduler"]);
    assert!(scheduler.contains("/internal/announce: {"), "{scheduler}");
    // 503 is what the API says while everything restarts at once; 401 would be a token that only one side has.
    assert!(!scheduler.contains("HTTP Error 4"), "{scheduler}");
}

/// A copy of the example in a project of its own, which is gone when dropped.
struct Shop {
    folder: TempDir,
    project: String,
}

impl Shop {
    fn new(name: &str) -> Self {
        std::env::var_os("TEMPER_TEST_ENGINE").expect(
            "set TEMPER_TEST_ENGINE to the address of a Docker engine with the images of examples/shop, or run \
             `cargo xtask test`",
        );
        let folder = tempfile::tempdir().unwrap();
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
        copy(&example, folder.path());
        fs::write(folder.path().join("no-ports.yml"), NO_PORTS).unwrap();
        Self { folder, project: format!("temper-test-shop-{name}-{}", std::process::id()) }
    }

    fn harden(&self) {
        let mut apply = Command::new(env!("CARGO_BIN_EXE_temper"));
        apply.args(["apply", "-f", "compose.yml"]).current_dir(self.folder.path());
        output(&mut apply);
        assert!(self.folder.path().join(OVERLAY).is_file());
    }

    fn compose_command(&self) -> Command {
        let mut command = Command::new("docker");
        command.args(["compose", "--project-name", &self.project, "-f", "compose.yml", "-f", "no-ports.yml"]);
        if self.folder.path().join(OVERLAY).is_file() {
            command.args(["-f", OVERLAY]);
            // The overlay publishes ports again, on this host only.
            command.args(["-f", "no-ports.yml"]);
        }
        // Images of this copy, not of the example itself.
        command.current_dir(self.folder.path()).env("SHOP_TAG", &self.project).env("SCHEDULER_INTERVAL", "2");
        command
    }

    fn compose(&self, args: &[&str]) -> String {
        output(self.compose_command().args(args))
    }

    fn exec(&self, service: &str, command: &[&str]) -> String {
        self.compose(&[&["exec", "-T", service], command].concat())
    }

    /// The example's own test, from outside.
    fn smoke(&self) {
        let id = self.compose(&["ps", "-q", "proxy"]);
        let format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
        let address = output(Command::new("docker").args(["inspect", "-f", format, id.trim()]));
        let url = format!("http://{}", address.trim());
        output(Command::new("scripts/smoke.sh").arg(url).current_dir(self.folder.path()));
    }

    /// A server that cannot write its data answers its health check all the same.
    fn writes_everywhere(&self) {
        assert_eq!(self.exec("redis", &["redis-cli", "save"]).trim(), "OK");
        let checkpoint = ["psql", "-h", "127.0.0.1", "-U", "shop", "-d", "shop", "-c", "CHECKPOINT"];
        let command = [&["env", "PGPASSWORD=shop"][..], &checkpoint].concat();
        assert_eq!(self.exec("postgres", &command).trim(), "CHECKPOINT");
        // Scrapes the API and the worker; its own database is asked what it holds.
        let query = "http://localhost:9090/api/v1/query?query=up";
        assert!(self.exec("prometheus", &["wget", "-q", "-O", "-", query]).contains("success"));
    }

    /// The worker says that it is well also when it cannot write an invoice.
    fn wait_for_invoices(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let written = self.exec("worker", &["ls", "/data/invoices"]);
            if written.lines().count() >= count {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "{written:?} instead of {count}\n{}",
                self.compose(&["logs", "worker"])
            );
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Lines of the logs that speak of something denied, but for those of postgres's entrypoint, which tries to set modes
    /// that are already right and goes on.
    fn denials(&self) -> Vec<String> {
        let logs = self.compose(&["logs", "--no-color", "--no-log-prefix"]);
        let denied = logs.lines().filter(|line| DENIED.iter().any(|words| line.contains(words)));
        denied.filter(|line| !line.starts_with("chmod: changing permissions of")).map(str::to_owned).collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // Best effort: a failure here must not hide the one that the test is about.
        let _ = self.compose_command().args(["down", "--volumes", "--timeout", "2"]).output();
        let images = ["api", "worker", "scheduler"].map(|name| format!("shop/{name}:{}", self.project));
        let _ = Command::new("docker").args(["image", "rm"]).args(images).output();
    }
}

/// Runs a command that must succeed, and gives what it printed.
fn output(command: &mut Command) -> String {
    let result = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&result.stdout).into_owned();
    let errors = String::from_utf8_lossy(&result.stderr);
    assert!(result.status.success(), "{command:?}: {}\n{text}\n{errors}", result.status);
    text
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).unwrap();
        }
    }
}
