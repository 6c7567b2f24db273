//! Finds the files of a stack and says which belong together.

mod aliases;
mod contexts;
mod group;
mod load;
mod names;
mod outline;
mod parallel;
mod passed_over;
mod read;
mod standalone;
mod walk;

pub use group::MARKER;
pub use load::LoadOptions;
pub use walk::{Walk, WalkRequest};

pub(crate) use walk::{walk_disk, walk_paths};
