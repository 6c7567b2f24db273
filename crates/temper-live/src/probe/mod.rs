//! Judging whether a service still works: what it answers, whether it runs, what it logs, how fast it is.
//!
//! Everything that is asked of a service becomes plain data ([`Answer`], [`Readiness`], [`LogFinding`]) that is compared
//! with what the service gave before. Bodies and log texts may hold secrets: only their form is kept.

mod address;
mod ask;
mod compare;
mod discover;
mod endpoint;
mod explore;
mod healthcheck;
mod http;
mod logs;
mod openapi;
mod performance;
mod ready;
mod redact;
mod shape;

pub use address::Address;
pub use ask::{Limits, Prober, Scope};
pub use compare::{Comparison, compare};
pub use discover::{discover, without_service};
pub use endpoint::{Answer, Endpoint, Header, HttpAnswer, Origin, Place, Question, Request};
pub use logs::{Counters, LogFinding, Sign, counters, end_finding, log_findings, new_kills};
pub use performance::{Load, Pace, Performance, Side, TOLERANCE, judge, latency, throughput};
pub use ready::{Evidence, NotReady, Patience, Readiness, ReadyBy, second_boot, wait_ready};
pub use redact::Redactor;
pub use shape::{Body, Json, Text};
