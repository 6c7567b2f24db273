//! Whether a container works as the service did before.
//!
//! In this order: it runs and is healthy for long enough, it starts a second time with its data, it logs no refusal that it
//! did not log before, the kernel has killed nothing, and every endpoint answers as before. How fast it is is told and does
//! not decide: what is slower by more than the tolerance is for a person to weigh.

use std::thread;
use std::time::Duration;

use temper_model::Stack;
use temper_model::compose::Service;

use super::session::Session;
use crate::engine::{Engine, EngineError, Inspect, LogLine};
use crate::probe::{
    Answer, Comparison, Endpoint, Evidence, Load, LogFinding, NotReady, Patience, Prober, Question,
    Readiness, Redactor, Scope, Side, counters, discover, end_finding, latency, log_findings, new_kills,
    second_boot, wait_ready,
};

/// How often a service is asked before it is changed: what differs between answers is not compared.
const ASKED_BEFORE: usize = 3;

/// Lines of the log that are taken for what a service usually writes.
const USUAL_LINES: u32 = 20_000;

/// How long a service that is healthy may take until it answers as before: caches fill, others connect again.
const SETTLING: Duration = Duration::from_secs(15);

/// The engine writes a log a moment after it was given.
const LOG_DELAY: Duration = Duration::from_secs(1);

/// Endpoints of one service whose speed is measured at most.
const MEASURED: usize = 1;

/// What a service gave before it was changed.
pub(crate) struct Baseline {
    /// The endpoints with their answers.
    pub(crate) endpoints: Vec<(Endpoint, Vec<Answer>)>,
    /// What it usually writes.
    usual: Vec<LogLine>,
    /// Ports that answered.
    ports: Vec<u16>,
}

/// What judging showed.
pub(crate) enum Verdict {
    /// It works.
    Works {
        /// What is known of its speed, for people.
        performance: Vec<String>,
        /// What could not be asked, for people.
        notes: Vec<String>,
    },
    /// It does not.
    Breaks {
        /// What was seen, for people.
        seen: String,
        /// Controls that what was seen points to, the likeliest first.
        suspects: Vec<String>,
    },
    /// It cannot be told.
    Undecided(String),
}

impl Verdict {
    pub(crate) fn breaks(seen: String) -> Self {
        Self::Breaks { seen, suspects: Vec::new() }
    }
}

impl From<EngineError> for Verdict {
    fn from(error: EngineError) -> Self {
        Self::Undecided(error.to_string())
    }
}

/// Asks a running service everything that it can be asked.
pub(crate) fn baseline(engine: &Engine, stack: &Stack, service: &Service, container: &Inspect) -> Baseline {
    let prober = Prober::new(engine);
    let found = discover(&stack.settings.probes, &service.name, container);
    let endpoints = prober.explore(found, container);
    let asked = |endpoint: Endpoint| {
        let answers = prober.baseline(&endpoint, container, ASKED_BEFORE);
        (endpoint, answers)
    };
    let endpoints: Vec<(Endpoint, Vec<Answer>)> = endpoints.into_iter().map(asked).collect();
    let answered =
        |answers: &[Answer]| answers.iter().all(|answer| matches!(answer, Answer::Http(_) | Answer::Open));
    let ports =
        endpoints.iter().filter(|(_, answers)| answered(answers)).filter_map(|(endpoint, _)| port(endpoint));
    let mut ports: Vec<u16> = ports.collect();
    ports.sort_unstable();
    ports.dedup();
    Baseline { ports, usual: usual_log(engine, container), endpoints }
}

/// The port of the container that an endpoint asks.
fn port(endpoint: &Endpoint) -> Option<u16> {
    let place = match &endpoint.question {
        Question::Http(request) => &request.place,
        Question::Tcp { place } => place,
        Question::Port { port } => return Some(*port),
        Question::Exec { .. } => return None,
    };
    match place {
        crate::probe::Place::Port(port) => Some(*port),
        _ => None,
    }
}

/// What a container usually writes. A log that cannot be read is empty: then every refusal counts. What it wrote when it
/// started may be too long ago; a clone of the service as it is, which every failure is compared with, writes it again.
fn usual_log(engine: &Engine, container: &Inspect) -> Vec<LogLine> {
    engine.log_tail(container.id(), 0, USUAL_LINES).unwrap_or_default()
}

/// Judges a clone: first start, second start with its data, log, answers, and its speed beside the running container.
pub(crate) fn clone(session: &Session<'_>, baseline: &Baseline, container: &str, old: &Inspect) -> Verdict {
    judge(session, baseline, container, Scope::Clone, true, Some(old)).unwrap_or_else(Verdict::from)
}

/// Judges the container that has taken the place of the service.
pub(crate) fn live(session: &Session<'_>, baseline: &Baseline, container: &str, second: bool) -> Verdict {
    judge(session, baseline, container, Scope::Live, second, None).unwrap_or_else(Verdict::from)
}

