//! JUnit XML: a test suite a resource, a test case a control.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use temper_controls::{Judged, Judgement, Verdict};
use temper_model::Stack;

use crate::message::said;
use crate::place::place;
use crate::problems::problem_line;

/// All verdicts as JUnit XML, with a final newline. What could not be read is a test suite of errors.
#[must_use]
pub fn junit(stack: &Stack, judged: &Judged) -> String {
    let mut report = Report::new("temper");
    let mut suites: Vec<(String, TestSuite)> = Vec::new();
    for judgement in &judged.judgements {
        let name = suite_name(stack, judgement);
        let index = suites.iter().rposition(|(known, _)| *known == name).unwrap_or_else(|| {
            suites.push((name.clone(), TestSuite::new(name)));
            suites.len() - 1
        });
        if let Some((_, suite)) = suites.get_mut(index) {
            suite.add_test_case(case(stack, judgement));
        }
    }
    report.add_test_suites(suites.into_iter().map(|(_, suite)| suite));
    report.add_test_suites(files(stack));
    // Writing to a string fails only for characters that XML has no form for, which quick-junit removes.
    report.to_string().unwrap_or_else(|error| format!("<!-- {error} -->\n"))
}

fn suite_name(stack: &Stack, judgement: &Judgement) -> String {
    match judgement.project.and_then(|index| stack.projects.get(index)) {
        Some(group) => format!("{}/{}", group.project.name, judgement.resource),
        None => judgement.resource.clone(),
    }
}

fn case(stack: &Stack, judgement: &Judgement) -> TestCase {
    let at = place(stack, judgement.at);
    let status = match &judgement.verdict {
        Verdict::Pass => TestCaseStatus::success(),
        Verdict::Fail => non_success(NonSuccessKind::Failure, format!("{at}: {}", judgement.message)),
        Verdict::Unknown { .. } => {
            non_success(NonSuccessKind::Error, format!("{at}: unknown: {}", said(judgement)))
        }
        Verdict::Waived(waived) => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!(
                "waived by {} until {}: {}",
                waived.owner, waived.expires, waived.reason
            ));
            status
        }
    };
    let mut case = TestCase::new(judgement.control.id, status);
    case.set_classname(judgement.resource.clone());
    case
}

fn non_success(kind: NonSuccessKind, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message);
    status
}

fn files(stack: &Stack) -> Option<TestSuite> {
    let mut suite = TestSuite::new("files");
    for problem in crate::problems(stack).into_iter().filter(|problem| !problem.warning) {
        let status = non_success(NonSuccessKind::Error, problem_line(&stack.sources, problem));
        suite.add_test_case(TestCase::new(problem.file.clone(), status));
    }
    (!suite.test_cases.is_empty()).then_some(suite)
}
