//! Things that are really tried in a container, with the identity of its processes: a control that was seen to refuse is
//! proven, one that is only configured is not.
//!
//! No shell and no tool of the image is used. The program starts itself as a process with one thread, which enters the
//! namespaces of the container, takes on the identity of one of its processes, tries, cleans up and answers.

mod child;
mod enter;
mod helper;
mod identity;
mod image;
mod local;
mod parent;
mod paths;
mod places;
mod program;
mod request;
mod rights;
mod sibling;
mod toolbox;
mod whole;

pub use child::{attempt, attempt_here};
pub use helper::{OBSERVE, observe};
pub(crate) use local::in_parallel;
pub use local::{Sight, Subject, look};
pub use parent::{ATTEMPT, HERE, Prober};
pub use request::{Answer, Identity, Request};
pub(crate) use whole::see;
