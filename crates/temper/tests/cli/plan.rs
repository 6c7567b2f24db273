use std::process::{Command, Stdio};

use crate::support::Sandbox;

const ONLY: [&str; 2] = ["--only", "no-new-privileges,published-ports,dangerous-capabilities"];

#[test]
fn plan_shows_steps_reasons_and_the_diff_and_writes_nothing() {
    let sandbox = Sandbox::of("small");
    let outcome = sandbox.temper(["plan"].into_iter().chain(ONLY));
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 0
    3 fixes in 1 file: 2 safe, 1 to be proven by a canary; 1 left out

    project small  compose.yml

    service/api
      safe     no-new-privileges        add `no-new-privileges:true`
      left out published-ports          publish it on 127.0.0.1: if no client on another host needs it,
                                        write `127.0.0.1:8080:8000`

    service/db
      to prove dangerous-capabilities   do not add SYS_ADMIN
      safe     no-new-privileges        add `no-new-privileges:true`

    to be proven by a canary
      dangerous-capabilities   the service may use it
                               db

    --- /dev/null
    +++ b/docker-compose.hardened.yml
    @@ -0,0 +1,14 @@
    +# Written by temper; `temper apply` writes it anew, so change compose.yml or temper.toml instead.
    +# It holds what hardens the services, each line with its reason. To start them with it:
    +#   docker compose -f compose.yml -f docker-compose.hardened.yml up -d --build
    +# Needs Docker Compose 2.24.4 or newer (!reset).
    +
    +services:
    +  api:
    +    security_opt:
    +      - no-new-privileges:true # CIS Docker 5.26
    +
    +  db:
    +    cap_add: !reset [] # without SYS_ADMIN: CIS Docker 5.4
    +    security_opt:
    +      - no-new-privileges:true # CIS Docker 5.26
    ");
    assert!(!sandbox.path("docker-compose.hardened.yml").exists());
}

#[test]
fn diff_is_what_git_apply_takes() {
    let sandbox = Sandbox::of("small");
    for change in [&["--in-place"][..], &[]] {
        let args = ["plan", "--format", "diff"].into_iter().chain(ONLY).chain(change.iter().copied());
        let diff = sandbox.temper(args).stdout;
        assert!(diff.contains("\n@@ "), "{diff}");
        let mut git = Command::new("git")
            .args(["apply", "--check", "-"])
            .current_dir(sandbox.path(""))
            // The folder of the tests may lie in a repository, which git would then take for the one meant.
            .env("GIT_CEILING_DIRECTORIES", sandbox.path("").parent().unwrap())
            .stdin(Stdio::piped())
            .spawn()
            .expect("git is needed to read the diff as a reader would");
        std::io::Write::write_all(&mut git.stdin.take().unwrap(), diff.as_bytes()).unwrap();
        assert!(git.wait().unwrap().success(), "{diff}");
    }
}

#[test]
fn json_of_a_plan_says_what_is_chosen_and_why_the_rest_is_not() {
    let sandbox = Sandbox::of("small");
    let only = ["--only", "no-new-privileges,default-credentials", "--service", "api"];
    let outcome = sandbox.temper(["plan", "--format", "json"].into_iter().chain(only));
    insta::assert_snapshot!(outcome.shown(), @r#"
    exit status 0
    {
      "schema": 1,
      "steps": [
        {
          "resource": "service/api",
          "project": "small",
          "control": "no-new-privileges",
          "safety": "safe",
          "summary": "add `no-new-privileges:true`",
          "chosen": true,
          "evidence": []
        }
      ],
      "files": [
        {
          "path": "docker-compose.hardened.yml",
          "new_file": true,
          "diff": "--- /dev/null\n+++ b/docker-compose.hardened.yml\n@@ -0,0 +1,8 @@\n+# Written by temper; `temper apply` writes it anew, so change compose.yml or temper.toml instead.\n+# It holds what hardens the services, each line with its reason. To start them with it:\n+#   docker compose -f compose.yml -f docker-compose.hardened.yml up -d --build\n+\n+services:\n+  api:\n+    security_opt:\n+      - no-new-privileges:true # CIS Docker 5.26\n"
        }
      ],
      "budgets": [],
      "notes": [],
      "errors": []
    }
    "#);
}

#[test]
fn broken_file_is_told_beside_the_diff() {
    let outcome = Sandbox::of("broken-yaml").temper(["plan", "--format", "diff", "--only", "healthcheck"]);
    insta::assert_snapshot!(outcome.shown(), @"
    exit status 2

    ---
    error: compose.yml:4:12: unclosed bracket '['
    ");
}
