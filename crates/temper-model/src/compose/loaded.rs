use std::collections::HashMap;

use indexmap::IndexMap;
use temper_text::{FileId, Loc};

use crate::compose::Definition;
use crate::{Problem, Value};

/// How strictly a project is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// As `docker compose config`: variables without a value are empty strings (or errors, with `:?`), missing
    /// files are errors.
    Strict,
    /// For analysis of a fresh clone: what is not known is unknown, the rest is read.
    Lenient,
}

/// The files of a project after interpolation, `include`, `extends`, merging and `!reset`, before anything is
/// checked or brought into long form.
#[derive(Debug, Clone)]
pub(crate) struct Loaded {
    /// The project name as Compose computes it.
    pub(crate) name: String,
    /// The files given (or found), in order of merging.
    pub(crate) files: Vec<FileId>,
    /// The project directory relative to the root of the stack; `""` for the root itself.
    pub(crate) directory: String,
    /// For files of an `include` or `extends`: the directory (relative to the root of the stack) that relative
    /// paths written in them mean. A file that is not here means [`Loaded::directory`].
    pub(crate) bases: HashMap<FileId, String>,
    /// The merged tree, in short or long form as written. Relative paths in it stand as written.
    pub(crate) root: Value,
    /// Every place that defines each service, in order of merging.
    pub(crate) definitions: IndexMap<String, Vec<Definition>>,
    /// Variables of the project: `.env` (or `--env-file`) under the variables of the shell.
    pub(crate) environment: IndexMap<String, String>,
    /// Uses of `!reset`, `!override` and `include`, which are gone from `root`: name and place.
    pub(crate) uses: Vec<(&'static str, Loc)>,
    /// What is wrong so far.
    pub(crate) problems: Vec<Problem>,
}
