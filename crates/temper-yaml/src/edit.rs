//! Edits of a YAML text, as [`TextEdit`](temper_text::TextEdit)s that leave every other byte alone.
//!
//! Each function takes the text and a node that [`parse`](crate::parse) made of that very text, and answers with edits
//! that have not been applied. Indentation, dashes and line ends are those of the file; comments stay. Whoever applies
//! edits parses the result and compares it with what was meant: two edits that are right alone may be wrong together.

mod add;
mod flow;
mod layout;
mod lines;
mod refused;
mod remove;
mod replace;
#[cfg(test)]
mod tests;

pub use add::{add_entry, add_entry_to_null, append_item, insert_entry_after};
pub use refused::EditRefused;
pub use remove::{remove_entry, remove_item};
pub use replace::replace_value;

pub use crate::snippet::Snippet;
