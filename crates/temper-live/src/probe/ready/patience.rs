use std::time::Duration;

use crate::engine::Inspect;

/// How long a container is waited for, and what it has to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patience {
    /// It must have shown that it works by then.
    pub longest: Duration,
    /// It must go on working for this long.
    pub steady: Duration,
    /// So often it may be restarted by its policy without being taken for broken.
    pub restarts: u64,
    /// TCP ports that answered before: they count where it has no health check.
    pub ports: Vec<u16>,
    /// True for a job: it may end with status 0.
    pub may_end: bool,
}

/// What the engine takes where a health check says nothing (moby, `daemon/health.go`).
const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;

/// A health check may ask for hours; a rollout does not wait longer than this.
const MOST: Duration = Duration::from_secs(15 * 60);

/// Without a health check: for the process, and for its ports.
const WITHOUT_CHECK: Duration = Duration::from_secs(60);

impl Patience {
    /// What the container itself asks for: a health check says after which time the engine gives up on it.
    #[must_use]
    pub fn of(container: &Inspect) -> Self {
        let (longest, steady) = match has_healthcheck(container) {
            true => healthcheck(container),
            false => (WITHOUT_CHECK, Duration::from_secs(5)),
        };
        Self { longest, steady, restarts: 0, ports: Vec::new(), may_end: false }
    }

    /// With ports that answered before.
    #[must_use]
    pub fn with_ports(mut self, ports: Vec<u16>) -> Self {
        self.ports = ports;
        self
    }
}

/// True when the engine runs a health check in the container.
pub(super) fn has_healthcheck(container: &Inspect) -> bool {
    let test = container.texts("/Config/Healthcheck/Test");
    !test.is_empty() && test.first() != Some(&"NONE")
}

/// The engine says `unhealthy` after `retries` failures in a row beyond the start period. One round and some seconds are
/// added for a machine under load.
fn healthcheck(container: &Inspect) -> (Duration, Duration) {
    let nanos = |name: &str, default: Duration| {
        let value = container.at(&format!("/Config/Healthcheck/{name}")).and_then(serde_json::Value::as_u64);
        value.filter(|nanos| *nanos > 0).map_or(default, Duration::from_nanos)
    };
    let retries = container.at("/Config/Healthcheck/Retries").and_then(serde_json::Value::as_u64);
    let retries = retries.and_then(|count| u32::try_from(count).ok()).filter(|count| *count > 0);
    let interval = nanos("Interval", INTERVAL);
    let round = interval.saturating_add(nanos("Timeout", TIMEOUT));
    let rounds = round.saturating_mul(retries.unwrap_or(RETRIES).saturating_add(1));
    let longest = nanos("StartPeriod", Duration::ZERO).saturating_add(rounds) + Duration::from_secs(10);
    let steady = interval.clamp(Duration::from_secs(2), Duration::from_secs(10));
    (longest.min(MOST), steady)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::Patience;
    use crate::engine::Inspect;

    fn patience(healthcheck: serde_json::Value) -> (u64, u64) {
        let container = Inspect::new(json!({"Config": {"Healthcheck": healthcheck}}));
        let patience = Patience::of(&container);
        (patience.longest.as_secs(), patience.steady.as_secs())
    }

    #[test]
    fn the_health_check_says_how_long_is_waited() {
        let second = 1_000_000_000_u64;
        let quick = json!({"Test": ["CMD", "true"], "Interval": 5 * second, "Timeout": 3 * second, "Retries": 5,
            "StartPeriod": 10 * second});
        assert_eq!(patience(quick), (10 + 8 * 6 + 10, 5));
        assert_eq!(patience(json!({"Test": ["CMD", "true"]})), (60 * 4 + 10, 10));
    }

    #[test]
    fn no_health_check_makes_the_wait_endless() {
        let huge =
            json!({"Test": ["CMD", "true"], "Interval": u64::MAX, "Timeout": u64::MAX, "Retries": u64::MAX});
        assert_eq!(patience(huge), (900, 10));
        assert_eq!(patience(json!({"Test": ["NONE"]})), (60, 5));
        assert_eq!(Patience::of(&Inspect::new(json!({}))).longest, Duration::from_secs(60));
    }
}
