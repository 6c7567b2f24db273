//! Services that are asked, waited for and judged for real. Needs an engine and the images of `cargo xtask test`.
#![allow(missing_docs, clippy::tests_outside_test_module)]

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{Cleanup, engine};
use temper_live::engine::{Engine, Inspect};
use temper_live::probe::{
    Answer, Body, Comparison, Endpoint, Load, LogFinding, NotReady, Pace, Patience, Prober, Question,
    Readiness, ReadyBy, Redactor, Scope, Side, Sign, compare, counters, discover, end_finding, latency,
    log_findings, second_boot, throughput, wait_ready,
};
use temper_model::Settings;

const PYTHON: &str = "python:3.11-slim";
const REDIS: &str = "redis:7";

/// `/healthz` is well whatever happens; `/full` needs to write.
const SERVER: &str = r#"
import http.server, json, sys, time, traceback
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        if self.path == "/hang":
            time.sleep(60)
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            while True:
                self.wfile.write(b"x" * 65536)
        elif self.path == "/openapi.json":
            paths = {"/full": {"get": {}}, "/items/{id}": {"get": {}}}
            self.answer(200, "application/json", json.dumps({"openapi": "3.0.0", "paths": paths}).encode())
        elif self.path == "/full":
            try:
                open("/var/tmp/export", "w").write("x")
                self.answer(200, "application/json", b'{"items": [{"id": 1, "price": 2}]}')
            except OSError:
                traceback.print_exc()
                self.answer(500, "text/plain", b"Internal Server Error")
        elif self.path == "/healthz":
            self.answer(200, "application/json", json.dumps({"status": "ok", "at": time.time()}).encode())
        else:
            self.answer(404, "text/plain", b"not found")
    def log_message(self, *words):
        print(self.path, file=sys.stderr)
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"#;

/// Starts a container with a name of its own; `extra` is merged over the body, one level deep.
fn start(cleanup: &mut Cleanup, name: &str, image: &str, extra: Value) -> String {
    let engine = cleanup.engine.clone();
    let found = engine.image(image).expect("the engine answers");
    assert!(found.is_some(), "the image {image} is not there: `cargo xtask test` builds it");
    let mut body = json!({"Image": image, "HostConfig": {}});
    for (key, value) in extra.as_object().expect("an object") {
        body[key] = value.clone();
    }
    let name = format!("temper-probe-{name}-{}", std::process::id());
    engine.remove(&name, true, true).expect("nothing of an earlier run is left");
    let created = engine.create(&name, body).expect("the container is made");
    cleanup.containers.push(created.id.clone());
    engine.start(&created.id).expect("the container starts");
    created.id
}

fn python(script: &str) -> Value {
    json!({"Entrypoint": ["python3", "-u", "-c", script]})
}

fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

fn up(engine: &Engine, id: &str, ports: &[u16]) -> Inspect {
    let inspect = engine.inspect(id).expect("it was made");
    let patience = Patience { steady: Duration::from_millis(300), ..Patience::of(&inspect) };
    let ready = wait_ready(engine, id, &patience.with_ports(ports.to_vec())).expect("the engine answers");
    assert!(ready.is_ready(), "{ready}: {ready:?}");
    engine.inspect(id).expect("it runs")
}

/// What the log of `new` tells and that of `old` does not. The engine writes a line a moment after the service.
fn refusals(engine: &Engine, old: &Inspect, new: &Inspect) -> Vec<LogFinding> {
    let log = |inspect: &Inspect| engine.log_tail(inspect.id(), 0, 1000).expect("its log is there");
    for _ in 0..100 {
        let found = log_findings(&log(new), &log(old), &Redactor::of(new));
        if !found.is_empty() {
            return found;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Vec::new()
}

fn named<'a>(endpoints: &'a [Endpoint], name: &str) -> &'a Endpoint {
    let names: Vec<String> = endpoints.iter().map(Endpoint::name).collect();
    endpoints.iter().find(|one| one.name() == name).unwrap_or_else(|| panic!("{name} is not among {names:?}"))
}

