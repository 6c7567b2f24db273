//! Whether a service is as fast as before: alternating samples, medians, and a confidence interval that says how much is known.

mod judge;
mod random;
mod sample;

pub use judge::{Pace, Performance, TOLERANCE, judge};
pub use sample::{Load, Side, latency, throughput};
