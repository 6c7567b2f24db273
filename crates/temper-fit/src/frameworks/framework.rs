//! One framework or tool: how it is recognised and what it writes.

use serde::{Deserialize, Deserializer};

use temper_model::Class;

use crate::images::{Confidence, PathKind, Size};

/// Kind of content, shared with the images.
pub type WriteKind = PathKind;

/// A framework or tool as read from `frameworks/*.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Framework {
    /// Stable name, unique over all files.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// How the facts were learned, unless a fact says otherwise.
    pub confidence: Confidence,
    /// Addresses of the documentation or source the facts come from. Never empty.
    pub sources: Vec<String>,
    /// Workload class that its presence suggests.
    pub class: Option<Class>,
    /// How it is recognised. Any one of them is enough.
    pub recognise: Recognise,
    /// What it writes at run time.
    #[serde(default)]
    pub writes: Vec<Write>,
    /// Size of `/dev/shm` it needs, such as `1gb`, when Docker's 64 MB are not enough.
    pub shm: Option<String>,
    /// Capabilities it needs, when any.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Other facts a person should know.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Signs of a framework in a Dockerfile or an image.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recognise {
    /// Packages installed from PyPI, in normalised form (PEP 503).
    #[serde(default)]
    pub pip: Vec<String>,
    /// Packages installed from npm.
    #[serde(default)]
    pub npm: Vec<String>,
    /// Packages installed by apt.
    #[serde(default)]
    pub apt: Vec<String>,
    /// Packages installed by apk.
    #[serde(default)]
    pub apk: Vec<String>,
    /// Gems.
    #[serde(default)]
    pub gem: Vec<String>,
    /// First words of `CMD`, `ENTRYPOINT` or `command:`, without their folder.
    #[serde(default)]
    pub commands: Vec<String>,
    /// Environment variables whose presence shows it.
    #[serde(default)]
    pub env: Vec<String>,
    /// Repository names of base images, short form, `*` at the end stands for the rest.
    #[serde(default)]
    pub images: Vec<String>,
    /// File names in the build context.
    #[serde(default)]
    pub files: Vec<String>,
}

/// One path a framework writes to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Write {
    /// Where, by default.
    pub path: PathTemplate,
    /// What.
    pub kind: WriteKind,
    /// How much.
    pub size: Size,
    /// Whether files there are executed or mapped executable, so that `noexec` breaks it.
    #[serde(default)]
    pub exec: bool,
    /// Whether the path is a file, which nothing can be mounted on before it exists.
    #[serde(default)]
    pub file: bool,
    /// Whether the build usually fills it, so that a mount would hide what the program needs.
    #[serde(default)]
    pub baked: bool,
    /// What happens when it is not writable.
    pub unwritable: Unwritable,
    /// Ways to move it, best first.
    #[serde(default)]
    pub redirects: Vec<Redirect>,
    /// What is written, and when.
    pub reason: String,
    /// How this was learned, when it differs from the entry.
    pub confidence: Option<Confidence>,
}

/// What happens when a path cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unwritable {
    /// The program fails.
    Fails,
    /// It goes on, slower or with a warning.
    Slower,
    /// It falls back to another path, named in the reason.
    FallsBack,
    /// Nothing that matters.
    Ignored,
    /// Not known.
    Unknown,
}

/// A setting that moves a path. Exactly one of `variable` and `argument` is given.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// Environment variable.
    pub variable: Option<String>,
    /// Command-line argument or configuration key, as written.
    pub argument: Option<String>,
    /// A value that switches the write off altogether, when there is one.
    pub off: Option<String>,
    /// The kind of place it should point at, when it differs from the kind of the write.
    pub kind: Option<WriteKind>,
    /// What is below the new place, when the setting names a parent: `hub` for `HF_HOME`.
    pub subpath: Option<String>,
}

/// A path with variables: absolute, or beginning with one of [`PathTemplate::VARIABLES`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathTemplate(String);

impl PathTemplate {
    /// Variables a template may begin with. `$WORKDIR` is the working directory of the process; the others are
    /// environment variables, with their usual defaults: `$HOME` of the passwd entry (or `/`), `/tmp`,
    /// `$HOME/.cache`, `$HOME/.config`, `$HOME/.local/share`, `$HOME/.local/state`.
    pub const VARIABLES: [&'static str; 7] =
        ["HOME", "TMPDIR", "WORKDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"];

    /// Reads a template.
    ///
    /// # Errors
    /// When it is neither absolute nor begins with a known variable, or holds a further variable.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = match text.strip_prefix('$') {
            None => text,
            Some(named) => {
                let end = named.find('/').unwrap_or(named.len());
                let (name, rest) = named.split_at(end);
                if !Self::VARIABLES.contains(&name) {
                    return Err(format!("path {text:?} begins with an unknown variable"));
                }
                rest
            }
        };
        let rooted = rest.starts_with('/') || (text.starts_with('$') && rest.is_empty());
        if !rooted || rest.contains('$') {
            return Err(format!("expected an absolute path or a variable at the beginning, got {text:?}"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The template as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path, with variables taken from `variable`; those it does not know get their usual default.
    ///
    /// `None` when `$HOME` or `$WORKDIR` is needed and not known.
    pub fn expand(&self, variable: impl Fn(&str) -> Option<String>) -> Option<String> {
        let Some(named) = self.0.strip_prefix('$') else {
            return Some(self.0.clone());
        };
        let end = named.find('/').unwrap_or(named.len());
        let (name, rest) = named.split_at(end);
        let value = variable(name).or_else(|| {
            let home = || variable("HOME");
            match name {
                "TMPDIR" => Some("/tmp".to_owned()),
                "XDG_CACHE_HOME" => home().map(|home| join(&home, "/.cache")),
                "XDG_CONFIG_HOME" => home().map(|home| join(&home, "/.config")),
                "XDG_DATA_HOME" => home().map(|home| join(&home, "/.local/share")),
                "XDG_STATE_HOME" => home().map(|home| join(&home, "/.local/state")),
                _ => None,
            }
        })?;
        Some(join(&value, rest))
    }
}

fn join(parent: &str, rest: &str) -> String {
    let parent = parent.trim_end_matches('/');
    if parent.is_empty() && rest.is_empty() { "/".to_owned() } else { format!("{parent}{rest}") }
}

impl<'de> Deserialize<'de> for PathTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(template: &str, variables: &[(&str, &str)]) -> Option<String> {
        PathTemplate::parse(template).unwrap().expand(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_cache_is_below_home_unless_the_variable_moves_it() {
        let template = "$XDG_CACHE_HOME/pip";
        assert_eq!(expand(template, &[("HOME", "/home/app")]).as_deref(), Some("/home/app/.cache/pip"));
        assert_eq!(expand(template, &[("XDG_CACHE_HOME", "/tmp/c")]).as_deref(), Some("/tmp/c/pip"));
        assert_eq!(expand(template, &[]), None);
    }

    #[test]
    fn a_home_of_slash_gives_no_double_slash() {
        assert_eq!(expand("$HOME/.config/x", &[("HOME", "/")]).as_deref(), Some("/.config/x"));
        assert_eq!(expand("$HOME", &[("HOME", "/")]).as_deref(), Some("/"));
    }

    #[test]
    fn relative_paths_and_unknown_variables_are_refused() {
        assert!(PathTemplate::parse("tmp/x").is_err());
        assert!(PathTemplate::parse("$NOPE/x").is_err());
        assert!(PathTemplate::parse("/a/$HOME").is_err());
        assert!(PathTemplate::parse("$HOMEx").is_err());
        assert!(PathTemplate::parse("").is_err());
    }
}
