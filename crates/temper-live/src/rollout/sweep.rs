use super::build::image_name;
use super::derive::scratch_project;
use crate::engine::{Engine, EngineError};
use crate::names;

/// Removes every container, volume and name of an image that only served trials and translations of a run. Such containers
/// belong to projects of their own, such volumes carry a label of their own and such names hold the run, so this may be
/// called at any time, as often as one likes, and touches nothing else.
///
/// # Errors
/// When the engine cannot be asked or refuses.
pub fn sweep(engine: &Engine, run: &str) -> Result<(), EngineError> {
    let (own, of_services) = (scratch_project(run), format!("{}-", scratch_project(run)));
    for container in engine.containers(&[names::PROJECT.to_owned()])? {
        let project = container.labels.get(names::PROJECT).map_or("", String::as_str);
        if project == own || project.starts_with(&of_services) {
            engine.remove(&container.id, true, true)?;
        }
    }
    for volume in engine.volumes(names::SCRATCH)? {
        // The name begins with what the label says, see `data::copies`.
        if volume.starts_with(&format!("temper-{run}-")) {
            engine.remove_volume(&volume)?;
        }
    }
    let (prefix, tag) = (image_name(run, ""), format!(":{run}"));
    let prefix = prefix.trim_end_matches(&tag);
    for name in engine.image_names(&image_name(run, "*"))? {
        // An image has all its names in the answer.
        if name.starts_with(prefix) && name.ends_with(&tag) {
            engine.remove_image(&name)?;
        }
    }
    Ok(())
}

/// Removes what served one trial.
pub(crate) fn sweep_one(engine: &Engine, scratch: &str) -> Result<(), EngineError> {
    for container in engine.containers(&[format!("{}={}", names::PROJECT, scratch_project(scratch))])? {
        engine.remove(&container.id, true, true)?;
    }
    for volume in engine.volumes(&format!("{}={scratch}", names::SCRATCH))? {
        engine.remove_volume(&volume)?;
    }
    Ok(())
}
