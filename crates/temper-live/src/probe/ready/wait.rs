use std::time::{Duration, Instant};

use super::watch::{Decision, Watch};
use super::{Evidence, NotReady, Patience, Readiness};
use crate::engine::{Engine, EngineError, Inspect};
use crate::probe::{Answer, Endpoint, Origin, Place, Prober, Question, Scope};

/// From one look to the next.
const PAUSE: Duration = Duration::from_millis(200);

/// Waits for a container that was started just now: healthy for long enough by its own health check, else all ports
/// answer that did before, else its process runs. Ends as soon as something is known, and at the latest when the
/// patience is used up.
///
/// # Errors
/// When the engine cannot be asked.
pub fn wait_ready(engine: &Engine, container: &str, patience: &Patience) -> Result<Readiness, EngineError> {
    let begun = Instant::now();
    let mut watch = Watch::new(patience);
    loop {
        let Some(inspect) = engine.find(container)? else {
            let evidence = Box::new(Evidence::default());
            return Ok(Readiness::NotReady { reason: NotReady::Gone, evidence, after_ms: millis(begun) });
        };
        let closed = || first_closed(engine, &inspect, &patience.ports);
        match watch.look(&inspect, begun.elapsed(), closed) {
            Decision::Wait => std::thread::sleep(PAUSE),
            Decision::Ready(by) => return Ok(Readiness::Ready { by, after_ms: millis(begun) }),
            Decision::NotReady(reason) => {
                let evidence = Box::new(Evidence::gather(engine, &inspect));
                return Ok(Readiness::NotReady { reason, evidence, after_ms: millis(begun) });
            }
        }
    }
}

/// Stops a container within its grace period, starts it again with the data that it has, and waits for it. Some services
/// work on empty volumes and fail at their second start.
///
/// # Errors
/// When the engine cannot be asked or refuses to start it.
pub fn second_boot(engine: &Engine, container: &str, patience: &Patience) -> Result<Readiness, EngineError> {
    engine.restart(container)?;
    wait_ready(engine, container, patience)
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The first port that does not answer, and why.
fn first_closed(engine: &Engine, container: &Inspect, ports: &[u16]) -> Option<(u16, String)> {
    let prober = Prober::new(engine);
    ports.iter().find_map(|port| {
        let endpoint = Endpoint {
            service: String::new(),
            question: Question::Tcp { place: Place::Port(*port) },
            origin: Origin::Exposed,
            expected_status: None,
        };
        match prober.ask(&endpoint, container, Scope::Clone) {
            Answer::Failed { reason } | Answer::Unknown { missing: reason } => Some((*port, reason)),
            Answer::Open | Answer::Http(_) | Answer::Exec { .. } => None,
        }
    })
}
