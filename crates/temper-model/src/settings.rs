/// Settings of `temper.toml`.
#[derive(Debug, Clone, Default)]
pub struct Settings {}
/// A waiver.
#[derive(Debug, Clone)]
pub struct Waiver {}
/// Why `temper.toml` cannot be read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct SettingsError {
    /// What is wrong.
    pub message: String,
}
