//! `temper deploy` and `temper rollback` on small stacks on a real engine: what ships, what is refused, what goes back.
//!
//! Needs a container engine with the images that `cargo xtask images` builds, and `docker compose`; `cargo xtask test` sets
//! them up. Without them the tests fail, because a skipped test proves nothing.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

#[path = "deploy/fixtures.rs"]
mod fixtures;
#[path = "deploy/stack.rs"]
mod stack;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use temper_live::names;

use fixtures::{SHOP, WEB};
use stack::{Stack, setting};

/// What of a container has to be the same again after a way back: image, configuration, and where it keeps data.
fn essence(stack: &Stack, service: &str) -> Value {
    let container = stack.container(service);
    let mut body = json!({ "image": container.image_id(), "running": container.is_running() });
    for pointer in ["/Config", "/HostConfig", "/Mounts"] {
        body[pointer] = setting(&container, pointer);
    }
    // The engine's own choice where nobody has set one: the beginning of the id.
    if body["/Config"]["Hostname"].as_str().is_some_and(|name| container.id().starts_with(name)) {
        body["/Config"]["Hostname"] = Value::Null;
    }
    // It tells mounts in any order.
    if let Some(mounts) = body["/Mounts"].as_array_mut() {
        mounts.sort_by_key(|mount| mount["Destination"].to_string());
    }
    body
}

fn essences(stack: &Stack, services: &[&str]) -> BTreeMap<String, Value> {
    services.iter().map(|service| ((*service).to_owned(), essence(stack, service))).collect()
}

/// Fails with what differs, not with everything that there is.
fn assert_as_before(stack: &Stack, before: &BTreeMap<String, Value>) {
    for (service, before) in before {
        let now = essence(stack, service);
        for (part, value) in before.as_object().unwrap() {
            assert_eq!(now[part], *value, "{service} {part}");
        }
    }
    assert_eq!(stack.containers().len(), before.len(), "{:?}", stack.containers());
}

fn is_read_only(stack: &Stack, service: &str) -> bool {
    setting(&stack.container(service), "/HostConfig/ReadonlyRootfs") == true
}

#[test]
fn stack_is_hardened_in_place_and_rollback_returns_to_what_it_was() {
    let services = ["redis", "web", "worker"];
    let stack = Stack::new("shop", SHOP);
    stack.up();
    stack.exec("redis", &["redis-cli", "set", "kept", "value"]);
    let before = essences(&stack, &services);
    let files = stack.files();

    let shown = stack.expect(0, &["deploy"]);
    assert!(shown.contains("wrote docker-compose.hardened.yml"), "{shown}");
    assert!(stack.path("docker-compose.hardened.yml").is_file());
    for service in services {
        assert!(is_read_only(&stack, service), "{service}");
        assert!(stack.container(service).is_running(), "{service}");
    }
    assert_eq!(stack.get("web", "/healthz"), "200 ok");
    assert_eq!(stack.exec("redis", &["redis-cli", "get", "kept"]), "value");
    assert_eq!(stack.exec("redis", &["redis-cli", "save"]), "OK");
    assert_eq!(stack.left_behind(), Vec::<String>::new());

    // The files and the containers say the same, to temper and to Compose.
    let containers = stack.containers();
    let shown = stack.expect(0, &["deploy"]);
    assert!(shown.contains("nothing to harden"), "{shown}");
    stack.compose(&["-f", "compose.yml", "-f", "docker-compose.hardened.yml", "up", "-d", "--no-build"]);
    assert_eq!(stack.containers(), containers);

    let shown = stack.expect(0, &["rollback"]);
    assert!(shown.contains("restored in "), "{shown}");
    assert_as_before(&stack, &before);
    assert_eq!(stack.files(), files);
    assert_eq!(stack.exec("redis", &["redis-cli", "get", "kept"]), "value");
    assert_eq!(stack.get("web", "/healthz"), "200 ok");
    assert_eq!(stack.left_behind(), Vec::<String>::new());
}

#[test]
fn control_that_breaks_a_declared_endpoint_is_refused_with_what_was_seen_and_the_rest_ships() {
    let stack = Stack::new("refused", WEB);
    stack.write("temper.toml", "[[probe]]\nservice = \"web\"\nport = 8000\nurl = \"/full\"\n");
    stack.up();
    assert_eq!(stack.get("web", "/full"), "200 full");

    let shown = stack.expect(1, &["deploy"]);
    assert!(shown.contains("refused read-only-rootfs for service/web: "), "{shown}");
    let settings = stack.read("temper.toml");
    let refused = settings.split("[[refused]]").skip(1).collect::<Vec<_>>();
    assert_eq!(refused.len(), 1, "{settings}");
    assert!(
        refused[0].contains("read-only-rootfs") && refused[0].contains("Read-only file system"),
        "{settings}"
    );
    let web = stack.container("web");
    assert!(!is_read_only(&stack, "web"));
    assert_eq!(setting(&web, "/HostConfig/CapDrop"), json!(["ALL"]));
    assert_eq!(web.label(names::SERVICE), Some("web"));
    assert_eq!(stack.get("web", "/full"), "200 full");
    assert_eq!(stack.left_behind(), Vec::<String>::new());

    // What was refused is not proposed again.
    let shown = stack.expect(0, &["deploy"]);
    assert!(shown.contains("nothing to harden"), "{shown}");
}
