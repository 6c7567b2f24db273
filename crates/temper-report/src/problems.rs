use temper_model::{Problem, Stack};
use temper_text::{LineCol, SourceMap};

/// Everything about the files of a stack that could not be read, or that Docker Compose refuses: errors first.
///
/// A file that several projects share is told of once. Of a project with an overlay that has to be named, only what
/// stands in the overlay itself counts: the rest is told of its base, and services that the overlay lacks are findings
/// of a control.
#[must_use]
pub fn problems(stack: &Stack) -> Vec<&Problem> {
    let groups = stack.projects.iter();
    let own = groups.flat_map(|group| group.project.problems.iter().chain(in_overlays(stack, group)));
    let mut told: Vec<&Problem> = Vec::new();
    for problem in stack.problems.iter().chain(own) {
        if !told.iter().any(|known| same(&stack.sources, known, problem)) {
            told.push(problem);
        }
    }
    told.sort_by_key(|problem| problem.warning);
    told
}

/// True when something could not be read, or would be refused: then what was found may not be all.
#[must_use]
pub fn has_errors(stack: &Stack) -> bool {
    problems(stack).iter().any(|problem| !problem.warning)
}

/// One line for something that could not be read, with its place.
#[must_use]
pub fn problem_line(sources: &SourceMap, problem: &Problem) -> String {
    match position(sources, problem) {
        Some(LineCol { line, column }) => format!("{}:{line}:{column}: {}", problem.file, problem.message),
        // Some messages of the readers name the file and the line themselves.
        None if problem.file.is_empty() || problem.message.starts_with(&format!("{}:", problem.file)) => {
            problem.message.clone()
        }
        None => format!("{}: {}", problem.file, problem.message),
    }
}

pub(crate) fn position(sources: &SourceMap, problem: &Problem) -> Option<LineCol> {
    problem.at.map(|at| sources.line_col(at))
}

fn in_overlays<'a>(
    stack: &'a Stack,
    group: &'a temper_model::ProjectGroup,
) -> impl Iterator<Item = &'a Problem> {
    group.overlays.iter().flat_map(|overlay| {
        let path = stack.sources.file(overlay.file).path();
        let merged = overlay.merged.iter().flat_map(|merged| &merged.problems);
        let ghost = |problem: &Problem| {
            overlay
                .ghosts
                .iter()
                .any(|(name, _)| problem.message.starts_with(&format!("service \"{name}\":")))
        };
        merged.filter(move |problem| problem.file == path && !ghost(problem))
    })
}

/// The same file may have been read twice, under two names.
fn same(sources: &SourceMap, a: &Problem, b: &Problem) -> bool {
    a.file == b.file && a.message == b.message && position(sources, a) == position(sources, b)
}
