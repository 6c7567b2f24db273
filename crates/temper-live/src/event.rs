use serde::Serialize;

/// Something that happened during a rollout, told while it happens. How it is shown is the command line's affair.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A phase of the whole run has begun: `preconditions`, `snapshot`, `trials`, `files`, `wave`, `verify`, `rollback`.
    Phase {
        /// The phase.
        name: String,
        /// What it does, for people.
        detail: String,
    },
    /// A service has reached another state.
    Service {
        /// The service.
        service: String,
        /// The state, one or two words: `trial`, `refused`, `stopping`, `starting`, `second boot`, `proven`, `rolled back`.
        state: String,
        /// What is known besides, for people; may be empty.
        detail: String,
    },
    /// Step `number` of the journal is recorded and about to be taken.
    StepBegun {
        /// Number in the run, from 1.
        number: u32,
        /// What it does, for people.
        detail: String,
    },
    /// Step `number` of the journal was taken.
    StepDone {
        /// Number in the run, from 1.
        number: u32,
    },
}
