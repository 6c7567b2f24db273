//! Two services that have to be given one token at the same time.

use temper_controls::{Judgement, Selection};
use temper_model::{Date, Stack};

use super::{Files, diffs, files, in_place, overlay, try_plan_where, written};
use crate::{Options, Outcome, Plan};

fn shop() -> Files {
    files(&[
        (
            "compose.yml",
            "services:
  api:
    image: example/api:1.4.2
    env_file: api.env
    environment:
      INTERNAL_TOKEN: ${INTERNAL_TOKEN:-}
  scheduler:
    image: example/scheduler:1.4.2
    env_file: api.env
    environment:
      INTERNAL_TOKEN: ${INTERNAL_TOKEN}
",
        ),
        ("api.env", "INTERNAL_TOKEN=6e1f0c\n"),
    ])
}

fn judge(stack: &Stack) -> Vec<Judgement> {
    let only = Selection { only: vec!["effective-environment".to_owned()], ..Selection::default() };
    temper_controls::judge(stack, &only, Date::from_unix_seconds(0)).judgements
}

fn plan(files: &Files, options: &Options, services: &[&str]) -> Plan {
    let chosen =
        |judgement: &Judgement| services.iter().any(|name| judgement.resource == format!("service/{name}"));
    try_plan_where(files, options, &judge, &chosen).unwrap()
}

fn outcomes(plan: &Plan) -> Vec<&Outcome> {
    plan.services.iter().flat_map(|service| &service.steps).map(|step| &step.outcome).collect()
}

#[test]
fn one_of_two_services_alone_is_not_given_the_token() {
    for options in [overlay(), in_place()] {
        for (one, other) in [("api", "scheduler"), ("scheduler", "api")] {
            let plan = plan(&shop(), &options, &[one]);
            assert_eq!(plan.files, []);
            let [Outcome::LeftOut(reason)] = outcomes(&plan)[..] else { panic!("{:?}", outcomes(&plan)) };
            assert!(reason.starts_with(&format!("{other} has INTERNAL_TOKEN empty too")), "{reason}");
        }
    }
}

#[test]
fn both_services_together_are_given_the_token() {
    for options in [overlay(), in_place()] {
        let plan = plan(&shop(), &options, &["api", "scheduler"]);
        assert_eq!(outcomes(&plan), [&Outcome::Chosen, &Outcome::Chosen]);
        assert!(!plan.files.is_empty());
    }
}

#[test]
fn a_service_whose_other_half_an_earlier_run_changed_keeps_the_token() {
    let once = written(&shop(), &plan(&shop(), &overlay(), &["api", "scheduler"]));
    let again = plan(&once, &overlay(), &["api"]);
    assert_eq!(again.files, [], "{}", diffs(&again));
}
