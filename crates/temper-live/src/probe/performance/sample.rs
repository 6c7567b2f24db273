use std::time::{Duration, Instant};

use super::{Pace, Performance, judge};
use crate::engine::Inspect;
use crate::probe::{Answer, Endpoint, Prober, Scope};

/// How much is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Load {
    /// The measurement ends after this time, whatever is known then.
    pub longest: Duration,
    /// Pairs of samples at most.
    pub most_pairs: usize,
    /// Requests at the same time, for the throughput.
    pub clients: usize,
    /// Requests of each client in one sample of the throughput.
    pub requests: usize,
    /// Seed of the resampling.
    pub seed: u64,
}

impl Default for Load {
    fn default() -> Self {
        Self { longest: Duration::from_secs(10), most_pairs: 2000, clients: 4, requests: 5, seed: 1 }
    }
}

/// One of the two that are compared.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The container, inspected while it runs.
    pub container: &'a Inspect,
    /// Whether it is a clone.
    pub scope: Scope,
}

/// After these numbers of pairs it is looked whether more are needed.
const LOOKS: [usize; 7] = [30, 60, 120, 240, 480, 960, 1920];

/// Compares how long single requests take, one after the other, old and new in turns.
///
/// # Errors
/// What is missing, for people: an endpoint that may not be asked often, or one that does not answer on both sides.
pub fn latency(
    prober: &Prober<'_>,
    endpoint: &Endpoint,
    old: Side<'_>,
    new: Side<'_>,
    load: &Load,
) -> Result<Performance, String> {
    measure(endpoint, load, |side| one(prober, endpoint, side), old, new)
}

/// Compares how long it takes to answer several clients at the same time, old and new in turns: the inverse of the
/// throughput, so that less is better here too.
///
/// # Errors
/// As [`latency`].
pub fn throughput(
    prober: &Prober<'_>,
    endpoint: &Endpoint,
    old: Side<'_>,
    new: Side<'_>,
    load: &Load,
) -> Result<Performance, String> {
    let burst = |side: Side<'_>| {
        let begun = Instant::now();
        std::thread::scope(|threads| {
            let clients: Vec<_> = (0..load.clients)
                .map(|_| {
                    threads
                        .spawn(|| (0..load.requests).try_for_each(|_| one(prober, endpoint, side).map(drop)))
                })
                .collect();
            clients.into_iter().try_for_each(|client| {
                client.join().unwrap_or_else(|_| Err("a client ended early".to_owned()))
            })
        })?;
        Ok(begun.elapsed())
    };
    measure(endpoint, load, burst, old, new)
}

fn measure(
    endpoint: &Endpoint,
    load: &Load,
    sample: impl Fn(Side<'_>) -> Result<Duration, String>,
    old: Side<'_>,
    new: Side<'_>,
) -> Result<Performance, String> {
    if !endpoint.is_safe() {
        return Err(format!("{} may change something: it is not asked often", endpoint.name()));
    }
    let begun = Instant::now();
    let mut pairs = Vec::new();
    // The first requests fill caches; they are not counted.
    sample(old)?;
    sample(new)?;
    while pairs.len() < load.most_pairs && begun.elapsed() < load.longest {
        // Who goes first changes each time, so that neither profits from the other.
        let (before, after) = if pairs.len() % 2 == 0 {
            let before = sample(old)?;
            (before, sample(new)?)
        } else {
            let after = sample(new)?;
            (sample(old)?, after)
        };
        pairs.push((millis(before), millis(after)));
        if LOOKS.contains(&pairs.len()) {
            let performance = judge(&pairs, load.seed);
            if performance.pace != Pace::Inconclusive {
                return Ok(performance);
            }
        }
    }
    Ok(judge(&pairs, load.seed))
}

/// One request; only answers that show a working service are samples.
fn one(prober: &Prober<'_>, endpoint: &Endpoint, side: Side<'_>) -> Result<Duration, String> {
    let begun = Instant::now();
    match prober.ask(endpoint, side.container, side.scope) {
        Answer::Http(answer) if answer.status < 500 => Ok(begun.elapsed()),
        Answer::Open => Ok(begun.elapsed()),
        Answer::Http(answer) => Err(format!("{}: status {}", endpoint.name(), answer.status)),
        Answer::Failed { reason } | Answer::Unknown { missing: reason } => {
            Err(format!("{}: {reason}", endpoint.name()))
        }
        Answer::Exec { .. } => Err(format!("{}: a command is not measured", endpoint.name())),
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
