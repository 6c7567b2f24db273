use std::time::Duration;

use super::patience::has_healthcheck;
use super::{NotReady, Patience, ReadyBy};
use crate::engine::Inspect;

/// Decides from one look after another whether a container came up. It has no clock of its own.
pub(super) struct Watch<'a> {
    patience: &'a Patience,
    /// When it began to work, and went on since.
    working_since: Option<Duration>,
    /// The start that it was first seen with.
    started_at: Option<String>,
}

/// What is known after a look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    Wait,
    Ready(ReadyBy),
    NotReady(NotReady),
}

impl<'a> Watch<'a> {
    pub(super) fn new(patience: &'a Patience) -> Self {
        Self { patience, working_since: None, started_at: None }
    }

    /// One look, `now` after the beginning. `closed` asks for the first port that does not answer, and why.
    pub(super) fn look(
        &mut self,
        container: &Inspect,
        now: Duration,
        closed: impl FnOnce() -> Option<(u16, String)>,
    ) -> Decision {
        if let Some(decision) = self.ended(container) {
            return decision;
        }
        let running = container.is_running();
        let (works, by, lack) = if !running {
            // Between two starts of its restart policy.
            (false, ReadyBy::Process, NotReady::State(container.text("/State/Status").to_owned()))
        } else if has_healthcheck(container) {
            match container.health() {
                Some("unhealthy") => return Decision::NotReady(NotReady::Unhealthy),
                Some("healthy") => (true, ReadyBy::Health, NotReady::Unsteady),
                _ => (false, ReadyBy::Health, NotReady::HealthUnanswered(now.as_secs())),
            }
        } else if self.patience.ports.is_empty() {
            (true, ReadyBy::Process, NotReady::Unsteady)
        } else {
            let by = ReadyBy::Ports(self.patience.ports.clone());
            match closed() {
                None => (true, by, NotReady::Unsteady),
                Some((port, reason)) => (false, by, NotReady::PortClosed { port, reason }),
            }
        };
        self.judge(works, by, lack, now)
    }

    fn judge(&mut self, works: bool, by: ReadyBy, lack: NotReady, now: Duration) -> Decision {
        match (self.working_since, works) {
            (Some(since), true) if now.saturating_sub(since) >= self.patience.steady => Decision::Ready(by),
            (Some(_), true) => Decision::Wait,
            // One that began in time may finish its steady time.
            (None, true) if now <= self.patience.longest => {
                self.working_since = Some(now);
                Decision::Wait
            }
            (_, false) if now < self.patience.longest => {
                self.working_since = None;
                Decision::Wait
            }
            (Some(_), false) => Decision::NotReady(NotReady::Unsteady),
            (None, _) => Decision::NotReady(lack),
        }
    }

