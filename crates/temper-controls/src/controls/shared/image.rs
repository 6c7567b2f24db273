//! What `images/` knows of the image that a service runs.

use temper_fit::images::{HostKind, HostNeed, ImageRef, Match, Role};
use temper_fit::{Evidence, EvidenceKind, ImageSource, Profile, canonical};
use temper_model::compose::Mount;

use super::refused;
use crate::Fix;

/// The entry that describes the service: of its image, or of a service image that it is built on.
pub(in crate::controls) fn service_entry(profile: &Profile) -> Option<&Match> {
    match &profile.image {
        ImageSource::Known { entry, .. } => Some(entry),
        ImageSource::Built { base: Some(base), .. } => {
            Some(base).filter(|base| base.image.role == Role::Service)
        }
        _ => None,
    }
}

/// The repository of a pulled image without tag, as people write it: `postgres`, `prom/node-exporter`.
pub(in crate::controls) fn pulled_name(profile: &Profile) -> Option<String> {
    match &profile.image {
        ImageSource::Known { reference, .. } | ImageSource::Foreign { reference } => {
            Some(reference.parse::<ImageRef>().ok()?.familiar_name())
        }
        _ => None,
    }
}

/// What the image needs of the host, of one kind.
pub(in crate::controls) fn host_needs(profile: &Profile, kind: HostKind) -> impl Iterator<Item = &HostNeed> {
    let needs = service_entry(profile).map(|entry| entry.image.host.iter());
    needs.into_iter().flatten().filter(move |need| need.kind == kind)
}

/// The need as evidence: what the image uses it for.
pub(in crate::controls) fn evidence_of(need: &HostNeed) -> Evidence {
    Evidence::general(EvidenceKind::KnownImage, format!("the image uses it for: {}", need.reason))
}

/// No fix, because the image cannot do its work without: what is less, or what a waiver has to say.
pub(in crate::controls) fn refused_by_design(summary: &str, need: &HostNeed) -> Fix {
    let mut reason = format!("the image needs it by design ({})", need.reason);
    if let Some(least) = &need.least {
        reason.push_str("; less would be: ");
        reason.push_str(least);
    }
    if let Some(waiver) = &need.waiver {
        reason.push_str("; else waive it in temper.toml: ");
        reason.push_str(waiver);
    }
    refused(summary, reason)
}

/// What the image is known to need this mount of the host for.
pub(in crate::controls) fn mount_need<'a>(profile: &'a Profile, mount: &Mount) -> Option<&'a HostNeed> {
    let source = canonical(mount.source.as_deref()?);
    host_needs(profile, HostKind::Mount).find(|need| {
        let path = need.what.split(':').next().unwrap_or_default();
        canonical(path) == source
    })
}
