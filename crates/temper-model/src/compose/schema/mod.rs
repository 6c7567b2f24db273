//! What a Compose file may hold: tables of fields, and the check of a tree against them.

mod check;
mod fields;
mod shape;

pub(super) use check::{check, check_layer, fits};
pub(super) use fields::PROJECT;
pub(super) use shape::{Object, Shape, Zero};
