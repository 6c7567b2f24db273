//! Waiting for a container that was started just now, and telling why it did not come up.

mod evidence;
mod outcome;
mod patience;
mod wait;
mod watch;

pub use evidence::Evidence;
pub use outcome::{NotReady, Readiness, ReadyBy};
pub use patience::Patience;
pub use wait::{second_boot, wait_ready};
