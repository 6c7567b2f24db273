use serde::Serialize;

use super::State;
use crate::engine::{Engine, EngineError};
use crate::probe::{Answer, Comparison, Prober, Scope, compare};

/// How an endpoint answers now, compared with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndpointCheck {
    /// The container.
    pub container: String,
    /// The endpoint, for people.
    pub name: String,
    /// True when it answered when the snapshot was taken: then it must answer now.
    pub answered_before: bool,
    /// What is the same and what is not.
    #[serde(flatten)]
    pub comparison: Comparison,
}

/// Asks every endpoint of a snapshot once and compares. What may change something (`POST`, a command that was declared)
/// is asked as it was asked for the snapshot.
///
/// # Errors
/// When the engine cannot be asked.
pub fn endpoints(engine: &Engine, state: &State) -> Result<Vec<EndpointCheck>, EngineError> {
    let prober = Prober::new(engine);
    let mut all = Vec::new();
    for known in &state.endpoints {
        let comparison = match engine.find(&known.container)? {
            Some(container) => {
                let answer = prober.ask(&known.endpoint, &container, Scope::Live);
                compare(&known.endpoint, &known.answers, &answer)
            }
            None => Comparison::Different { differences: vec!["the container is gone".to_owned()] },
        };
        let silent = |answer: &Answer| matches!(answer, Answer::Failed { .. } | Answer::Unknown { .. });
        all.push(EndpointCheck {
            container: known.container.clone(),
            name: known.endpoint.name(),
            answered_before: !known.answers.is_empty() && !known.answers.iter().any(silent),
            comparison,
        });
    }
    Ok(all)
}
