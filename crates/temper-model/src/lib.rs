//! The model of a container stack: everything is read once, every value knows its file and bytes.
//!
//! [`Stack`] is the root. Controls, fit, plan and report read it and never parse text again.

mod build_context;
pub mod compose;
pub mod container;
mod discover;
mod manifest;
mod path;
mod settings;
mod stack;
mod start_script;
mod tree;
mod value;
mod yaml_files;

pub use build_context::{BuildContext, IgnoreFile};
pub use discover::{LoadOptions, MARKER, Walk, WalkRequest};
pub use manifest::{Package, Registry, pypi_name};
pub use settings::{
    BadDate, BadResource, BadSize, BadSubnet, Class, ClassSizes, DEFAULT_OUTPUT, Date, HttpProbe, ProbeKind,
    ProbeSettings, ProbeUrl, ProjectSettings, Refusal, ResourcePattern, ServiceSettings, Settings,
    SettingsError, Subnet, Tiers, UnknownClass, UserSettings, Waiver, WaiverState, parse_size, show_size,
};
pub use stack::{Dockerfile, OverlayFile, Problem, ProjectGroup, Stack};
pub use start_script::{RootCommand, ScriptWrite, StartScripts};
pub use tree::{DiskTree, FileTree, MAX_FILE_BYTES, MemoryTree, OverlaidTree, TreeError};
pub use value::{Data, Member, Origin, Setting, Spanned, Text, Value};
