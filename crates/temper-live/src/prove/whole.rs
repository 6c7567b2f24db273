use temper_model::container::{Attempt, Observed};

use super::helper::{lacking, look_by_helper};
use super::local::{Sight, Subject, look};
use super::parent::Prober;
use super::sibling::siblings;
use super::toolbox::Toolbox;
use crate::engine::{Engine, Inspect};
use crate::observe::LocalHost;

/// Everything that can be seen and tried of containers that run: in themselves, and in siblings. The results come in the
/// order of the containers; each has its subject.
pub(crate) fn see(
    engine: &Engine,
    prober: &Prober,
    containers: &[(&Inspect, Subject)],
) -> Vec<(Sight, Observed<Vec<Attempt>>)> {
    if containers.is_empty() {
        return Vec::new();
    }
    let inspects: Vec<&Inspect> = containers.iter().map(|(inspect, _)| *inspect).collect();
    let subjects: Vec<Subject> = containers.iter().map(|(_, subject)| subject.clone()).collect();
    // The image is made while this process looks by itself, where it can.
    let (direct, (toolbox, sibling)) = std::thread::scope(|scope| {
        let made = scope.spawn(|| {
            let toolbox = Toolbox::make(engine, &prober.program);
            let sibling = match &toolbox {
                Ok(toolbox) => siblings(toolbox, &inspects),
                Err(why) => inspects
                    .iter()
                    .map(|_| Observed::Unknown(format!("no sibling container: {why}")))
                    .collect(),
            };
            (toolbox, sibling)
        });
        let direct = directly(engine, prober, &subjects);
        let made = made.join().unwrap_or_else(|_| {
            let unknown = || Observed::Unknown("no sibling container: temper failed".to_owned());
            (Err("temper failed".to_owned()), inspects.iter().map(|_| unknown()).collect())
        });
        (direct, made)
    });
    let sights = match (direct, &toolbox) {
        (Ok(sights), _) => sights,
        (Err(_), Ok(toolbox)) => look_by_helper(engine, toolbox, &inspects, &subjects),
        (Err(why), Err(failed)) => {
            let missing = format!("{why}, and no helper container could be started: {failed}");
            subjects.iter().map(|_| Sight::unknown(&missing)).collect()
        }
    };
    sights.into_iter().zip(sibling).collect()
}

/// Looks without a helper.
///
/// # Errors
/// Why that cannot be done.
fn directly(engine: &Engine, prober: &Prober, subjects: &[Subject]) -> Result<Vec<Sight>, String> {
    if !engine.is_local() {
        return Err(format!("the engine at {} runs elsewhere", engine.address()));
    }
    let lacking = lacking();
    if !lacking.is_empty() {
        return Err(format!("temper lacks {}", lacking.join(", ")));
    }
    let sights = look(&LocalHost::default(), prober, subjects);
    // Nothing at all is seen when the engine runs in another machine behind a local socket.
    let is_blind =
        |sight: &Sight| sight.facts.processes.known().is_none() && sight.facts.mounts.known().is_none();
    if sights.iter().all(is_blind) {
        Err("the processes of the engine are not in /proc".to_owned())
    } else {
        Ok(sights)
    }
}
