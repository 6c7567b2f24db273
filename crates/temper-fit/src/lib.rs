//! What a service needs to run: user, writable paths, capabilities, workload class, each with its evidence.
//!
//! A [`Profile`] is derived, never guessed: every value names where it comes from. It also holds the
//! [`Target`]: what the service should look like when it is hardened, so that the fixes of all controls agree.

mod capabilities;
mod class;
mod condition;
mod cover;
mod derive;
mod evidence;
pub mod frameworks;
mod image;
pub mod images;
mod login;
mod profile;
mod recognise;
mod source;
mod target;
mod writable;

pub use cover::{canonical, holds};
pub use derive::{profile, profiles};
pub use evidence::{Evidence, EvidenceKind};
pub use login::parse_identity;
pub use profile::{
    CapabilityNeed, Cover, Identity, ImageSource, Login, Need, PathKind, PlannedTmpfs, Profile, Redirect,
    Target, TargetUser, WritablePath, size_text,
};
pub use source::{given_directories, needs_root, switches_user, volumes};
