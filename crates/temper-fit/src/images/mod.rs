//! What well-known container images need to run hardened, as data with a typed reader.
//!
//! The facts live in `images/*.toml`, one file per family, and are embedded into the binary. Each entry names the
//! upstream file it was read from. [`lookup`] takes an image reference as it is written in a Compose file, normalises
//! it the way Docker does and returns the entry with the conditions of its tag applied.

mod known;
mod needs;
mod reference;
mod table;
mod variant;

pub use known::{
    Confidence, DropMethod, Drops, Identity, KnownImage, Role, RootfsNote, RootfsSupport, RunsAs, Source,
    Support, SupportNote, Tier,
};
pub use needs::{
    AuthOff, CapabilityNeed, CapabilityWhen, Credential, Healthcheck, HostKind, HostNeed, KernelKind,
    KernelNeed, Owner, PathCondition, PathKind, PathNeed, Port, Size, WhenAbsent,
};
pub use reference::{ImageRef, ImageRefError};
pub use table::{Match, all, lookup, lookup_ref};
pub use variant::{Variant, VariantCondition};
