use std::path::Path;

use serde_json::Value;

use crate::support::Sandbox;

#[test]
fn json_is_the_contract() {
    let outcome = Sandbox::of("crlf").temper(["scan", "--format", "json", "--only", "no-privileged"]);
    insta::assert_snapshot!(outcome.shown(), @r#"
    exit status 1
    {
      "schema": 1,
      "tool": {
        "name": "temper",
        "version": "[version]"
      },
      "root": ".",
      "projects": [
        {
          "name": "crlf",
          "files": [
            "compose.yml"
          ],
          "overlays": [],
          "services": [
            "web"
          ],
          "reason": "`docker compose` picks compose.yml in this directory"
        }
      ],
      "findings": [
        {
          "control": "no-privileged",
          "verdict": "fail",
          "severity": "critical",
          "surface": "compose",
          "resource": "service/web",
          "project": "crlf",
          "file": "compose.yml",
          "line": 5,
          "column": 17,
          "end_line": 5,
          "end_column": 21,
          "message": "runs privileged: all capabilities, all devices, no seccomp",
          "evidence": [],
          "references": [
            "cis-docker-1.7:5.5",
            "nist-sp-800-190:4.4.3",
            "pss:baseline/privileged"
          ],
          "fix": {
            "safety": "needs-proof",
            "summary": "set `privileged: false`",
            "reason": "the service may use a device or a capability that `privileged` gives"
          }
        }
      ],
      "errors": [],
      "summary": {
        "resources": 1,
        "controls": 1,
        "pass": 0,
        "fail": 1,
        "unknown": 0,
        "waived": 0
      }
    }
    "#);
}

#[test]
fn json_is_as_its_schema_says() {
    let schema = json(&Sandbox::empty().temper(["schema"]).stdout);
    for fixture in ["small", "waived", "broken-yaml", "refused", "crlf", "profiles"] {
        let outcome = Sandbox::of(fixture).temper(["scan", "--format", "json"]);
        assert_valid(schema.clone(), &json(&outcome.stdout));
    }
}

#[test]
fn schema_refuses_another_document() {
    let schema = json(&Sandbox::empty().temper(["schema"]).stdout);
    let mut document = json(&Sandbox::of("small").temper(["scan", "--format", "json"]).stdout);
    document["findings"][0]["line"] = Value::from("seven");
    assert!(errors(schema, &document).is_some());
}

#[test]
fn errors_are_in_the_json() {
    let outcome = Sandbox::of("refused").temper(["scan", "--format", "json"]);
    let document = json(&outcome.stdout);
    insta::assert_snapshot!(serde_json::to_string_pretty(&document["errors"]).unwrap(), @r#"
    [
      {
        "file": "compose.yml",
        "line": 6,
        "column": 12,
        "message": "services.web.ports: expected a list, found the number 80",
        "warning": false
      },
      {
        "file": "compose.yml",
        "line": 5,
        "column": 16,
        "message": "service \"web\": network \"nowhere\" is not defined; add it under networks",
        "warning": false
      }
    ]
    "#);
    assert_eq!(outcome.status, Some(2));
}

#[test]
fn sarif_is_as_the_standard_says() {
    let path = std::env::var("TEMPER_SARIF_SCHEMA").expect(
        "TEMPER_SARIF_SCHEMA names the schema of SARIF 2.1.0; `cargo xtask test` fetches it and sets this",
    );
    let schema = json(&std::fs::read_to_string(Path::new(&path)).unwrap());
    for fixture in ["small", "waived", "broken-yaml", "refused", "crlf"] {
        let outcome = Sandbox::of(fixture).temper(["scan", "--format", "sarif"]);
        assert_valid(schema.clone(), &json(&outcome.stdout));
    }
}

#[test]
fn sarif_result_has_place_rule_and_suppression() {
    let sandbox = Sandbox::of("waived");
    let outcome = sandbox.temper(["scan", "--format", "sarif", "--only", "dangerous-capabilities"]);
    let mut log = json(&outcome.stdout);
    let finding = log["runs"][0]["results"][0]["partialFingerprints"]["temperFinding/v1"].take();
    assert_eq!(finding.as_str().map(str::len), Some(64), "a hash, not the text that it is made from");
    insta::assert_snapshot!(serde_json::to_string_pretty(&log["runs"][0]["results"]).unwrap(), @r#"
    [
      {
        "ruleId": "dangerous-capabilities",
        "ruleIndex": 2,
        "kind": "fail",
        "level": "error",
        "message": {
          "text": "service/db: adds SYS_ADMIN: mounting, namespaces and much of the kernel: as good as root on the host (waived by data team until 2099-12-31)"
        },
        "locations": [
          {
            "physicalLocation": {
              "artifactLocation": {
                "uri": "compose.yml"
              },
              "region": {
                "startLine": 13,
                "startColumn": 15,
                "endLine": 13,
                "endColumn": 24
              }
            }
          }
        ],
        "partialFingerprints": {
          "temperFinding/v1": null
        },
        "suppressions": [
          {
            "kind": "external",
            "justification": "moves to a managed database in spring (data team, until 2099-12-31)"
          }
        ]
      }
    ]
    "#);
    let index = log["runs"][0]["results"][0]["ruleIndex"].as_u64().unwrap() as usize;
    assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][index]["id"], "dangerous-capabilities");
}

#[test]
fn junit_has_a_suite_a_resource() {
    let sandbox = Sandbox::of("waived");
    let only = "dangerous-capabilities,published-ports,no-privileged";
    let outcome = sandbox.temper(["scan", "--format", "junit", "--only", only]);
    insta::assert_snapshot!(outcome.shown(), @r#"
    exit status 1
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="temper" tests="5" skipped="1" failures="1" errors="0">
        <testsuite name="waived/service/api" tests="3" skipped="0" errors="0" failures="1">
            <testcase name="no-privileged" classname="service/api"/>
            <testcase name="dangerous-capabilities" classname="service/api"/>
            <testcase name="published-ports" classname="service/api">
                <failure message="compose.yml:7:9: publishes port 8080 on every address of the host; the waiver of web team expired on 2020-06-30"/>
            </testcase>
        </testsuite>
        <testsuite name="waived/service/db" tests="2" skipped="1" errors="0" failures="0">
            <testcase name="no-privileged" classname="service/db"/>
            <testcase name="dangerous-capabilities" classname="service/db">
                <skipped message="waived by data team until 2099-12-31: moves to a managed database in spring"/>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn junit_tells_of_files_that_could_not_be_read() {
    let outcome = Sandbox::of("broken-yaml").temper(["scan", "--format", "junit", "--only", "no-privileged"]);
    insta::assert_snapshot!(outcome.shown(), @r#"
    exit status 2
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="temper" tests="1" skipped="0" failures="0" errors="1">
        <testsuite name="files" tests="1" skipped="0" errors="1" failures="0">
            <testcase name="compose.yml">
                <error message="compose.yml:4:12: unclosed bracket &apos;[&apos;"/>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON: {error}\n{text}"))
}

fn assert_valid(schema: Value, document: &Value) {
    if let Some(errors) = errors(schema, document) {
        panic!("{errors}");
    }
}

fn errors(schema: Value, document: &Value) -> Option<String> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    let name = "https://schema.invalid/schema.json";
    compiler.add_resource(name, schema).unwrap();
    let index = compiler.compile(name, &mut schemas).unwrap();
    schemas.validate(document, index).err().map(|error| format!("{error:#}"))
}