    /// Whether it ended, or is being started again and again.
    fn ended(&mut self, container: &Inspect) -> Option<Decision> {
        let restarts = container.at("/RestartCount").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if restarts > self.patience.restarts {
            return Some(Decision::NotReady(NotReady::Restarting(restarts)));
        }
        let started = container.text("/State/StartedAt").to_owned();
        if self.started_at.get_or_insert_with(|| started.clone()) != &started {
            // Another run of it has to show itself from the beginning.
            self.started_at = Some(started);
            self.working_since = None;
        }
        match container.text("/State/Status") {
            "running" | "restarting" => None,
            "exited" => {
                let code = container.at("/State/ExitCode").and_then(serde_json::Value::as_i64);
                Some(match code {
                    Some(0) if self.patience.may_end => Decision::Ready(ReadyBy::Ended),
                    _ => Decision::NotReady(NotReady::Exited),
                })
            }
            other => Some(Decision::NotReady(NotReady::State(other.to_owned()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::{Decision, NotReady, Patience, ReadyBy, Watch};
    use crate::engine::Inspect;

    fn patience() -> Patience {
        Patience {
            longest: Duration::from_secs(10),
            steady: Duration::from_secs(2),
            restarts: 0,
            ports: Vec::new(),
            may_end: false,
        }
    }

    fn container(state: Value, restarts: u64, check: bool) -> Inspect {
        let test = if check { json!(["CMD", "true"]) } else { json!(null) };
        Inspect::new(
            json!({"State": state, "RestartCount": restarts, "Config": {"Healthcheck": {"Test": test}}}),
        )
    }

    fn running(health: &str) -> Inspect {
        container(json!({"Status": "running", "Health": {"Status": health}, "StartedAt": "a"}), 0, true)
    }

    /// Looks once a second until something is decided.
    fn decide(patience: &Patience, looks: &[Inspect]) -> (u64, Decision) {
        let mut watch = Watch::new(patience);
        for second in 0..60 {
            // The last look goes on.
            let look = looks.get(second as usize).or(looks.last()).unwrap();
            let closed = || look.label("open").is_none().then(|| (80, "connection refused".to_owned()));
            let decision = watch.look(look, Duration::from_secs(second), closed);
            if decision != Decision::Wait {
                return (second, decision);
            }
        }
        panic!("nothing was decided");
    }

    #[test]
    fn a_healthy_container_has_to_stay_so() {
        let looks = [running("starting"), running("healthy")];
        assert_eq!(decide(&patience(), &looks), (3, Decision::Ready(ReadyBy::Health)));
        let flapping = [running("healthy"), running("starting"), running("healthy")];
        assert_eq!(decide(&patience(), &flapping), (4, Decision::Ready(ReadyBy::Health)));
    }

    #[test]
    fn a_health_check_without_an_end_is_an_outcome() {
        let unanswered = Decision::NotReady(NotReady::HealthUnanswered(10));
        assert_eq!(decide(&patience(), &[running("starting")]), (10, unanswered));
        let unhealthy = Decision::NotReady(NotReady::Unhealthy);
        assert_eq!(decide(&patience(), &[running("starting"), running("unhealthy")]), (1, unhealthy));
    }

    #[test]
    fn a_container_that_ends_is_told_at_once() {
        let exited = container(json!({"Status": "exited", "ExitCode": 0}), 0, false);
        let up = container(json!({"Status": "running"}), 0, false);
        assert_eq!(
            decide(&patience(), &[up.clone(), exited.clone()]),
            (1, Decision::NotReady(NotReady::Exited))
        );
        let job = Patience { may_end: true, ..patience() };
        assert_eq!(decide(&job, &[up, exited]), (1, Decision::Ready(ReadyBy::Ended)));
        let failed = container(json!({"Status": "exited", "ExitCode": 1}), 0, false);
        assert_eq!(decide(&job, &[failed]).1, Decision::NotReady(NotReady::Exited));
        let looping = container(json!({"Status": "restarting"}), 3, true);
        assert_eq!(decide(&patience(), &[looping]), (0, Decision::NotReady(NotReady::Restarting(3))));
        let paused = container(json!({"Status": "paused"}), 0, false);
        assert_eq!(
            decide(&patience(), &[paused]).1,
            Decision::NotReady(NotReady::State("paused".to_owned()))
        );
    }

    #[test]
    fn a_start_by_somebody_else_begins_the_steady_time_anew() {
        let run = |start: &str| container(json!({"Status": "running", "StartedAt": start}), 0, false);
        let looks = [run("a"), run("a"), run("b")];
        assert_eq!(decide(&patience(), &looks), (4, Decision::Ready(ReadyBy::Process)));
    }

    #[test]
    fn ports_that_answered_before_have_to_answer() {
        let ports = patience().with_ports(vec![80]);
        let closed = container(json!({"Status": "running"}), 0, false);
        let reason = NotReady::PortClosed { port: 80, reason: "connection refused".to_owned() };
        assert_eq!(decide(&ports, std::slice::from_ref(&closed)), (10, Decision::NotReady(reason)));
        let open =
            Inspect::new(json!({"State": {"Status": "running"}, "Config": {"Labels": {"open": "yes"}}}));
        assert_eq!(decide(&ports, &[closed, open]), (3, Decision::Ready(ReadyBy::Ports(vec![80]))));
    }
}
