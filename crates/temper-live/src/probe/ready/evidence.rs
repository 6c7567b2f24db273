use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::{Engine, Inspect};
use crate::probe::Redactor;

/// So many of its last lines are kept.
const LINES: u32 = 20;

/// What was seen of a container that did not come up. Credentials of its environment are taken out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The engine's word for its state.
    pub state: String,
    /// Exit status of its last run; `None` when it never ended.
    pub exit_code: Option<i64>,
    /// True when the kernel killed it for memory.
    pub oom_killed: bool,
    /// What the engine says why it could not be started.
    pub error: String,
    /// What its health check printed last.
    pub health: Option<String>,
    /// The last lines that it wrote.
    pub log: Vec<String>,
}

impl Evidence {
    /// Looks at a container as it was inspected, and at its log.
    pub(super) fn gather(engine: &Engine, container: &Inspect) -> Self {
        let redactor = Redactor::of(container);
        let log = match engine.log_tail(container.id(), 0, LINES) {
            Ok(lines) => lines.iter().map(|line| redactor.line(&line.text)).collect(),
            Err(error) => vec![format!("(its log cannot be read: {error})")],
        };
        let checks = container.at("/State/Health/Log").and_then(Value::as_array);
        let last = checks.and_then(|all| all.last()).and_then(|check| check.get("Output")?.as_str());
        let ended =
            !container.text("/State/FinishedAt").starts_with("0001-") && container.at("/State").is_some();
        Self {
            state: container.text("/State/Status").to_owned(),
            exit_code: container.at("/State/ExitCode").and_then(Value::as_i64).filter(|_| ended),
            oom_killed: container.at("/State/OOMKilled").and_then(Value::as_bool).unwrap_or(false),
            error: redactor.line(container.text("/State/Error")),
            health: last.map(|output| redactor.line(output)).filter(|output| !output.is_empty()),
            log,
        }
    }

    /// How its last run ended, for people: `exit status 1`, `killed for memory`, `killed by SIGSYS, a forbidden system
    /// call`.
    #[must_use]
    pub fn exit(&self) -> Option<String> {
        if self.oom_killed {
            return Some("killed for memory".to_owned());
        }
        let code = self.exit_code?;
        Some(match code {
            126 => "exit status 126: the program cannot be run".to_owned(),
            127 => "exit status 127: the program is not there".to_owned(),
            135 => "killed by SIGBUS".to_owned(),
            137 => "killed by SIGKILL".to_owned(),
            139 => "killed by SIGSEGV".to_owned(),
            143 => "ended by SIGTERM".to_owned(),
            159 => "killed by SIGSYS, a forbidden system call".to_owned(),
            other => format!("exit status {other}"),
        })
    }
}