#[test]
fn a_service_that_is_well_and_does_not_work_is_found_out() {
    let engine = engine();
    let mut cleanup = Cleanup::new(&engine);
    let check = "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)";
    let second = 1_000_000_000_u64;
    let body = with(
        with(python(SERVER), "ExposedPorts", json!({"8000/tcp": {}, "8001/tcp": {}})),
        "Healthcheck",
        json!({"Test": ["CMD", "python3", "-c", check], "Interval": second, "Timeout": 5 * second, "Retries": 5}),
    );
    let old = start(&mut cleanup, "api-old", PYTHON, body.clone());
    let hardened = json!({"ReadonlyRootfs": true, "Tmpfs": {"/tmp": ""}});
    let new = start(&mut cleanup, "api-new", PYTHON, with(body, "HostConfig", hardened));
    let (old, new) = (up(&engine, &old, &[]), up(&engine, &new, &[]));

    let prober = Prober::new(&engine);
    let endpoints = prober.explore(discover(&[], "api", &old), &old);
    let judged = |name: &str| {
        let endpoint = named(&endpoints, name);
        let before = prober.baseline(endpoint, &old, 2);
        compare(endpoint, &before, &prober.ask(endpoint, &new, Scope::Clone))
    };
    assert_eq!(judged("GET /healthz on port 8000"), Comparison::Same { notes: Vec::new() });
    assert_eq!(judged("GET / on port 8000"), Comparison::Same { notes: Vec::new() });
    let Comparison::Different { differences } = judged("GET /full on port 8000") else {
        panic!("a 500 passed as before");
    };
    assert_eq!(differences[0], "status 500, was 200");
    assert!(
        !endpoints.iter().any(|one| one.name().contains("/items")),
        "a path with a parameter is not asked"
    );
    assert!(!endpoints.iter().any(|one| one.name().contains("8001")), "nobody listens there");

    let found = refusals(&engine, &old, &new);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].sign, found[0].path.as_deref()),
        (Sign::ReadOnlyFileSystem, Some("/var/tmp/export"))
    );
    assert_eq!(found[0].suspects()[0], "read-only-rootfs");
}

#[test]
fn a_database_that_cannot_save_answers_ping_and_is_found_out() {
    let engine = engine();
    let mut cleanup = Cleanup::new(&engine);
    let old = start(&mut cleanup, "redis-old", REDIS, json!({}));
    // A user who may not write the data directory: the server starts and serves.
    let new = start(&mut cleanup, "redis-new", REDIS, json!({"User": "65532:65532"}));
    let (old, new) = (up(&engine, &old, &[6379]), up(&engine, &new, &[6379]));
    let text = "[[probe]]\nservice = \"redis\"\nexec = [\"redis-cli\", \"ping\"]\n\
                [[probe]]\nservice = \"redis\"\nexec = [\"redis-cli\", \"save\"]\n\
                [[probe]]\nservice = \"redis\"\nexec = [\"no-such-program\"]\n";
    let settings = Settings::parse("temper.toml", text, &[]).expect("it is right");
    let prober = Prober::new(&engine);
    let endpoints = prober.explore(discover(&settings.probes, "redis", &old), &old);
    let judged = |name: &str| {
        let endpoint = named(&endpoints, name);
        let before = prober.baseline(endpoint, &old, 2);
        compare(endpoint, &before, &prober.ask(endpoint, &new, Scope::Clone))
    };
    assert!(judged("`redis-cli ping`").is_same());
    assert!(judged("TCP on port 6379").is_same());
    let save = judged("`redis-cli save`");
    assert!(matches!(&save, Comparison::Different { .. }), "{save:?}");
    let missing = judged("`no-such-program`");
    assert!(matches!(&missing, Comparison::Unknown { .. }), "a missing tool is no pass: {missing:?}");

    let found = refusals(&engine, &old, &new);
    assert!(found.iter().any(|finding| finding.sign == Sign::PermissionDenied), "{found:?}");
}

