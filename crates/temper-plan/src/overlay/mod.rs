//! The overlay: a Compose file that is merged over the user's own and holds nothing but the hardening.
//!
//! It is written anew each time, from the stack without it. What an earlier overlay sets and nobody asked about this
//! time (`--only`, `--service`) is kept; what a waiver speaks against is not.

mod add;
mod body;
mod compile;
mod keep;
mod read;
mod render;
mod source;
mod target;

pub(crate) use add::base_items;
pub(crate) use body::escape;
pub(crate) use compile::Overlays;
pub(crate) use render::rank;
pub(crate) use source::{snippet_of, written_items};
pub(crate) use target::{Target, blank, targets};
