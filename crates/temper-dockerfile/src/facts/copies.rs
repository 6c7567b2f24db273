use temper_text::Span;

use super::paths::mode_sets_id;
use crate::Resolved;
use crate::shell::basename;

/// One COPY or ADD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyFact {
    /// Sources.
    pub sources: Vec<Resolved>,
    /// Destination, made absolute.
    pub dest: Resolved,
    /// True when the destination is a folder: it ends with `/`, is `.`, or there are several sources.
    pub into_folder: bool,
    /// `--chown`.
    pub chown: Option<Resolved>,
    /// `--chmod`.
    pub chmod: Option<Resolved>,
    /// Where the sources come from.
    pub from: CopyFrom,
    /// Whether it brings what the container runs, in contrast to configuration, data and lists of dependencies.
    pub is_code: bool,
    /// The user in effect, `None` for that of the base image. COPY and ADD ignore it: without `--chown` they write as root.
    pub user: Option<Resolved>,
    /// Index of the stage.
    pub stage: usize,
    /// The instruction.
    pub span: Span,
}

/// Where COPY and ADD take their sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyFrom {
    /// The build context.
    Context,
    /// An earlier stage.
    Stage(usize),
    /// An image, or a named build context.
    Image(String),
    /// Heredocs only.
    Inline,
    /// URLs only, fetched by ADD.
    Remote,
    /// The `--from` value holds a variable; BuildKit does not expand it there.
    Unresolved(String),
}

impl CopyFact {
    /// True when `--chmod` sets the set-user-id or set-group-id bit.
    #[must_use]
    pub fn sets_id(&self) -> bool {
        self.chmod.as_ref().and_then(Resolved::known).is_some_and(mode_sets_id)
    }

    /// The source in the build context that lands at `path` in the image. For a folder or a pattern this is where the file
    /// would be: whether it is there, only the build context tells.
    #[must_use]
    pub fn source_of(&self, path: &str) -> Option<String> {
        if self.from != CopyFrom::Context {
            return None;
        }
        let dest = self.dest.known()?;
        self.sources.iter().filter_map(Resolved::known).find_map(|source| self.source_at(source, dest, path))
    }

    fn source_at(&self, source: &str, dest: &str, path: &str) -> Option<String> {
        let source = source.trim_start_matches("./").trim_matches('/');
        let name = basename(source);
        if path == dest && !self.into_folder && !source.is_empty() && source != "." {
            return Some(source.to_owned());
        }
        let below = path.strip_prefix(dest.trim_end_matches('/'))?.strip_prefix('/')?;
        if below == name || (name.contains('*') && !below.contains('/') && glob_matches(name, below)) {
            let folder = source.strip_suffix(name).unwrap_or("");
            return Some(format!("{folder}{below}"));
        }
        // Only a folder can hold something below its destination; a name with an extension is taken as a file.
        if matches!(source, "" | ".") {
            return Some(below.to_owned());
        }
        (!name.contains(['.', '*'])).then(|| format!("{source}/{below}"))
    }
}

/// A pattern with one `*`.
fn glob_matches(pattern: &str, name: &str) -> bool {
    pattern.split_once('*').is_some_and(|(before, after)| {
        name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    })
}

/// Extensions of configuration, data and documents.
const DATA: [&str; 25] = [
    "conf",
    "cfg",
    "cnf",
    "ini",
    "yml",
    "yaml",
    "json",
    "toml",
    "lock",
    "txt",
    "md",
    "env",
    "properties",
    "xml",
    "pem",
    "crt",
    "key",
    "csv",
    "sql",
    "html",
    "css",
    "svg",
    "png",
    "gz",
    "mod",
];

/// Files without such an extension that list dependencies.
const MANIFESTS: [&str; 8] =
    ["go.sum", "Gemfile", "Pipfile", "pom.xml", "build.gradle", "mvnw", "gradlew", ".npmrc"];

/// True unless every source is configuration, data or a list of dependencies, or all of it lands in `/etc`.
pub(super) fn is_code(sources: &[Resolved], dest: &Resolved) -> bool {
    if dest.known().is_some_and(|dest| dest == "/etc" || dest.starts_with("/etc/")) {
        return false;
    }
    sources
        .iter()
        .any(|source| source.known().is_none_or(|source| !is_data(basename(source.trim_end_matches('/')))))
}

/// True for a source that ADD fetches over the network: a URL or a Git repository.
pub(super) fn is_remote(source: &Resolved) -> bool {
    let prefixes = ["http://", "https://", "git://", "ssh://", "git@"];
    source.known().is_some_and(|source| prefixes.iter().any(|prefix| source.starts_with(prefix)))
}

/// True when the copy writes `/etc/passwd` or `/etc/group`, or may hold them: a folder that lands in `/` or `/etc`.
pub(super) fn may_bring_accounts(copy: &CopyFact) -> bool {
    let names = || {
        copy.sources.iter().filter_map(Resolved::known).map(|source| basename(source.trim_end_matches('/')))
    };
    match copy.dest.known() {
        Some("/etc/passwd" | "/etc/group") => true,
        Some("/etc") => names().any(|name| matches!(name, "passwd" | "group" | "etc")),
        Some("/") => names().any(|name| matches!(name, "" | "." | "rootfs" | "root" | "etc")),
        _ => false,
    }
}

fn is_data(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension.trim_end_matches('*'));
    DATA.contains(&extension.to_ascii_lowercase().as_str()) || MANIFESTS.contains(&name)
}
