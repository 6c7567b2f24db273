use crate::support::Sandbox;

/// A few controls, so that a new one does not change every test.
const ONLY: &str = "non-root-user,no-privileged,dangerous-capabilities,published-ports,drop-capabilities";

#[test]
fn findings_are_grouped_by_service_with_their_source() {
    let outcome = Sandbox::of("small").temper(["scan", "--only", ONLY]);
    insta::assert_snapshot!(outcome.shown(), @r#"
    exit status 1
    .: 2 services in 1 Compose project, 1 Dockerfile
    7 fail (6 high, 1 medium), 0 unknown, 3 pass

    project small  2 services; `docker compose` picks compose.yml in this directory

    service/api  compose.yml:4:3  2 high, 1 medium
     --> compose.yml:7:9
      |
    7 |       - "8080:8000"
      |         ^^^^^^^^^^^ published-ports
      high     drop-capabilities        keeps Docker's 14 default capabilities: `cap_drop` is not set
      high     non-root-user            starts as root: nothing sets a user, neither `user:` nor
                                        api/Dockerfile on python:3.12-slim
      medium   published-ports          publishes port 8080 on every address of the host

    service/db  compose.yml:11:3  3 high
      --> compose.yml:13:15
       |
    13 |     cap_add: [SYS_ADMIN]
       |               ^^^^^^^^^ dangerous-capabilities
      high     drop-capabilities        keeps Docker's 14 default capabilities: `cap_drop` is not set
      high     dangerous-capabilities   adds SYS_ADMIN: mounting, namespaces and much of the kernel: as
                                        good as root on the host
      high     non-root-user            starts as root: nothing sets `user:`, and image postgres:16.3
                                        starts as root; the service in it then drops to uid 999

    Dockerfiles

    dockerfile/api/Dockerfile  1 high
     --> api/Dockerfile:1:1
      |
    1 | FROM python:3.12-slim
      | ^^^^^^^^^^^^^^^^^^^^^ non-root-user
      high     non-root-user            no USER: containers start as root, as python:3.12-slim does

    `temper plan .` shows the changes that fix 6 of these.
    "#);
}

#[test]
fn quiet_is_one_line_a_service() {
    let outcome = Sandbox::of("small").temper(["scan", "-q", "--only", ONLY]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 2 services in 1 Compose project, 1 Dockerfile
    7 fail (6 high, 1 medium), 0 unknown, 3 pass

    project small  compose.yml
      service/api  compose.yml:4:3  2 high, 1 medium
      service/db  compose.yml:11:3  3 high

    Dockerfiles
      dockerfile/api/Dockerfile  1 high

    `temper plan .` shows the changes that fix 6 of these.
    ");
}

#[test]
fn verbose_adds_evidence_and_fix() {
    let outcome = Sandbox::of("small").temper(["scan", "-v", "--only", "non-root-user", "--service", "db"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 2 services in 1 Compose project, 1 Dockerfile
    1 fail (1 high), 0 unknown, 0 pass

    project small  2 services; `docker compose` picks compose.yml in this directory

    service/db  compose.yml:11:3  1 high
      high     non-root-user            starts as root: nothing sets `user:`, and image postgres:16.3
                                        starts as root; the service in it then drops to uid 999
               because image postgres starts as root (0)
               fix (needs-proof: volumes and directories of the host that exist already may belong to
                 another user): run as 999:999

    `temper plan .` shows the changes that fix 1 of these.
    ");
}

#[test]
fn what_several_services_lack_is_said_once() {
    let sandbox = Sandbox::empty();
    let services = |name: &str| {
        format!("name: {name}\nservices:\n  a: {{image: nginx:1.27.4}}\n  b: {{image: nginx:1.27.4}}\n")
    };
    sandbox.write("compose.yml", services("one"));
    std::fs::create_dir(sandbox.path("two")).unwrap();
    sandbox.write("two/compose.yml", services("two"));
    let outcome = sandbox.temper(["scan", "--only", "no-new-privileges,published-ports"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 4 services in 2 Compose projects, 0 Dockerfiles
    4 fail (4 high), 0 unknown, 0 pass

    several services
         4  high     no-new-privileges        processes can gain privileges: `no-new-privileges` is not
                                              in `security_opt`

    project one  2 services; `docker compose` picks compose.yml in this directory

    service/a  compose.yml:3:3  1 high
      as above no-new-privileges

    service/b  compose.yml:4:3  1 high
      as above no-new-privileges

    project two  2 services; `docker compose` picks compose.yml in this directory

    service/a  two/compose.yml:3:3  1 high
      as above no-new-privileges

    service/b  two/compose.yml:4:3  1 high
      as above no-new-privileges

    `temper plan .` shows the changes that fix 4 of these.
    ");
}

#[test]
fn unknowns_that_lack_the_same_thing_are_told_once_and_json_has_them_all() {
    let sandbox = Sandbox::empty();
    let services = ["a", "b", "c"].map(|name| format!("  {name}: {{image: acme/app:1.2}}\n")).concat();
    sandbox.write("compose.yml", format!("name: one\nservices:\n{services}"));
    let outcome = sandbox.temper(["scan", "--only", "non-root-user"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 3 services in 1 Compose project, 0 Dockerfiles
    0 fail, 3 unknown, 0 pass

    unknown for the same reason
         3  unknown  non-root-user            the user of image acme/app:1.2 is not known
                                              a, b, c

    project one  3 services; `docker compose` picks compose.yml in this directory

    service/a  compose.yml:3:3  1 unknown
      as above non-root-user

    service/b  compose.yml:4:3  1 unknown
      as above non-root-user

    service/c  compose.yml:5:3  1 unknown
      as above non-root-user
    ");
    let json = sandbox.temper(["scan", "--only", "non-root-user", "--format", "json"]);
    assert_eq!(json.shown().matches("\"verdict\": \"unknown\"").count(), 3);
}

#[test]
fn waiver_holds_until_its_day_and_an_expired_one_fails_again() {
    let outcome = Sandbox::of("waived").temper(["scan", "--only", "dangerous-capabilities,published-ports"]);
    insta::assert_snapshot!(outcome.shown(), @r#"
    exit status 1
    .: 2 services in 1 Compose project, 1 Dockerfile
    1 fail (1 medium), 0 unknown, 1 waived, 1 pass

    project waived  2 services; `docker compose` picks compose.yml in this directory

    service/api  compose.yml:4:3  1 medium
     --> compose.yml:7:9
      |
    7 |       - "8080:8000"
      |         ^^^^^^^^^^^ published-ports
      medium   published-ports          publishes port 8080 on every address of the host; the waiver of
                                        web team expired on 2020-06-30

    service/db  compose.yml:11:3  1 waived
      --> compose.yml:13:15
       |
    13 |     cap_add: [SYS_ADMIN]
       |               --------- dangerous-capabilities
      waived   dangerous-capabilities   adds SYS_ADMIN: mounting, namespaces and much of the kernel: as
                                        good as root on the host (waived by data team until 2099-12-31)
    "#);
}

#[test]
fn waived_findings_alone_are_clean() {
    let outcome = Sandbox::of("waived").temper(["scan", "--only", "dangerous-capabilities"]);
    assert_eq!(outcome.status, Some(0), "{}", outcome.shown());
}

#[test]
fn fail_on_decides_what_makes_the_status_1() {
    let sandbox = Sandbox::of("small");
    for (fail_on, status) in [("low", 1), ("medium", 1), ("high", 0), ("never", 0)] {
        let outcome = sandbox.temper(["scan", "--only", "published-ports", "--fail-on", fail_on]);
        assert_eq!(outcome.status, Some(status), "--fail-on {fail_on}");
    }
}

#[test]
fn unknown_is_not_clean() {
    let outcome = Sandbox::of("small").temper(["scan", "--only", "effective-environment"]);
    assert!(outcome.stdout.contains("unknown  effective-environment"), "{}", outcome.stdout);
    assert_eq!(outcome.status, Some(1));
}

#[test]
fn skip_and_service_leave_the_rest_out() {
    let sandbox = Sandbox::of("small");
    let outcome =
        sandbox.temper(["scan", "-q", "--service", "db", "--only", ONLY, "--skip", "non-root-user"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 2 services in 1 Compose project, 1 Dockerfile
    2 fail (2 high), 0 unknown, 1 pass

    project small  compose.yml
      service/db  compose.yml:11:3  2 high

    `temper plan .` shows the changes that fix 2 of these.
    ");
}

#[test]
fn files_that_are_named_are_merged_in_their_order() {
    let outcome = Sandbox::of("two-files").temper([
        "scan",
        "-f",
        "base.yml",
        "-f",
        "prod.yml",
        "--only",
        "no-privileged",
    ]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 1 service in 1 Compose project, 0 Dockerfiles
    1 fail (1 critical), 0 unknown, 0 pass

    project two  1 service; named on the command line: base.yml, prod.yml

    service/web  base.yml:3:3  1 critical
     --> prod.yml:3:17
      |
    3 |     privileged: true
      |                 ^^^^ no-privileged
      critical no-privileged            runs privileged: all capabilities, all devices, no seccomp

    `temper plan .` shows the changes that fix 1 of these.
    ");
}

#[test]
fn path_may_be_a_compose_file() {
    let outcome = Sandbox::of("two-files").temper(["scan", "base.yml", "--only", "no-privileged"]);
    assert_eq!(outcome.status, Some(0), "{}", outcome.shown());
}

#[test]
fn colours_are_there_when_asked_for_and_only_then() {
    let sandbox = Sandbox::of("small");
    let coloured = sandbox.temper(["scan", "--color", "always"]).stdout;
    assert!(coloured.contains('\u{1b}'));
    assert!(!sandbox.temper(["scan"]).stdout.contains('\u{1b}'));
}

#[test]
fn no_line_of_text_is_wider_than_100_columns_where_there_is_no_terminal() {
    let outcome = Sandbox::of("small").temper(["scan"]);
    let is_text = |line: &&str| !line.contains('|') && !line.contains("-->");
    for line in outcome.stdout.lines().filter(is_text) {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn byte_order_mark_and_crlf_do_not_move_the_caret() {
    let outcome = Sandbox::of("crlf").temper(["scan", "--only", "no-privileged"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 1 service in 1 Compose project, 0 Dockerfiles
    1 fail (1 critical), 0 unknown, 0 pass

    project crlf  1 service; `docker compose` picks compose.yml in this directory

    service/web  compose.yml:3:3  1 critical
     --> compose.yml:5:17
      |
    5 |     privileged: true
      |                 ^^^^ no-privileged
      critical no-privileged            runs privileged: all capabilities, all devices, no seccomp

    `temper plan .` shows the changes that fix 1 of these.
    ");
}

#[test]
fn output_that_is_closed_is_no_error() {
    use std::process::Stdio;
    let sandbox = Sandbox::of("small");
    let mut command = sandbox.command(["scan", "--format", "json"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[test]
fn what_only_an_overlay_brings_is_judged_and_not_planned() {
    let sandbox = Sandbox::empty();
    let hardened =
        "    image: example/app:1\n    user: \"1000:1000\"\n    security_opt: [no-new-privileges:true]\n";
    sandbox.write("compose.yml", format!("services:\n  api:\n{hardened}"));
    sandbox.write(
        "compose.prod.yml",
        "services:\n  api:\n    privileged: true\n  extra:\n    image: example/extra:1\n",
    );
    let only = ["--only", "no-privileged,no-new-privileges"];
    let outcome = sandbox.temper(["scan"].into_iter().chain(only));
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 1
    .: 1 service in 1 Compose project, 0 Dockerfiles
    2 fail (1 critical, 1 high), 0 unknown, 2 pass

    project stack  1 service; `docker compose` picks compose.yml in this directory
      overlay compose.prod.yml: changes services of its base; judge it whole with `-f compose.yml -f
        compose.prod.yml`

    service/api  compose.yml:2:3  1 critical
     --> compose.prod.yml:3:17
      |
    3 |     privileged: true
      |                 ^^^^ no-privileged
      critical no-privileged            with compose.prod.yml: runs privileged: all capabilities, all
                                        devices, no seccomp

    service/extra  1 high
     --> compose.prod.yml:4:3
      |
    4 |   extra:
      |   ^^^^^ no-new-privileges
      high     no-new-privileges        with compose.prod.yml: processes can gain privileges:
                                        `no-new-privileges` is not in `security_opt`
    ");
    let plan = sandbox.temper(["plan"].into_iter().chain(only));
    assert!(plan.stdout.starts_with("0 fixes in 0 files"), "{}", plan.shown());
    // Judged whole, as the scan says.
    let files = ["scan", "-f", "compose.yml", "-f", "compose.prod.yml"];
    let whole = sandbox.temper(files.into_iter().chain(only));
    assert_eq!(whole.status, Some(1), "{}", whole.shown());
    assert!(!whole.stdout.contains("with compose.prod.yml"), "{}", whole.shown());
}
