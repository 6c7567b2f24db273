//! Image references, read and normalised the way Docker does.
//!
//! The rules are those of `distribution/reference` (`normalize.go`, `regexp.go`): the part before the first slash is a
//! registry when it holds a dot or a colon, is `localhost`, or has an upper-case letter; otherwise the registry is
//! `docker.io`, whose one-part repositories live under `library/`.

use std::fmt;
use std::str::FromStr;

/// A parsed image reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageRef {
    /// Registry with its port: `docker.io`, `ghcr.io`, `localhost:5000`.
    pub registry: String,
    /// Repository inside the registry, with `library/` for Docker's official images.
    pub repository: String,
    /// Tag as written.
    pub tag: Option<String>,
    /// Digest as written, such as `sha256:…`.
    pub digest: Option<String>,
}

/// Why a text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageRefError {
    /// Nothing there.
    #[error("image reference is empty")]
    Empty,
    /// A variable that has not been interpolated.
    #[error("image reference {0:?} holds a variable that is not resolved")]
    Unresolved(String),
    /// The repository part breaks the rules.
    #[error(
        "image name {0:?} is not valid: expected lower-case letters, digits and single separators . _ - /"
    )]
    Name(String),
    /// The registry part breaks the rules.
    #[error("registry {0:?} is not valid: expected a host name with an optional port")]
    Registry(String),
    /// The tag breaks the rules.
    #[error("tag {0:?} is not valid: expected up to 128 letters, digits, _ . -, not starting with . or -")]
    Tag(String),
    /// The digest breaks the rules.
    #[error("digest {0:?} is not valid: expected algorithm:hex, such as sha256 with 64 digits")]
    Digest(String),
}

const DEFAULT_REGISTRY: &str = "docker.io";
const OFFICIAL_PREFIX: &str = "library/";
const LEGACY_REGISTRY: &str = "index.docker.io";

impl ImageRef {
    /// The shortest name: `postgres`, `grafana/grafana`, `quay.io/prometheus/prometheus`. No tag, no digest.
    #[must_use]
    pub fn familiar_name(&self) -> String {
        if self.registry != DEFAULT_REGISTRY {
            return format!("{}/{}", self.registry, self.repository);
        }
        let official = self.repository.strip_prefix(OFFICIAL_PREFIX).filter(|rest| !rest.contains('/'));
        official.unwrap_or(&self.repository).to_owned()
    }

    /// The tag Docker would use: as written, or `latest` when there is neither tag nor digest.
    ///
    /// `None` when only a digest is given: then the tag is not known.
    #[must_use]
    pub fn effective_tag(&self) -> Option<&str> {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => Some(tag),
            (None, None) => Some("latest"),
            (None, Some(_)) => None,
        }
    }
}

impl fmt::Display for ImageRef {
    /// Writes the full form with registry and repository.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl FromStr for ImageRef {
    type Err = ImageRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(ImageRefError::Empty);
        }
        if text.contains('$') {
            return Err(ImageRefError::Unresolved(text.to_owned()));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(checked_digest(digest)?)),
            None => (text, None),
        };
        let (name, tag) = split_tag(rest);
        let tag = tag.map(checked_tag).transpose()?;
        let (registry, repository) = split_registry(name)?;
        Ok(Self { registry, repository, tag, digest })
    }
}

/// A colon begins a tag only after the last slash: before it, it is a port.
fn split_tag(text: &str) -> (&str, Option<&str>) {
    match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    }
}

fn split_registry(name: &str) -> Result<(String, String), ImageRefError> {
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if is_registry(first) => (first, rest),
        _ => (DEFAULT_REGISTRY, name),
    };
    if !valid_registry(registry) {
        return Err(ImageRefError::Registry(registry.to_owned()));
    }
    if !path.split('/').all(valid_component) {
        return Err(ImageRefError::Name(name.to_owned()));
    }
    let registry = if registry == LEGACY_REGISTRY { DEFAULT_REGISTRY } else { registry };
    let repository = if registry == DEFAULT_REGISTRY && !path.contains('/') {
        format!("{OFFICIAL_PREFIX}{path}")
    } else {
        path.to_owned()
    };
    Ok((registry.to_owned(), repository))
}

fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.chars().any(|c| c.is_ascii_uppercase())
}

fn valid_registry(registry: &str) -> bool {
    // An IPv6 address is written in brackets.
    let (host, port) = match registry.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, rest)) => {
            if !host.chars().all(|c| c.is_ascii_hexdigit() || c == ':') || host.is_empty() {
                return false;
            }
            return match rest.strip_prefix(':') {
                Some(port) => valid_port(port),
                None => rest.is_empty(),
            };
        }
        None => match registry.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (registry, None),
        },
    };
    port.is_none_or(valid_port) && host.split('.').all(valid_host_label)
}

