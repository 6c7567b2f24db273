use temper_controls::Judgement;
use temper_model::Stack;
use temper_text::Loc;

/// `compose.yml:12:3`.
pub(crate) fn place(stack: &Stack, at: Loc) -> String {
    let position = stack.sources.line_col(at);
    format!("{}:{}:{}", stack.sources.file(at.file).path(), position.line, position.column)
}

/// The key of a service: the place of findings about what is not written. They need no excerpt of their own.
pub(crate) fn home(stack: &Stack, judgement: &Judgement) -> Option<Loc> {
    let name = judgement.resource.strip_prefix("service/")?;
    let project = stack.projects.get(judgement.project?)?;
    project.project.services.get(name).map(|service| service.at)
}