fn judge(
    session: &Session<'_>,
    baseline: &Baseline,
    container: &str,
    scope: Scope,
    second: bool,
    beside: Option<&Inspect>,
) -> Result<Verdict, EngineError> {
    let engine = session.engine;
    let patience = Patience::of(&engine.inspect(container)?).with_ports(baseline.ports.clone());
    let first = wait_ready(engine, container, &patience)?;
    if let Some(verdict) = not_ready(session, baseline, container, &first, "")? {
        return Ok(verdict);
    }
    if second {
        let again = second_boot(engine, container, &patience)?;
        let when = "it works after the first start and not after the second: ";
        if let Some(verdict) = not_ready(session, baseline, container, &again, when)? {
            return Ok(verdict);
        }
    }
    let inspect = engine.inspect(container)?;
    let mut notes = Vec::new();
    let answers = answers(session, baseline, &inspect, scope, &mut notes);
    thread::sleep(LOG_DELAY);
    // After the answers: being asked is what makes many services write, and fail to.
    let refusals = refusals(session, baseline, &inspect, &mut notes)?;
    if let Some(verdict) = broken(answers, refusals) {
        return Ok(verdict);
    }
    let performance = beside.map(|old| performance(session, baseline, old, &inspect)).unwrap_or_default();
    Ok(Verdict::Works { performance, notes })
}

fn broken(answers: Vec<String>, refusals: Vec<LogFinding>) -> Option<Verdict> {
    if answers.is_empty() && refusals.is_empty() {
        return None;
    }
    let seen: Vec<String> = answers.into_iter().chain(refusals.iter().map(ToString::to_string)).collect();
    Some(Verdict::Breaks { seen: seen.join("; "), suspects: suspects(&refusals) })
}

/// Controls that findings point to, the likeliest of each first, then the second of each.
fn suspects(findings: &[LogFinding]) -> Vec<String> {
    let longest = findings.iter().map(|finding| finding.suspects().len()).max().unwrap_or(0);
    let mut all: Vec<String> = Vec::new();
    for rank in 0..longest {
        for id in findings.iter().filter_map(|finding| finding.suspects().get(rank)) {
            if !all.iter().any(|known| known == id) {
                all.push((*id).to_owned());
            }
        }
    }
    all
}

fn not_ready(
    session: &Session<'_>,
    baseline: &Baseline,
    container: &str,
    readiness: &Readiness,
    when: &str,
) -> Result<Option<Verdict>, EngineError> {
    let Readiness::NotReady { evidence, reason, .. } = readiness else { return Ok(None) };
    let mut findings = match session.engine.find(container)? {
        Some(inspect) => refusals(session, baseline, &inspect, &mut Vec::new())?,
        None => Vec::new(),
    };
    findings.extend(evidence.exit_code.and_then(|code| end_finding(code, evidence.oom_killed)));
    let seen = format!("{when}{readiness}{}", told(evidence, &findings));
    let mut suspects = suspects(&findings);
    if matches!(reason, NotReady::Unhealthy | NotReady::HealthUnanswered(_)) {
        // The service may be well, and a check that was added ask for what it never had.
        suspects.push("healthcheck".to_owned());
    }
    Ok(Some(Verdict::Breaks { seen, suspects }))
}

/// The line that tells most: a refusal, what the engine says, what the health check printed, or the last line of the log.
fn told(evidence: &Evidence, findings: &[LogFinding]) -> String {
    let line = findings
        .first()
        .map(|finding| finding.line.clone())
        .or_else(|| Some(evidence.error.clone()).filter(|error| !error.is_empty()))
        .or_else(|| evidence.health.clone().filter(|text| !text.is_empty()))
        .or_else(|| evidence.log.last().cloned());
    line.map(|line| format!(": {line}")).unwrap_or_default()
}

fn answers(
    session: &Session<'_>,
    baseline: &Baseline,
    container: &Inspect,
    scope: Scope,
    notes: &mut Vec<String>,
) -> Vec<String> {
    let prober = Prober::new(session.engine);
    let mut broken = Vec::new();
    for (endpoint, before) in &baseline.endpoints {
        match prober.settle(endpoint, before, container, scope, SETTLING).1 {
            Comparison::Same { .. } => {}
            Comparison::Different { differences } => {
                broken.push(format!("{}: {}", endpoint.name(), differences.join(", ")));
            }
            Comparison::Unknown { missing } => notes.push(format!("{}: {missing}", endpoint.name())),
        }
    }
    broken
}

/// Refusals of the kernel that the container has met and the service did not meet before.
fn refusals(
    session: &Session<'_>,
    baseline: &Baseline,
    container: &Inspect,
    notes: &mut Vec<String>,
) -> Result<Vec<LogFinding>, EngineError> {
    let log = session.engine.logs(container.id(), 0)?;
    let mut findings = log_findings(&log, &baseline.usual, &Redactor::of(container));
    if let Some(counted) = container.pid().map(counters)
        && let Ok(after) = counted.get()
    {
        findings.extend(new_kills(&Default::default(), after));
    }
    let (tolerated, real): (Vec<LogFinding>, Vec<LogFinding>) =
        findings.into_iter().partition(|finding| finding.tolerated.is_some());
    notes.extend(tolerated.iter().map(|finding| {
        format!("{finding}; that is no loss: {}", finding.tolerated.as_deref().unwrap_or_default())
    }));
    Ok(real)
}

/// The speed of a clone beside the running container.
fn performance(session: &Session<'_>, baseline: &Baseline, old: &Inspect, clone: &Inspect) -> Vec<String> {
    let prober = Prober::new(session.engine);
    let old = Side { container: old, scope: Scope::Live };
    let new = Side { container: clone, scope: Scope::Clone };
    let load = Load { longest: Duration::from_secs(4), ..Load::default() };
    let http = |endpoint: &&(Endpoint, Vec<Answer>)| matches!(endpoint.0.question, Question::Http(_));
    let measured = baseline.endpoints.iter().filter(http).take(MEASURED);
    measured
        .filter_map(|(endpoint, _)| {
            let found = latency(&prober, endpoint, old, new, &load).ok()?;
            Some(format!("{}: {found}", endpoint.name()))
        })
        .collect()
}