fn valid_port(port: &str) -> bool {
    !port.is_empty() && port.chars().all(|c| c.is_ascii_digit())
}

fn valid_host_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}

/// `[a-z0-9]+((.|_|__|-+)[a-z0-9]+)*`
fn valid_component(component: &str) -> bool {
    let alphanumeric = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    component.starts_with(alphanumeric)
        && component.ends_with(alphanumeric)
        && component
            .split(alphanumeric)
            .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.chars().all(|c| c == '-'))
}

fn checked_tag(tag: &str) -> Result<String, ImageRefError> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let valid =
        tag.len() <= 128 && tag.starts_with(word) && tag.chars().all(|c| word(c) || c == '.' || c == '-');
    if valid { Ok(tag.to_owned()) } else { Err(ImageRefError::Tag(tag.to_owned())) }
}

fn checked_digest(digest: &str) -> Result<String, ImageRefError> {
    let valid = digest.split_once(':').is_some_and(|(algorithm, hex)| {
        algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
            && algorithm.chars().all(|c| c.is_ascii_alphanumeric() || "+._-".contains(c))
            && hex.len() >= 32
            && hex.chars().all(|c| c.is_ascii_hexdigit())
            && (algorithm != "sha256" || hex.len() == 64)
    });
    if valid { Ok(digest.to_owned()) } else { Err(ImageRefError::Digest(digest.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    fn full(text: &str) -> String {
        text.parse::<ImageRef>().map_or_else(|error| error.to_string(), |image| image.to_string())
    }

    #[test]
    fn a_single_name_is_an_official_image() {
        assert_eq!(full("postgres"), "docker.io/library/postgres");
        assert_eq!(full("postgres:17-alpine"), "docker.io/library/postgres:17-alpine");
        assert_eq!(full("docker.io/postgres"), "docker.io/library/postgres");
        assert_eq!(full("index.docker.io/library/postgres"), "docker.io/library/postgres");
    }

    #[test]
    fn a_first_part_without_a_dot_is_a_namespace() {
        assert_eq!(full("grafana/grafana:11.0.0"), "docker.io/grafana/grafana:11.0.0");
    }

    #[test]
    fn a_port_is_part_of_the_registry_not_a_tag() {
        assert_eq!(full("localhost:5000/api"), "localhost:5000/api");
        assert_eq!(full("registry.local:5000/team/api:1.2"), "registry.local:5000/team/api:1.2");
        assert_eq!(full("[fd00::1]:5000/api:1"), "[fd00::1]:5000/api:1");
        assert_eq!(full("localhost/api"), "localhost/api");
    }

    #[test]
    fn a_host_and_port_without_a_path_is_a_name_with_a_tag() {
        assert_eq!(full("localhost:5000"), "docker.io/library/localhost:5000");
    }

    #[test]
    fn tag_and_digest_are_both_kept() {
        assert_eq!(full(&format!("redis:7@{DIGEST}")), format!("docker.io/library/redis:7@{DIGEST}"));
    }

    #[test]
    fn the_tag_is_not_known_when_only_a_digest_is_given() {
        let image: ImageRef = format!("redis@{DIGEST}").parse().unwrap();
        assert_eq!(image.effective_tag(), None);
        let image: ImageRef = "redis".parse().unwrap();
        assert_eq!(image.effective_tag(), Some("latest"));
    }

    #[test]
    fn what_docker_refuses_is_an_error_that_says_why() {
        let refused = ["Postgres", "a//b", "a..b/c", "a:", "a@sha256:abc", "-x.io/a", "${REGISTRY}/api", ""];
        let errors = refused.map(full).join("\n");
        insta::assert_snapshot!(errors, @r#"
        image name "Postgres" is not valid: expected lower-case letters, digits and single separators . _ - /
        image name "a//b" is not valid: expected lower-case letters, digits and single separators . _ - /
        registry "a..b" is not valid: expected a host name with an optional port
        tag "" is not valid: expected up to 128 letters, digits, _ . -, not starting with . or -
        digest "sha256:abc" is not valid: expected algorithm:hex, such as sha256 with 64 digits
        registry "-x.io" is not valid: expected a host name with an optional port
        image reference "${REGISTRY}/api" holds a variable that is not resolved
        image reference is empty
        "#);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            let _ = text.parse::<ImageRef>();
        }

        #[test]
        fn the_full_form_reads_back_as_itself(text in "([a-z]{1,4}(\\.[a-z]{2})?(:[0-9]{2})?/)?[a-z]{1,3}([-_.][a-z]{1,3})?(:[a-zA-Z0-9.]{1,5})?") {
            if let Ok(image) = text.parse::<ImageRef>() {
                prop_assert_eq!(image.to_string().parse::<ImageRef>(), Ok(image));
            }
        }
    }
}
