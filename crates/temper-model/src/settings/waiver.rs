use std::fmt;

use globset::{GlobBuilder, GlobMatcher};

use super::Date;

/// A finding that somebody accepts, until a day.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The identifier of the control.
    pub control: String,
    /// What it is waived for.
    pub resource: ResourcePattern,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds.
    pub expires: Date,
    /// Line of the waiver in `temper.toml`, from 1.
    pub line: u32,
}

/// Whether a waiver still holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaiverState {
    /// It holds.
    Active,
    /// Its last day is past: what it waived fails again.
    Expired,
}

impl Waiver {
    /// Whether the waiver holds on a day.
    #[must_use]
    pub fn waiver_state(&self, today: Date) -> WaiverState {
        if today <= self.expires { WaiverState::Active } else { WaiverState::Expired }
    }

    /// True when this waiver is about a control on a resource (`service/api`) whose finding stands in `file`.
    #[must_use]
    pub fn covers(&self, control: &str, resource: &str, file: &str) -> bool {
        self.control == control && (self.resource.matches(resource) || self.resource.matches(file))
    }
}

/// Names resources: `service/api`, `*` for all, or a glob of paths.
///
/// In a glob `*` and `?` stay within one part of a path and `**` crosses parts, so that `service/*` is every service and
/// `services/*/Dockerfile` is one level deep. Only `*` alone means everything.
#[derive(Clone)]
pub struct ResourcePattern {
    glob: GlobMatcher,
    everything: bool,
}

/// A pattern that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` names no resource: expected \"service/NAME\", \"*\" or a glob of paths ({reason})")]
pub struct BadResource {
    pattern: String,
    reason: String,
}

impl ResourcePattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is empty or no glob.
    pub fn new(pattern: &str) -> Result<Self, BadResource> {
        let bad = |reason: String| BadResource { pattern: pattern.to_owned(), reason };
        if pattern.is_empty() {
            return Err(bad("it is empty".to_owned()));
        }
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .build()
            .map_err(|error| bad(error.kind().to_string()))?;
        Ok(Self { glob: glob.compile_matcher(), everything: pattern == "*" })
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.glob.glob().glob()
    }

    /// True when it names this resource or path.
    #[must_use]
    pub fn matches(&self, resource: &str) -> bool {
        self.everything || self.glob.is_match(resource)
    }
}

impl fmt::Debug for ResourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourcePattern({:?})", self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{ResourcePattern, Waiver, WaiverState};

    fn waiver(resource: &str) -> Waiver {
        Waiver {
            control: "read-only-rootfs".to_owned(),
            resource: ResourcePattern::new(resource).unwrap(),
            reason: "it rewrites itself".to_owned(),
            owner: "ops".to_owned(),
            expires: "2027-01-31".parse().unwrap(),
            line: 1,
        }
    }

    #[test]
    fn a_waiver_holds_through_its_last_day() {
        let state = |today: &str| waiver("*").waiver_state(today.parse().unwrap());
        assert_eq!(state("2027-01-31"), WaiverState::Active);
        assert_eq!(state("2027-02-01"), WaiverState::Expired);
    }

    #[test]
    fn a_service_is_waived_by_its_exact_name() {
        let covers = |control, resource| waiver("service/api").covers(control, resource, "compose.yml");
        assert!(covers("read-only-rootfs", "service/api"));
        assert!(!covers("read-only-rootfs", "service/api-gateway"));
        assert!(!covers("numeric-user", "service/api"));
    }

    #[test]
    fn a_star_in_a_glob_stays_within_one_directory() {
        let covers = |pattern, file| waiver(pattern).covers("read-only-rootfs", "target/x", file);
        assert!(covers("services/*/Dockerfile", "services/api/Dockerfile"));
        assert!(!covers("services/*/Dockerfile", "services/api/old/Dockerfile"));
        assert!(covers("**/Dockerfile", "services/api/old/Dockerfile"));
        assert!(covers("*", "services/api/old/Dockerfile"));
    }

    #[test]
    fn an_empty_or_broken_pattern_is_refused() {
        assert!(ResourcePattern::new("").is_err());
        assert!(ResourcePattern::new("service/[a").is_err());
    }
}
