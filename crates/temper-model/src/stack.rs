use indexmap::IndexMap;
use temper_text::{FileId, Loc, SourceMap};

use crate::compose::Project;
use crate::manifest::Package;
use crate::start_script::StartScripts;
use crate::{BuildContext, Settings};

/// Everything found under one root.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Every file that was read.
    pub sources: SourceMap,
    /// Compose projects with their overlays.
    pub projects: Vec<ProjectGroup>,
    /// Dockerfiles by path.
    pub dockerfiles: IndexMap<String, Dockerfile>,
    /// Packages that the applications built here depend on, by (build context, Dockerfile), both relative to the root.
    pub packages: IndexMap<(String, String), Vec<Package>>,
    /// What builds see, by (build context, Dockerfile), both relative to the root. A Dockerfile that no service is built
    /// from stands here with its own directory and with the root.
    pub build_contexts: IndexMap<(String, String), BuildContext>,
    /// What the start scripts of images built here do, by (build context, Dockerfile). A Dockerfile that no service is
    /// built from stands here with its own directory or with the root.
    pub start_scripts: IndexMap<(String, String), StartScripts>,
    /// Settings of `temper.toml`, or the defaults.
    pub settings: Settings,
    /// What could not be read, each with its place.
    pub problems: Vec<Problem>,
    /// Paths of the directories that were passed over (virtual environments, vendored trees), for the report.
    pub skipped: Vec<String>,
}

impl Stack {
    /// What the start scripts of a Dockerfile do, whichever service builds it.
    #[must_use]
    pub fn scripts_of(&self, dockerfile: &str) -> Option<&StartScripts> {
        self.start_scripts.iter().find(|((_, path), _)| path == dockerfile).map(|(_, found)| found)
    }
}

/// A project as it starts by default, and the other files beside it that change it.
#[derive(Debug, Clone)]
pub struct ProjectGroup {
    /// The project: base file, override file, and the hardened overlay that temper wrote.
    pub project: Project,
    /// Overlays that have to be named with `-f`.
    pub overlays: Vec<OverlayFile>,
    /// Why the files of the project belong together, for people.
    pub reason: String,
    /// Where the hardened overlay of this project is or would be written, relative to the root of the stack. It is
    /// among the project's files only when temper wrote it.
    pub hardened_path: String,
}

/// A Compose file that only makes sense on top of another.
#[derive(Debug, Clone)]
pub struct OverlayFile {
    /// The file.
    pub file: FileId,
    /// The project merged with this overlay. `None` when that cannot be read at all; the problem says why.
    pub merged: Option<Project>,
    /// Services that the base has.
    pub changes: Vec<String>,
    /// Services that are new and complete (they have `image`, `build` or `extends`).
    pub adds: Vec<String>,
    /// Services that nothing defines: the overlay names them without `image` or `build`.
    pub ghosts: Vec<(String, Loc)>,
    /// Why the file is taken as an overlay of this base, for people.
    pub reason: String,
}

/// A Dockerfile of the stack.
#[derive(Debug, Clone)]
pub struct Dockerfile {
    /// The file.
    pub file: FileId,
    /// Path relative to the root of the stack.
    pub path: String,
    /// The syntax tree.
    pub tree: temper_dockerfile::Dockerfile,
}

/// Something that could not be read, or that Compose would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Path of the file, relative to the root of the stack.
    pub file: String,
    /// Where in it, when known.
    pub at: Option<Loc>,
    /// What was expected and what to do, for people.
    pub message: String,
    /// True when Compose only warns.
    pub warning: bool,
}
