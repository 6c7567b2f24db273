//! A rollout that is killed, at whatever moment.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::fixtures::PAIR;
use crate::stack::Stack;
use crate::{assert_as_before, essences, is_read_only};

/// How often it is killed. `TEMPER_TEST_KILLS` asks for more.
const KILLS: u32 = 6;

const SERVICES: [&str; 2] = ["redis", "web"];

#[test]
fn rollout_that_is_killed_is_finished_or_taken_back_and_nothing_is_lost_or_left() {
    let kills = std::env::var("TEMPER_TEST_KILLS").map_or(KILLS, |text| text.parse().unwrap());
    let stack = Stack::new("kills", PAIR);
    stack.up();
    stack.exec("redis", &["redis-cli", "set", "kept", "value"]);
    let before = essences(&stack, &SERVICES);
    let begun = Instant::now();
    stack.expect(0, &["deploy"]);
    let whole = begun.elapsed();
    stack.expect(0, &["rollback"]);
    assert_as_before(&stack, &before);

    // The moments are the same in every run; what they meet is not, because containers take as long as they like.
    let mut random = Random(0x5eed);
    for turn in 1..=kills {
        // Each kill has a part of the rollout of its own, so that a few of them meet all of it.
        let part = whole / kills;
        let after = part * (turn - 1) + part * random.below(100) / 100;
        kill_after(&stack, after);
        let open = stack.open_run();
        let told = format!("kill {turn} after {after:?} of {whole:?}, open run: {}", open.is_some());
        if turn % 2 == 0 {
            let shown = stack.expect(if open.is_some() { 0 } else { 2 }, &["deploy", "--resume"]);
            assert!(open.is_some() || shown.contains("no rollout was interrupted"), "{told}: {shown}");
            for service in SERVICES.iter().filter(|_| open.is_some()) {
                assert!(is_read_only(&stack, service), "{told}: {service}");
            }
        } else {
            stack.expect(0, &["rollback"]);
        }
        works(&stack, &told);
        // A second rollback changes nothing.
        stack.expect(0, &["rollback"]);
        works(&stack, &told);
        assert_as_before(&stack, &before);
        assert!(!stack.path("docker-compose.hardened.yml").exists(), "{told}");
    }
}

fn works(stack: &Stack, told: &str) {
    assert!(stack.open_run().is_none(), "{told}");
    assert_eq!(stack.containers().len(), SERVICES.len(), "{told}: {:?}", stack.containers());
    for service in SERVICES {
        assert!(stack.container(service).is_running(), "{told}: {service}");
    }
    assert_eq!(stack.exec("redis", &["redis-cli", "get", "kept"]), "value", "{told}");
    assert_eq!(stack.get("web", "/healthz"), "200 ok", "{told}");
    assert_eq!(stack.left_behind(), Vec::<String>::new(), "{told}");
}

/// Kills `temper deploy` a while after it was started. What it has started itself goes on.
fn kill_after(stack: &Stack, after: Duration) {
    let mut child = stack.command(&["deploy"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    thread::sleep(after);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Numbers that look random (xorshift, Marsaglia 2003).
struct Random(u32);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}
