//! `temper deploy` and `temper rollback` on small stacks on a real engine: what ships, what is refused, what goes back.
//!
//! Needs a container engine with the images that `cargo xtask images` builds, and `docker compose`; `cargo xtask test` sets
//! them up. Without them the tests fail, because a skipped test proves nothing.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails fails its test")]

#[path = "deploy/fixtures.rs"]
mod fixtures;
#[path = "deploy/kills.rs"]
mod kills;
#[path = "deploy/stack.rs"]
mod stack;
#[path = "deploy/wrong_input.rs"]
mod wrong_input;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

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

/// A stack of the server in a mode. Its directory for state is open to the user of the image.
fn web_in_mode(name: &str, mode: &str) -> Stack {
    let files = fixtures::web_in_mode(mode);
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let stack = Stack::new(name, &files);
    fs::create_dir(stack.path("state")).unwrap();
    fs::set_permissions(stack.path("state"), fs::Permissions::from_mode(0o777)).unwrap();
    stack.up();
    stack
}

#[test]
fn service_that_works_as_a_clone_and_breaks_in_its_place_is_taken_back_and_ships_without_what_broke_it() {
    let stack = web_in_mode("place", "registers");
    let shown = stack.expect(1, &["deploy"]);
    assert!(shown.contains("trial passed"), "{shown}");
    assert!(shown.contains("the wave is tried again with less"), "{shown}");
    assert!(shown.contains("refused read-only-rootfs for service/web: "), "{shown}");
    assert!(shown.contains("Read-only file system"), "{shown}");
    assert_eq!(shown.matches("refused ").count(), 1, "{shown}");
    let web = stack.container("web");
    assert!(web.is_running() && !is_read_only(&stack, "web"));
    assert_eq!(setting(&web, "/HostConfig/CapDrop"), json!(["ALL"]));
    assert!(web.id().starts_with(&stack.exec("web", &["cat", "/opt/x/registered"])));
    assert_eq!(stack.containers().len(), 1, "{:?}", stack.containers());
    assert_eq!(stack.left_behind(), Vec::<String>::new());
}

#[test]
fn service_that_no_other_container_can_replace_keeps_its_container() {
    let stack = web_in_mode("owned", "owned");
    let containers = stack.containers();
    let owner = stack.read("state/owner");
    let shown = stack.expect(1, &["deploy"]);
    assert!(shown.contains("trial passed"), "{shown}");
    assert!(shown.contains("the state belongs to "), "{shown}");
    assert_eq!(stack.containers(), containers);
    assert!(stack.container("web").is_running());
    assert_eq!(stack.get("web", "/healthz"), "200 ok");
    assert_eq!(stack.read("state/owner"), owner);
    // The files must not say what no container can be: nothing of the service is in them.
    assert_eq!(stack.files(), ["compose.yml", "state", "temper.toml", "web"]);
    assert!(stack.read("temper.toml").contains("the state belongs to "), "{}", stack.read("temper.toml"));
    assert_eq!(stack.left_behind(), Vec::<String>::new());
}

#[test]
fn change_that_works_in_no_way_is_rolled_back_and_everything_is_as_before() {
    let stack = Stack::new("back", WEB);
    stack.up();
    let before = essences(&stack, &["web"]);
    let containers = stack.containers();
    // What is rolled out is what the files say, and that does not start.
    let broken = stack.read("compose.yml").replace("build: web", "build: web\n    command: [\"/nothing\"]");
    stack.write("compose.yml", &broken);
    let shown = stack.expect(4, &["deploy"]);
    assert!(shown.contains("rolled back in "), "{shown}");
    assert_as_before(&stack, &before);
    assert_eq!(stack.containers(), containers);
    assert_eq!(stack.get("web", "/healthz"), "200 ok");
    assert_eq!(stack.read("compose.yml"), broken);
    assert_eq!(stack.files(), ["compose.yml", "web"]);
    assert_eq!(stack.left_behind(), Vec::<String>::new());
}
