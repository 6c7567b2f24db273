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
mod openapi;
mod shape;

pub use address::Address;
pub use ask::{Limits, Prober, Scope};
pub use compare::{Comparison, compare};
pub use discover::discover;
pub use endpoint::{Answer, Endpoint, Header, HttpAnswer, Origin, Place, Question, Request};
pub use shape::{Body, Json, Text};
