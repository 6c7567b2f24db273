use temper_controls::{ComposeAction, Judgement, Scalar, Verdict};
use temper_model::Stack;

use super::controls::{self, MEMORY};
use super::{files, left_out, overlay, try_plan_where};
use crate::PlanError;

const BASE: &str = "services:\n  api:\n    image: x\n";

fn broken(change: &dyn Fn(&mut Judgement)) -> Result<crate::Plan, PlanError> {
    let judge = |stack: &Stack| {
        let mut judgements = controls::judge(stack);
        judgements.iter_mut().filter(|judgement| judgement.control.id == MEMORY.id).for_each(change);
        judgements
    };
    try_plan_where(&files(&[("compose.yml", BASE)]), &overlay(), &judge, &|_| true)
}

#[test]
fn fix_that_does_not_fix_is_left_out() {
    let plan = broken(&|judgement| judgement.verdict = Verdict::Fail).unwrap();
    insta::assert_snapshot!(left_out(&plan), @"service/api memory: it is not enough: memory");
}

#[test]
fn fix_that_breaks_another_control_is_left_out() {
    let judge = |stack: &Stack| {
        let mut judgements = controls::judge(stack);
        let limited = stack.projects[0].project.services["api"].memory_limit.is_some();
        for judgement in judgements.iter_mut().filter(|judgement| judgement.control.id == "capabilities") {
            judgement.verdict = if limited { Verdict::Fail } else { Verdict::Pass };
        }
        judgements
    };
    let plan = try_plan_where(&files(&[("compose.yml", BASE)]), &overlay(), &judge, &|_| true).unwrap();
    insta::assert_snapshot!(left_out(&plan), @"service/api memory: with it, `capabilities` of service/api would fail: capabilities");
    assert!(plan.files[0].new.contains("read_only"));
}

#[test]
fn contradicting_fixes_are_decided_in_order() {
    let judge = |stack: &Stack| {
        let mut judgements = controls::judge(stack);
        for judgement in judgements.iter_mut().filter(|judgement| judgement.control.id == MEMORY.id) {
            let Some(fix) = &mut judgement.fix else { continue };
            if let Some(temper_controls::Change::Service { action, .. }) = fix.changes.first_mut() {
                *action = ComposeAction::Set { path: vec!["user"], value: Scalar::Str("1".into()) };
            }
        }
        judgements
    };
    let plan = try_plan_where(&files(&[("compose.yml", BASE)]), &overlay(), &judge, &|_| true).unwrap();
    insta::assert_snapshot!(left_out(&plan), @"service/api memory: another fix wants something else of `user` (does not run as root)");
}

#[test]
fn same_trouble_in_two_projects_is_told_apart() {
    let judge = |stack: &Stack| {
        let mut judgements = controls::judge(stack);
        for judgement in judgements.iter_mut().filter(|judgement| judgement.control.id == "capabilities") {
            let project = judgement.project.and_then(|index| stack.projects.get(index));
            let limited = project.is_some_and(|group| group.project.services["api"].memory_limit.is_some());
            judgement.verdict = if limited { Verdict::Fail } else { Verdict::Pass };
        }
        judgements
    };
    let tree = files(&[("a/compose.yml", BASE), ("b/compose.yml", BASE)]);
    let plan = try_plan_where(&tree, &overlay(), &judge, &|_| true).unwrap();
    insta::assert_snapshot!(left_out(&plan), @r"
    service/api memory: with it, `capabilities` of service/api would fail: capabilities
    service/api memory: with it, `capabilities` of service/api would fail: capabilities
    ");
}
