use super::{applied, diffs, files, left_out, overlay, plan};

const COMPOSE: &str = "services:\n  a:\n    build: .\n    read_only: true\n    cap_drop: [ALL]\n    \
                       security_opt: [\"no-new-privileges:true\"]\n    tmpfs: [\"/tmp:uid=65532\"]\n";

fn changed(dockerfile: &str) -> String {
    let files = files(&[("compose.yml", COMPOSE), ("Dockerfile", dockerfile)]);
    let plan = plan(&files, &overlay());
    applied(&files, &overlay());
    let left = left_out(&plan);
    if left.is_empty() {
        plan.files.iter().find(|file| file.path == "Dockerfile").unwrap().diff()
    } else {
        left
    }
}

#[test]
fn debian_image_gets_a_user_after_its_last_step() {
    insta::assert_snapshot!(changed(
        "FROM python:3.12-slim AS build\nRUN pip wheel .\n\nFROM python:3.12-slim\nWORKDIR /app\nCOPY --from=build /w /w\nRUN pip install /w/*\nENV A=1\nCMD [\"python\", \"-m\", \"app\"]\n"
    ));
}

#[test]
fn alpine_image_gets_a_user_of_busybox() {
    insta::assert_snapshot!(changed("from node:20-alpine\ncopy . .\n\nentrypoint [\"node\", \"x.js\"]"));
}

#[test]
fn scratch_image_only_gets_numbers() {
    insta::assert_snapshot!(changed(
        "FROM golang AS b\nRUN go build\nFROM scratch\nCOPY --from=b /x /x\nENTRYPOINT [\"/x\"]\n"
    ));
}

#[test]
fn user_that_is_set_too_early_or_as_root_gives_way() {
    insta::assert_snapshot!(changed("FROM debian:12\nUSER nobody\nRUN true\nUSER root\nCMD [\"x\"]\n"));
}

#[test]
fn unknown_distribution_is_refused() {
    insta::assert_snapshot!(changed("FROM example.org/thing:1\nCMD [\"x\"]\n"));
}

#[test]
fn dockerfile_of_two_services_changes_once() {
    let compose = format!("{COMPOSE}  b:\n    build: .\n");
    let files =
        files(&[("compose.yml", &compose), ("Dockerfile", "FROM debian:12\r\nRUN true\r\nCMD [\"x\"]\r\n")]);
    let text = &applied(&files, &overlay())["Dockerfile"];
    assert_eq!(text.matches("useradd").count(), 1);
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    insta::assert_snapshot!(diffs(&plan(&files, &overlay())));
}
