//! The form of a body: what stays the same from one answer to the next when nothing broke, and holds no secret.

mod body;
mod html;
mod json;
mod metrics;
mod text;

pub use body::Body;
pub use json::Json;
pub use text::Text;
