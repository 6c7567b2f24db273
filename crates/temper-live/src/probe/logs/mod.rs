//! What a service writes, how it ended and what the kernel counted: signs that a control takes away what it needs.

mod judge;
mod kernel;
mod sign;
mod tolerated;

pub use judge::{LogFinding, end_finding, log_findings};
pub use kernel::{Counters, counters, new_kills};
pub use sign::Sign;
