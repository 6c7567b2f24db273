use temper_model::MARKER;

use super::{applied, diffs, files, left_out, overlay, plan, plan_where, written};

const BASE: &str = "\
services:
  proxy:
    image: nginx:1.25
    ports: [\"8080:80\"]

  api:
    image: shop/api:${TAG:-1}
    pid: host
    cap_drop: [NET_RAW]
    cap_add: [SYS_ADMIN]
    security_opt:
      - no-new-privileges:true

  embedder:
    image: shop/embedder
    environment:
      - A=1

  postgres:
    image: postgres:15
    user: \"999\"
    read_only: true
    tmpfs: /tmp
    ports:
      - \"5432:5432\"
      - ${ADDRESS:-127.0.0.1}:9999:9999
";

#[test]
fn whole_overlay_names_a_reason_on_every_line() {
    let files = files(&[("compose.yml", BASE)]);
    let after = applied(&files, &overlay());
    insta::assert_snapshot!(after["docker-compose.hardened.yml"]);
}

#[test]
fn existing_overlay_of_somebody_else_is_not_written_over() {
    let files = files(&[
        ("compose.yml", "services:\n  a:\n    image: x\n"),
        ("docker-compose.hardened.yml", "services:\n  a:\n    init: true\n"),
    ]);
    let plan = plan(&files, &overlay());
    let paths: Vec<&str> = plan.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["docker-compose.temper.yml"]);
    assert!(plan.notes[0].contains("docker-compose.hardened.yml is there"), "{:?}", plan.notes);
    applied(&files, &overlay());
}

#[test]
fn part_of_the_controls_keeps_what_the_overlay_has() {
    let files = files(&[("compose.yml", BASE)]);
    let all = applied(&files, &overlay());
    for id in ["tmp", "ports", "user"] {
        let plan = plan_where(&all, &overlay(), &|judgement| judgement.control.id == id);
        let overrides = diffs(&plan);
        assert_eq!(overrides, "");
    }
}

#[test]
fn controls_may_be_applied_one_after_another() {
    let mut state = files(&[("compose.yml", BASE)]);
    for id in ["drop", "tmp", "read-only", "user"] {
        let plan = plan_where(&state, &overlay(), &|judgement| judgement.control.id == id);
        state = written(&state, &plan);
    }
    let text = &state["docker-compose.hardened.yml"];
    for expected in ["read_only: true", "user: \"65532:65532\"", "- ALL", "/tmp:size=64m"] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn items_that_the_base_got_meanwhile_are_not_repeated() {
    let before = files(&[("compose.yml", "services:\n  a:\n    image: x\n")]);
    let mut after = applied(&before, &overlay());
    let base = "services:\n  a:\n    image: x\n    security_opt: [\"no-new-privileges:true\"]\n    read_only: true\n";
    after.insert("compose.yml".into(), base.into());
    let after = applied(&after, &overlay());
    let text = &after["docker-compose.hardened.yml"];
    assert!(
        !text.contains("no-new-privileges") && !text.contains("read_only") && text.contains("ALL"),
        "{text}"
    );
}

#[test]
fn service_that_is_gone_leaves_the_overlay() {
    let before = files(&[("compose.yml", "services:\n  a:\n    image: x\n  b:\n    image: y\n")]);
    let mut after = applied(&before, &overlay());
    after.insert("compose.yml".into(), "services:\n  a:\n    image: x\n".into());
    let after = applied(&after, &overlay());
    assert!(!after["docker-compose.hardened.yml"].contains("  b:"));
}

#[test]
fn old_compose_gets_no_tags() {
    let files = files(&[("compose.yml", BASE), ("temper.toml", "[compose]\nversion = \"2.20.0\"\n")]);
    let plan = plan(&files, &overlay());
    insta::assert_snapshot!(left_out(&plan), @"
    service/api pid: needs an in-place edit (--in-place) or Docker Compose 2.24.4
    service/api capabilities: needs an in-place edit (--in-place) or Docker Compose 2.24.4
    service/postgres tmp: needs an in-place edit (--in-place) or Docker Compose 2.24.4
    service/postgres ports: needs an in-place edit (--in-place) or Docker Compose 2.24.4
    ");
    assert!(!plan.files[0].new.contains('!'));
}

#[test]
fn requirement_that_is_left_out_takes_its_dependent_along() {
    let base = "services:\n  a:\n    image: x\n    volumes:\n      - {type: tmpfs, target: /tmp}\n";
    let plan = plan(&files(&[("compose.yml", base)]), &overlay());
    insta::assert_snapshot!(left_out(&plan), @"
    service/a read-only: needs `tmp`, which is left out: the base has no `tmpfs`
    service/a tmp: the base has no `tmpfs`
    ");
}

#[test]
fn overlay_begins_with_the_marker() {
    let plan = plan(&files(&[("compose.yml", "services:\n  a:\n    image: x\n")]), &overlay());
    assert!(plan.files[0].new.starts_with(MARKER));
}

#[test]
fn nothing_to_do_writes_nothing() {
    let base = "services:\n  a:\n    image: x\n    user: \"1\"\n    read_only: true\n    cap_drop: [ALL]\n    \
                security_opt: [\"no-new-privileges:true\"]\n    tmpfs: [\"/tmp:uid=65532\"]\n";
    assert_eq!(plan(&files(&[("compose.yml", base)]), &overlay()).files, []);
}

#[test]
fn several_files_are_merged_before_the_overlay() {
    let files = files(&[
        ("compose.yml", "services:\n  a:\n    image: x\n    cap_add: [SYS_ADMIN]\n"),
        ("compose.override.yml", "services:\n  a:\n    cap_add: [NET_ADMIN]\n    ports: [\"5432:5432\"]\n"),
    ]);
    let after = applied(&files, &overlay());
    insta::assert_snapshot!(after["docker-compose.hardened.yml"]);
}
