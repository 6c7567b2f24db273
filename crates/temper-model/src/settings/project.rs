/// A project that `temper.toml` names instead of leaving it to discovery.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ProjectSettings {
    /// Directory that the other paths are relative to; `""` is the root of the stack.
    pub directory: String,
    /// Compose files in order of merging, relative to the root of the stack.
    pub files: Vec<String>,
    /// Profiles to enable.
    pub profiles: Vec<String>,
    /// Env files, relative to the root of the stack.
    pub env_files: Vec<String>,
    /// Project name; `None`: as `docker compose` computes it.
    pub name: Option<String>,
}
