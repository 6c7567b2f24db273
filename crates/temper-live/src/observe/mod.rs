//! What can be seen of a container without touching it: what the engine was told, and what the kernel says.

mod container;
mod host;
mod ids;
mod kernel;
mod limits;
mod mounts;
mod settings;
mod status;
mod table;
#[cfg(test)]
mod tests;

use kernel::names_container;

pub use container::container;
pub use host::{Host, LocalHost};
pub use kernel::{KernelFacts, Target, kernel_facts};
pub use settings::target;
pub use table::ProcessTable;
