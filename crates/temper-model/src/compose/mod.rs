//! Compose projects, read exactly as Docker Compose reads them.

mod service;

pub use service::*;
