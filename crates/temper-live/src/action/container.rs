use std::time::{Duration, Instant};

use serde_json::Value;

use super::{ActionError, Moved, Target, Undone};
use crate::engine::{Engine, EngineError, Inspect};
use crate::names;
use crate::recreate::Recipe;

/// How long the engine may take to end what somebody who was killed had asked of it.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Tries until the engine has ended what it still works on: a request goes on when whoever sent it is killed. Meanwhile a
/// name is taken by a container that is not there yet, or a container is being removed.
fn settled<T>(mut attempt: impl FnMut() -> Result<T, ActionError>) -> Result<T, ActionError> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(ActionError::Engine(EngineError::Conflict { .. })) if start.elapsed() < PATIENCE => {
                std::thread::sleep(PAUSE);
            }
            other => return other,
        }
    }
}

/// Removes a container, also one that is being removed already.
pub(super) fn remove(engine: &Engine, id: &str, anonymous: bool) -> Result<(), ActionError> {
    settled(|| Ok(engine.remove(id, true, anonymous)?))
}

/// True when it runs or is kept running by the engine: both mean that its owner wants it up.
pub(crate) fn runs(inspect: &Inspect) -> bool {
    matches!(inspect.text("/State/Status"), "running" | "restarting" | "paused")
}

/// The container of an action: itself, or the one that stands for it since it was removed and made again.
fn find(engine: &Engine, target: &Target, moved: &Moved) -> Result<Option<Inspect>, ActionError> {
    let id = moved.get(&target.id).unwrap_or(&target.id);
    Ok(engine.find(id)?)
}

/// Makes a container with all its networks. A name of the image that still points to it is kept as the name.
fn create(engine: &Engine, recipe: &Recipe, image_name: Option<&str>) -> Result<String, ActionError> {
    let image = recipe.body.get("Image").and_then(Value::as_str).unwrap_or_default();
    let by_name = match image_name {
        Some(name) if engine.image(name)?.is_some_and(|found| found.id == image) => {
            Some(recipe.clone().image(name))
        }
        _ => None,
    };
    let id = engine.create(&recipe.name, by_name.as_ref().unwrap_or(recipe).body.clone())?.id;
    if by_name.is_some() && engine.inspect(&id)?.image_id() != image {
        // The name was moved in this very moment.
        engine.remove(&id, true, false)?;
        return create(engine, recipe, None);
    }
    connect(engine, &id, recipe)?;
    Ok(id)
}

fn connect(engine: &Engine, id: &str, recipe: &Recipe) -> Result<(), ActionError> {
    let found = engine.inspect(id)?;
    let connected = found.at("/NetworkSettings/Networks");
    for (name, settings) in &recipe.networks {
        if connected.is_none_or(|networks| networks.get(name).is_none()) {
            engine.connect_network(name, id, settings.clone())?;
        }
    }
    Ok(())
}

pub(super) fn create_marked(engine: &Engine, recipe: &Recipe, run: &str) -> Result<String, ActionError> {
    settled(|| create_marked_once(engine, recipe, run))
}

fn create_marked_once(engine: &Engine, recipe: &Recipe, run: &str) -> Result<String, ActionError> {
    if let Some(found) = engine.find(&recipe.name)? {
        if found.label(names::RUN) != Some(run) {
            return Err(ActionError::Changed {
                what: format!("container {}", recipe.name),
                found: "one of that name exists and this run did not make it".to_owned(),
            });
        }
        connect(engine, found.id(), recipe)?;
        return Ok(found.id().to_owned());
    }
    create(engine, &recipe.clone().label(names::RUN, run), None)
}

pub(super) fn remove_marked(engine: &Engine, recipe: &Recipe, run: &str) -> Result<Undone, ActionError> {
    let Some(found) = engine.find(&recipe.name)?.filter(|found| found.label(names::RUN) == Some(run)) else {
        return Ok(Undone::nothing());
    };
    // Volumes without a name that were made for this container go with it. What it got from another container stays.
    let own = found.texts("/HostConfig/VolumesFrom").is_empty();
    remove(engine, found.id(), own)?;
    Ok(Undone::changed())
}