#[test]
fn answers_without_an_end_and_places_without_a_way_are_bounded() {
    let engine = engine();
    let mut cleanup = Cleanup::new(&engine);
    let id = start(&mut cleanup, "slow", PYTHON, python(SERVER));
    let inspect = up(&engine, &id, &[8000]);
    let text = "[[probe]]\nservice = \"api\"\nurl = \"/hang\"\nport = 8000\n\
                [[probe]]\nservice = \"api\"\nurl = \"/endless\"\nport = 8000\n\
                [[probe]]\nservice = \"api\"\nport = 8001\n\
                [[probe]]\nservice = \"api\"\nexec = [\"sleep\", \"60\"]\n\
                [[probe]]\nservice = \"api\"\nurl = \"/x\"\nheaders = { A = \"${TEMPER_TEST_NOT_SET}\" }\n\
                [[probe]]\nservice = \"api\"\nurl = \"http://127.0.0.1:1/x\"\n";
    let settings = Settings::parse("temper.toml", text, &[]).expect("it is right");
    let mut prober = Prober::new(&engine);
    prober.limits.answer = Duration::from_secs(1);
    prober.limits.exec = Duration::from_secs(1);
    let endpoints = prober.explore(discover(&settings.probes, "api", &inspect), &inspect);
    let answers: Vec<Answer> =
        endpoints.iter().map(|endpoint| prober.ask(endpoint, &inspect, Scope::Clone)).collect();
    let failed = |reason: &str| Answer::Failed { reason: reason.to_owned() };
    assert_eq!(answers[0], failed("no answer within 1 s"));
    assert!(
        matches!(&answers[1], Answer::Http(answer) if answer.body == Body::Unfinished),
        "{:?}",
        answers[1]
    );
    assert_eq!(answers[2], failed("connection refused"));
    assert_eq!(answers[3], failed("it did not end within 1 s"));
    assert!(
        matches!(&answers[4], Answer::Unknown { missing } if missing.contains("TEMPER_TEST_NOT_SET")),
        "{:?}",
        answers[4]
    );
    // A clone is never asked through an address that leads elsewhere.
    assert!(matches!(&answers[5], Answer::Unknown { .. }), "{:?}", answers[5]);

    let alone = with(python(SERVER), "HostConfig", json!({"NetworkMode": "none"}));
    let id = start(&mut cleanup, "alone", PYTHON, alone);
    let inspect = up(&engine, &id, &[]);
    let answer = prober.ask(&endpoints[0], &inspect, Scope::Live);
    assert!(matches!(&answer, Answer::Unknown { missing } if missing.contains("no network")), "{answer:?}");
}

#[test]
fn a_container_that_does_not_come_up_says_why() {
    let engine = engine();
    let mut cleanup = Cleanup::new(&engine);
    let wait = |id: &str, patience: &Patience| wait_ready(&engine, id, patience).expect("the engine answers");
    let patience = |id: &str| Patience::of(&engine.inspect(id).expect("it was made"));
    let not_ready = |readiness: Readiness| match readiness {
        Readiness::NotReady { reason, evidence, .. } => (reason, evidence),
        ready @ Readiness::Ready { .. } => panic!("it passed for ready: {ready:?}"),
    };

    let leaves = with(
        python("import os,sys,time; print('token', os.environ['API_TOKEN']); time.sleep(1); sys.exit(3)"),
        "Env",
        json!(["API_TOKEN=hunter22"]),
    );
    let id = start(&mut cleanup, "exits", PYTHON, leaves.clone());
    let (reason, evidence) = not_ready(wait(&id, &patience(&id)));
    assert_eq!((reason, evidence.exit().as_deref()), (NotReady::Exited, Some("exit status 3")));
    assert_eq!(evidence.log, ["token ***"]);

    let looping = with(leaves, "HostConfig", json!({"RestartPolicy": {"Name": "always"}}));
    let id = start(&mut cleanup, "loops", PYTHON, looping);
    let (reason, _) = not_ready(wait(&id, &patience(&id)));
    assert!(matches!(reason, NotReady::Restarting(_)), "{reason}");

    let never = json!({"Test": ["CMD", "true"], "Interval": 3_600_000_000_000_u64});
    let id = start(&mut cleanup, "never", PYTHON, with(python(SERVER), "Healthcheck", never));
    let short = Patience { longest: Duration::from_secs(1), ..patience(&id) };
    assert!(matches!(not_ready(wait(&id, &short)).0, NotReady::HealthUnanswered(_)));

    let second = 1_000_000_000_u64;
    let sick =
        json!({"Test": ["CMD-SHELL", "echo disk is full; exit 1"], "Interval": second / 2, "Retries": 1});
    let id = start(&mut cleanup, "sick", PYTHON, with(python(SERVER), "Healthcheck", sick));
    let (reason, evidence) = not_ready(wait(&id, &patience(&id)));
    assert_eq!((reason, evidence.health.as_deref()), (NotReady::Unhealthy, Some("disk is full")));

    let (reason, _) = not_ready(wait("temper-probe-no-such-container", &short));
    assert_eq!(reason, NotReady::Gone);

    let id = start(&mut cleanup, "job", PYTHON, python("print('done')"));
    let job = Patience { may_end: true, ..patience(&id) };
    assert!(matches!(wait(&id, &job), Readiness::Ready { by: ReadyBy::Ended, .. }));
}

