//! Differences between the tags of one repository.

use serde::Deserialize;

use super::known::{Drops, Identity, KnownImage, RootfsNote, RunsAs};
use super::needs::{CapabilityNeed, Healthcheck, PathNeed, Port};

/// What is different for some tags. A field that is given replaces the field of the image.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Name for evidence, such as `alpine`.
    pub name: String,
    /// Which tags.
    pub when: VariantCondition,
    /// Start user.
    pub start: Option<Identity>,
    /// The start user differs and is not known.
    #[serde(default)]
    pub start_unknown: bool,
    /// Drop user.
    pub drops_to: Option<Drops>,
    /// The image does not change its user.
    #[serde(default)]
    pub no_drop: bool,
    /// Other users.
    pub runs_as: Option<RunsAs>,
    /// Read-only root file system.
    pub rootfs: Option<RootfsNote>,
    /// Capabilities as shipped.
    pub capabilities: Option<Vec<CapabilityNeed>>,
    /// Paths: an entry replaces the one with the same path, others are added.
    #[serde(default)]
    pub paths: Vec<PathNeed>,
    /// Paths that these tags do not use.
    #[serde(default)]
    pub without_paths: Vec<String>,
    /// Ports.
    pub ports: Option<Vec<Port>>,
    /// Health check.
    pub healthcheck: Option<Healthcheck>,
    /// Further notes.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// Which tags a variant stands for. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantCondition {
    /// One of these is a whole word of the tag, words being separated by `-`, `.` and `_`, digits at the end of a word
    /// not counting (`alpine` holds for `17-alpine3.22`).
    #[serde(default)]
    pub word: Vec<String>,
    /// The major version is at least this. A tag without a number, such as `latest`, is the newest.
    pub major_at_least: Option<u32>,
    /// The major version is less than this.
    pub major_less: Option<u32>,
}

impl VariantCondition {
    /// Whether `tag` satisfies every condition.
    #[must_use]
    pub fn holds(&self, tag: &str) -> bool {
        let major = major_version(tag).unwrap_or(u32::MAX);
        (self.word.is_empty() || self.word.iter().any(|word| has_word(tag, word)))
            && self.major_at_least.is_none_or(|least| major >= least)
            && self.major_less.is_none_or(|limit| major < limit)
    }
}

impl Variant {
    /// Changes `image` into what this variant is.
    pub(super) fn apply(&self, image: &mut KnownImage) {
        replace(&mut image.start, &self.start);
        if self.start_unknown {
            image.start = None;
        }
        replace(&mut image.drops_to, &self.drops_to);
        if self.no_drop {
            image.drops_to = None;
        }
        replace(&mut image.rootfs, &self.rootfs);
        replace(&mut image.healthcheck, &self.healthcheck);
        if let Some(runs_as) = &self.runs_as {
            image.runs_as.clone_from(runs_as);
        }
        if let Some(capabilities) = &self.capabilities {
            image.capabilities.clone_from(capabilities);
        }
        if let Some(ports) = &self.ports {
            image.ports.clone_from(ports);
        }
        image.paths.retain(|path| {
            !self.without_paths.contains(&path.path)
                && !self.paths.iter().any(|other| other.path == path.path)
        });
        image.paths.extend(self.paths.iter().cloned());
        image.notes.extend(self.notes.iter().cloned());
    }
}

fn replace<T: Clone>(field: &mut Option<T>, new: &Option<T>) {
    if new.is_some() {
        field.clone_from(new);
    }
}

fn has_word(tag: &str, word: &str) -> bool {
    tag.split(['-', '.', '_'])
        .any(|part| part == word || part.trim_end_matches(|c: char| c.is_ascii_digit()) == word)
}

/// The major version in a tag: `pg17` anywhere, as extensions of Postgres tag themselves, or else the number the tag
/// begins with. `v` before it is allowed.
fn major_version(tag: &str) -> Option<u32> {
    let mut parts = tag.split(['-', '.', '_']);
    let extension = tag.split(['-', '.', '_']).find_map(|part| leading_number(part.strip_prefix("pg")?));
    extension.or_else(|| {
        let first = parts.next()?;
        leading_number(first.strip_prefix('v').unwrap_or(first))
    })
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(word: &str) -> VariantCondition {
        VariantCondition { word: vec![word.to_owned()], ..VariantCondition::default() }
    }

    #[test]
    fn alpine_is_found_with_and_without_its_version() {
        assert!(word("alpine").holds("alpine"));
        assert!(word("alpine").holds("17-alpine"));
        assert!(word("alpine").holds("17.2-alpine3.22"));
        assert!(!word("alpine").holds("17-bookworm"));
        assert!(!word("alpine").holds("latest"));
    }

    #[test]
    fn a_tag_without_a_number_is_the_newest_version() {
        let newest = VariantCondition { major_at_least: Some(18), ..VariantCondition::default() };
        assert!(newest.holds("latest"));
        assert!(newest.holds("18.1-alpine"));
        assert!(!newest.holds("17"));
    }

    #[test]
    fn extensions_of_postgres_name_the_server_version_after_pg() {
        assert_eq!(major_version("0.8.1-pg17-trixie"), Some(17));
        assert_eq!(major_version("pg16"), Some(16));
        assert_eq!(major_version("latest-pg15"), Some(15));
        assert_eq!(major_version("v2.53.0"), Some(2));
        assert_eq!(major_version("latest"), None);
    }
}
