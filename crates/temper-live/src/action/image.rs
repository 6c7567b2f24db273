use super::{ActionError, Undone};
use crate::engine::Engine;

/// Repository and tag of a name: `host:5000/shop/api:1.2` gives `host:5000/shop/api` and `1.2`.
fn split(reference: &str) -> (&str, &str) {
    match reference.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (reference, "latest"),
    }
}

fn current(engine: &Engine, reference: &str) -> Result<Option<String>, ActionError> {
    Ok(engine.image(reference)?.map(|image| image.id))
}

/// Gives the image the name, unless it has it.
pub(super) fn name(engine: &Engine, image: &str, reference: &str) -> Result<(), ActionError> {
    if current(engine, reference)?.as_deref() != Some(image) {
        let (repository, tag) = split(reference);
        engine.tag(image, repository, tag)?;
    }
    Ok(())
}

pub(super) fn point(
    engine: &Engine,
    reference: &str,
    old: Option<&str>,
    new: &str,
) -> Result<(), ActionError> {
    let now = current(engine, reference)?;
    if now.as_deref() != old && now.as_deref() != Some(new) {
        return Err(ActionError::Changed {
            what: format!("image name {reference}"),
            found: now.map_or("it is gone".to_owned(), |id| format!("it points to {id}")),
        });
    }
    name(engine, new, reference)
}

pub(super) fn point_back(
    engine: &Engine,
    reference: &str,
    old: Option<&str>,
    new: &str,
) -> Result<Undone, ActionError> {
    let now = current(engine, reference)?;
    if now.as_deref() == old {
        return Ok(Undone::nothing());
    }
    if now.is_some() && now.as_deref() != Some(new) {
        let found = "it points to a third image by now";
        return Ok(Undone::left(format!("image name {reference} is left as it is: {found}")));
    }
    match old {
        Some(old) if engine.image(old)?.is_none() => Ok(Undone::left(format!(
            "image name {reference} cannot point to {old} again: that image is gone"
        ))),
        Some(old) => {
            name(engine, old, reference)?;
            Ok(Undone::changed())
        }
        None => unname(engine, reference, new),
    }
}

/// Takes the name away when it points to the image and no container needs it.
pub(super) fn unname(engine: &Engine, reference: &str, image: &str) -> Result<Undone, ActionError> {
    if current(engine, reference)?.as_deref() != Some(image) {
        return Ok(Undone::nothing());
    }
    match engine.remove_image(reference) {
        Ok(()) => Ok(Undone::changed()),
        Err(crate::engine::EngineError::Conflict { .. }) => {
            Ok(Undone::left(format!("image name {reference} is left: a container uses the image")))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes a name away that kept an image. The last name stays: with it the image would go.
pub(super) fn unkeep(engine: &Engine, image: &str, reference: &str) -> Result<Undone, ActionError> {
    match engine.image(reference)? {
        Some(found) if found.id == image && found.tags.len() > 1 => unname(engine, reference, image),
        Some(found) if found.id == image => {
            Ok(Undone::left(format!("image name {reference} is left: it is the only name of that image")))
        }
        _ => Ok(Undone::nothing()),
    }
}

pub(super) fn name_again(engine: &Engine, reference: &str, image: &str) -> Result<Undone, ActionError> {
    let now = current(engine, reference)?;
    if now.as_deref() == Some(image) {
        return Ok(Undone::nothing());
    }
    if now.is_some() || engine.image(image)?.is_none() {
        let reason = if now.is_some() { "it points to another image by now" } else { "the image is gone" };
        return Ok(Undone::left(format!("image name {reference} is not restored: {reason}")));
    }
    name(engine, image, reference)?;
    Ok(Undone::changed())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_port_is_no_tag() {
        assert_eq!(split("host:5000/shop/api:1.2"), ("host:5000/shop/api", "1.2"));
        assert_eq!(split("host:5000/shop/api"), ("host:5000/shop/api", "latest"));
        assert_eq!(split("redis:7"), ("redis", "7"));
    }
}
