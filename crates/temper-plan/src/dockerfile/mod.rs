//! Changes of Dockerfiles: a user to run as, and numbers in place of its name.

mod run_as;
mod style;

use temper_controls::DockerfileAction;
use temper_model::Stack;
use temper_text::TextEdit;

use crate::change::Draft;
use crate::planner::{Compiled, Refused, Text};
use crate::wish::{DockerfileWish, Wishes};

/// Writes what is wanted of every Dockerfile.
///
/// # Errors
/// When one cannot be changed without a risk.
pub(crate) fn compile(base: &Stack, wishes: &Wishes, compiled: &mut Compiled) -> Result<(), Refused> {
    for (path, wishes) in &wishes.dockerfiles {
        let Some(dockerfile) = base.dockerfiles.get(path) else {
            let owner = wishes.first().map_or(0, |wish| wish.owner);
            return Err(Refused { owner, reason: format!("{path} is not part of this stack") });
        };
        let old = base.sources.file(dockerfile.file).text();
        let mut draft = Draft::new(old);
        for wish in wishes {
            change(&mut draft, wish).map_err(|reason| Refused { owner: wish.owner, reason })?;
        }
        compiled.dockerfiles.insert(path.clone());
        compiled.files.insert(path.clone(), Text { old: Some(old.to_owned()), new: draft.into_text() });
    }
    Ok(())
}

fn change(draft: &mut Draft, wish: &DockerfileWish) -> Result<(), String> {
    let edits = match &wish.action {
        DockerfileAction::NumericUser { at, user } => {
            let span = draft.locate(at.span).ok_or("another fix has changed this `USER` already")?;
            vec![TextEdit::replace(span, user.as_str())]
        }
        DockerfileAction::RunAs { uid, gid, create, home, owned } => {
            let user = run_as::User { ids: (*uid, *gid), create: create.as_deref(), home, owned };
            run_as::edits(draft.text(), wish.target.as_deref(), &user, &wish.reason)?
        }
    };
    draft.edit(&edits)
}
