/// Why an edit cannot be made without a risk. Nothing has been changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct EditRefused {
    /// What stands in the way, for people.
    pub reason: String,
}

impl EditRefused {
    pub(crate) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}
