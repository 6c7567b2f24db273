use temper_model::container::{Attempt, Container, Observed, Tried};

use super::kernel::KernelFacts;
use super::settings::{identity, settings, state};
use crate::engine::Inspect;

/// Puts together what the engine and the kernel say of a container, and what was tried in it. `image_now` is the image
/// that the name of its image leads to now.
#[must_use]
pub fn container(
    inspect: &Inspect,
    image_now: Option<String>,
    facts: KernelFacts,
    attempts: Observed<Vec<Tried>>,
    sibling: Observed<Vec<Attempt>>,
) -> Container {
    let mut identity = identity(inspect);
    identity.image_now = image_now;
    Container {
        identity,
        state: state(inspect),
        settings: settings(inspect),
        processes: facts.processes,
        mounts: facts.mounts,
        limits: facts.limits,
        attempts,
        host_namespaces: facts.host_namespaces,
        sibling,
    }
}