#[test]
fn a_service_killed_for_memory_is_told_from_one_that_ended() {
    let engine = engine();
    let mut cleanup = Cleanup::new(&engine);
    let greedy = "import time; time.sleep(1); x = [bytearray(1 << 20) for _ in range(512)]; time.sleep(60)";
    let limit = json!({"Memory": 32 << 20, "MemorySwap": 32 << 20});
    let id = start(&mut cleanup, "greedy", PYTHON, with(python(greedy), "HostConfig", limit));
    let inspect = engine.inspect(&id).expect("it was made");
    let before = counters(inspect.pid().expect("it runs"));
    assert_eq!(before.get().expect("the control group of a local engine is read").oom_kills, 0);
    let readiness = wait_ready(&engine, &id, &Patience::of(&inspect)).expect("the engine answers");
    let Readiness::NotReady { reason, evidence, .. } = readiness else { panic!("it passed for ready") };
    assert_eq!((reason, evidence.oom_killed), (NotReady::Exited, true));
    let finding = end_finding(evidence.exit_code.expect("it ended"), evidence.oom_killed).expect("a sign");
    assert_eq!((finding.sign, finding.suspects()[0]), (Sign::OutOfMemory, "resource-limits"));
}

#[test]
fn a_service_that_fails_at_its_second_boot_is_found_out() {
    let engine = engine();
    let mut cleanup = Cleanup::new(&engine);
    let once = "import os, time; os.mkdir('/var/tmp/data'); time.sleep(600)";
    // Process 1 has no default action for SIGTERM; the test does not wait for its grace period.
    let body = with(python(once), "StopTimeout", json!(0));
    let id = start(&mut cleanup, "twice", PYTHON, body);
    let inspect = up(&engine, &id, &[]);
    let again = second_boot(&engine, &id, &Patience::of(&inspect)).expect("the engine answers");
    let Readiness::NotReady { reason, evidence, .. } = again else { panic!("the second boot passed") };
    assert_eq!(reason, NotReady::Exited);
    assert!(evidence.log.iter().any(|line| line.contains("FileExistsError")), "{evidence:?}");
}

#[test]
fn pace_is_measured_in_bounds() {
    let engine = engine();
    let mut cleanup = Cleanup::new(&engine);
    let fast = start(&mut cleanup, "fast", PYTHON, python(SERVER));
    let slow = SERVER.replace("def do_GET(self):", "def do_GET(self):\n        time.sleep(0.05)");
    let slow = start(&mut cleanup, "slower", PYTHON, python(&slow));
    let (fast, slow) = (up(&engine, &fast, &[8000]), up(&engine, &slow, &[8000]));
    let text = "[[probe]]\nservice = \"api\"\nurl = \"/healthz\"\nport = 8000\n\
                [[probe]]\nservice = \"api\"\nurl = \"/full\"\nport = 8000\nmethod = \"POST\"\n\
                [[probe]]\nservice = \"api\"\nurl = \"/x\"\nport = 8009\n";
    let settings = Settings::parse("temper.toml", text, &[]).expect("it is right");
    let endpoints = discover(&settings.probes, "api", &fast);
    let prober = Prober::new(&engine);
    let old = Side { container: &fast, scope: Scope::Live };
    let new = Side { container: &slow, scope: Scope::Clone };
    let load = Load { most_pairs: 30, longest: Duration::from_secs(60), ..Load::default() };
    let single = latency(&prober, &endpoints[0], old, new, &load).expect("both answer");
    assert_eq!((single.pace, single.pairs), (Pace::Slower, 30), "{single}");
    let few = Load { most_pairs: 12, ..load.clone() };
    let many = throughput(&prober, &endpoints[0], old, new, &few).expect("both answer");
    assert_eq!((many.pace, many.pairs), (Pace::Slower, 12), "{many}");
    let none = Load { longest: Duration::ZERO, ..load.clone() };
    let unknown = latency(&prober, &endpoints[0], old, new, &none).expect("both answer");
    assert_eq!((unknown.pace, unknown.pairs), (Pace::Inconclusive, 0));
    assert!(latency(&prober, &endpoints[1], old, new, &load).unwrap_err().contains("may change something"));
    assert!(latency(&prober, &endpoints[2], old, new, &load).unwrap_err().contains("connection refused"));
    assert!(matches!(&endpoints[0].question, Question::Http(_)));
}
