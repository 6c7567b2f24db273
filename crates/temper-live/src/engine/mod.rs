//! The container engine, through its API.

mod connect;
mod container;
mod error;
mod exec;
mod image;
mod inspect;
mod resource;

pub use connect::{Engine, Version};
pub use container::{Created, LogLine};
pub use error::EngineError;
pub use exec::Run;
pub use image::Image;
pub use inspect::{Inspect, Summary};