pub(super) fn rename(engine: &Engine, target: &Target, to: &str) -> Result<(), ActionError> {
    let found = engine.inspect(&target.id)?;
    if found.name() != to {
        engine.rename(&target.id, to)?;
    }
    Ok(())
}

pub(super) fn rename_back(
    engine: &Engine,
    target: &Target,
    to: &str,
    moved: &Moved,
) -> Result<Undone, ActionError> {
    match find(engine, target, moved)? {
        None => Ok(gone(target)),
        Some(found) if found.name() == target.name => Ok(Undone::nothing()),
        Some(found) if found.name() == to => {
            engine.rename(found.id(), &target.name)?;
            Ok(Undone::changed())
        }
        Some(found) => {
            let name = found.name();
            Ok(Undone::left(format!("container {} is left as it is: it is named {name} by now", target.name)))
        }
    }
}

pub(super) fn start_again(engine: &Engine, target: &Target, moved: &Moved) -> Result<Undone, ActionError> {
    if !target.ran {
        return Ok(Undone::nothing());
    }
    match find(engine, target, moved)? {
        None => Ok(gone(target)),
        Some(found) if runs(&found) => Ok(Undone::nothing()),
        Some(found) => {
            engine.start(found.id())?;
            Ok(Undone::changed())
        }
    }
}

pub(super) fn stop_again(engine: &Engine, target: &Target, moved: &Moved) -> Result<Undone, ActionError> {
    if target.ran {
        return Ok(Undone::nothing());
    }
    match find(engine, target, moved)?.filter(runs) {
        None => Ok(Undone::nothing()),
        Some(found) => {
            engine.stop(found.id(), None)?;
            Ok(Undone::changed())
        }
    }
}

pub(super) fn make_again(
    engine: &Engine,
    target: &Target,
    inspect: &Inspect,
    moved: &Moved,
) -> Result<Undone, ActionError> {
    let (id, mut changed) = match find(engine, target, moved)? {
        Some(found) => (found.id().to_owned(), false),
        None => (replacement(engine, target, inspect, moved)?, true),
    };
    if target.ran && !runs(&engine.inspect(&id)?) {
        engine.start(&id)?;
        changed = true;
    }
    Ok(Undone { changed, container: (id != target.id).then_some(id), left: Vec::new() })
}

/// The container that stands for one that was removed: made now, or found where an earlier attempt was interrupted.
pub(super) fn replacement(
    engine: &Engine,
    target: &Target,
    inspect: &Inspect,
    moved: &Moved,
) -> Result<String, ActionError> {
    let recipe = Recipe::of(inspect).references(moved);
    settled(|| replacement_once(engine, target, inspect, &recipe))
}

fn replacement_once(
    engine: &Engine,
    target: &Target,
    inspect: &Inspect,
    recipe: &Recipe,
) -> Result<String, ActionError> {
    match engine.find(&target.name)? {
        None => create(engine, recipe, Some(inspect.text("/Config/Image"))),
        Some(found) if stands_for(&found, inspect) => {
            connect(engine, found.id(), recipe)?;
            Ok(found.id().to_owned())
        }
        Some(_) => Err(ActionError::Changed {
            what: format!("container {}", target.name),
            found: "another container has its name".to_owned(),
        }),
    }
}

pub(super) fn remove_replacement(
    engine: &Engine,
    target: &Target,
    inspect: &Inspect,
) -> Result<Undone, ActionError> {
    match engine.find(&target.name)? {
        Some(found) if found.id() != target.id && stands_for(&found, inspect) => {
            remove(engine, found.id(), false)?;
            Ok(Undone::changed())
        }
        _ => Ok(Undone::nothing()),
    }
}

/// Two containers cannot have one name, so image and labels (with Compose's hash of the configuration) tell it apart.
pub(crate) fn stands_for(found: &Inspect, inspect: &Inspect) -> bool {
    found.image_id() == inspect.image_id() && found.at("/Config/Labels") == inspect.at("/Config/Labels")
}

fn gone(target: &Target) -> Undone {
    Undone::left(format!("container {} is gone: somebody else removed it", target.name))
}
