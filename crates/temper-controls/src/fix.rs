/// What would make a control pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// Whether it may break something.
    pub safety: Safety,
    /// One line for people: "add `read_only: true` and 2 tmpfs mounts".
    pub summary: String,
    /// The changes, in terms of the model. The plan turns them into an overlay or into edits of the file itself.
    pub changes: Vec<Change>,
}

/// Whether a fix may break something (failure-mode 39).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Safety {
    /// A canary or `temper fit` has shown that the service works with it.
    Proven,
    /// It cannot take away anything that the service uses.
    Safe,
    /// It may take away something; a canary has to show that it does not.
    NeedsProof {
        /// What is not certain, for people.
        why: String,
    },
    /// temper does not write it.
    Refused {
        /// The reason, and what a person can do.
        reason: String,
    },
}

impl Safety {
    /// The word used in JSON and on screen.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Proven => "proven",
            Self::Safe => "safe",
            Self::NeedsProof { .. } => "needs-proof",
            Self::Refused { .. } => "refused",
        }
    }
}

/// One change in terms of the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A change of one service of a project.
    Service {
        /// Index of the project in [`temper_model::Stack::projects`].
        project: usize,
        /// The service.
        service: String,
        /// What to do.
        action: ComposeAction,
        /// The reason, written beside the line as a comment. Short, no line break.
        reason: String,
    },
    /// A named volume at the top level of a project.
    Volume {
        /// Index of the project.
        project: usize,
        /// Name of the volume.
        name: String,
        /// The reason.
        reason: String,
    },
    /// A change of a Dockerfile.
    Dockerfile {
        /// Its path in [`temper_model::Stack::dockerfiles`].
        path: String,
        /// The build target; `None` for the last stage.
        target: Option<String>,
        /// What to do.
        action: DockerfileAction,
        /// The reason.
        reason: String,
    },
    /// A new file. Refused when one is there.
    NewFile {
        /// Path relative to the root of the stack.
        path: String,
        /// Its whole text.
        text: String,
        /// The reason.
        reason: String,
    },
}

/// A change of one service. Keys are those of the Compose specification.
#[derive(Debug, Clone, PartialEq)]
pub enum ComposeAction {
    /// Sets a scalar: `["read_only"]` to `true`, `["deploy", "resources", "limits", "memory"]` to `"512M"`.
    Set {
        /// Path of keys below the service.
        path: Vec<&'static str>,
        /// The value.
        value: Scalar,
    },
    /// Sets a whole list or mapping that the service does not have yet, such as a health check.
    SetNew {
        /// The key below the service.
        key: &'static str,
        /// Entries: key and value; a value of several strings is a list.
        entries: Vec<(&'static str, Vec<String>)>,
    },
    /// Appends an item to a list unless it is there: `cap_drop`, `security_opt`, `tmpfs`, `volumes`, `group_add`.
    Append {
        /// The list.
        key: &'static str,
        /// The item in short form.
        item: String,
    },
    /// Replaces an item of a list by another.
    Replace {
        /// The list.
        key: &'static str,
        /// Where the old item is written.
        at: temper_text::Loc,
        /// The new item in short form.
        item: String,
    },
    /// Removes an item of a list: a capability, a mount, a port.
    Remove {
        /// The list.
        key: &'static str,
        /// Where the item is written.
        at: temper_text::Loc,
    },
    /// Removes a setting: `pid: host`.
    Unset {
        /// The key below the service.
        key: &'static str,
    },
    /// Removes one variable from `environment`, so that `env_file` or the image gives it.
    UnsetVariable {
        /// Its name.
        name: String,
        /// Where its value is written in a mapping, or the whole entry in a list.
        at: temper_text::Loc,
        /// Other services of the project that have to lose the same entry at the same time: with only one of them, one
        /// side would ask for a token that the other does not send.
        with: Vec<String>,
    },
    /// Sets one variable in `environment`, in the form that the file uses.
    SetVariable {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
}

/// A scalar to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A string, quoted where YAML would read something else.
    Str(String),
}

/// A change of one build target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DockerfileAction {
    /// Creates group and user, gives it what the image writes, and ends the stage in a numeric `USER`.
    RunAs {
        /// Uid.
        uid: u32,
        /// Gid.
        gid: u32,
        /// Name of user and group, when they are to be created.
        create: Option<String>,
        /// Home directory of the user to be created.
        home: String,
        /// Directories that must exist and belong to the user.
        owned: Vec<String>,
    },
    /// Replaces the argument of a `USER` instruction by numbers.
    NumericUser {
        /// Where the argument stands.
        at: temper_text::Loc,
        /// `uid:gid`.
        user: String,
    },
}
