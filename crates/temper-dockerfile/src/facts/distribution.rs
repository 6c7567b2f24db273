use temper_text::Span;

use super::{BaseImage, PackageManager, PackageUse, Spanned};
use crate::shell::basename;

/// A family of distributions, by how users are created on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Debian, Ubuntu: `useradd` and `groupadd` of shadow-utils, `adduser` of Debian.
    DebianLike,
    /// Alpine, Wolfi: BusyBox `adduser` and `addgroup`.
    AlpineLike,
    /// Red Hat, Fedora, Amazon Linux: `useradd`; the smallest images lack it.
    RhelLike,
    /// No shell and no package manager.
    Distroless,
    /// Nothing at all.
    Scratch,
    /// Not known.
    Unknown,
}

/// The family, and why it is thought to be that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributionHint {
    /// The family.
    pub distribution: Distribution,
    /// What says so, for people.
    pub evidence: Option<Spanned<String>>,
}

/// Words of an image name or tag that tell the family: releases, and names that distributions give their images.
const TAG_WORDS: [(&str, Distribution); 32] = [
    ("distroless", Distribution::Distroless),
    ("wolfi", Distribution::AlpineLike),
    ("chainguard", Distribution::Distroless),
    ("alpine", Distribution::AlpineLike),
    ("debian", Distribution::DebianLike),
    ("ubuntu", Distribution::DebianLike),
    ("slim", Distribution::DebianLike),
    ("buster", Distribution::DebianLike),
    ("bullseye", Distribution::DebianLike),
    ("bookworm", Distribution::DebianLike),
    ("trixie", Distribution::DebianLike),
    ("focal", Distribution::DebianLike),
    ("jammy", Distribution::DebianLike),
    ("noble", Distribution::DebianLike),
    ("fedora", Distribution::RhelLike),
    ("centos", Distribution::RhelLike),
    ("rockylinux", Distribution::RhelLike),
    ("almalinux", Distribution::RhelLike),
    ("amazonlinux", Distribution::RhelLike),
    ("oraclelinux", Distribution::RhelLike),
    ("redhat", Distribution::RhelLike),
    ("rhel", Distribution::RhelLike),
    ("ubi", Distribution::RhelLike),
    ("ubi8", Distribution::RhelLike),
    ("ubi9", Distribution::RhelLike),
    ("ubi10", Distribution::RhelLike),
    ("el8", Distribution::RhelLike),
    ("el9", Distribution::RhelLike),
    ("rocky", Distribution::RhelLike),
    ("al2023", Distribution::RhelLike),
    ("kali", Distribution::DebianLike),
    ("raspbian", Distribution::DebianLike),
];

/// Docker Official Images that are built on Debian unless the tag names something else
/// (`github.com/docker-library/official-images`, directory `library`).
const OFFICIAL_ON_DEBIAN: [&str; 32] = [
    "python",
    "node",
    "golang",
    "ruby",
    "php",
    "rust",
    "perl",
    "gcc",
    "buildpack-deps",
    "postgres",
    "redis",
    "valkey",
    "nginx",
    "httpd",
    "mariadb",
    "memcached",
    "rabbitmq",
    "tomcat",
    "maven",
    "gradle",
    "elixir",
    "erlang",
    "haskell",
    "julia",
    "pypy",
    "r-base",
    "wordpress",
    "ghost",
    "haproxy",
    "eclipse-temurin",
    "clojure",
    "drupal",
];

/// The family of distributions below a target. What a RUN uses says more than the name of the image.
#[must_use]
pub fn distribution_hint(base: &Spanned<BaseImage>, packages: &[PackageUse]) -> DistributionHint {
    if base.value == BaseImage::Scratch {
        return hint(Distribution::Scratch, base.span, "the base is scratch".to_owned());
    }
    let used = packages.iter().filter(|used| !used.conditional).find_map(|used| {
        let distribution = family_of(used.manager)?;
        Some(hint(distribution, used.span, format!("RUN uses {}", used.manager.name())))
    });
    used.or_else(|| from_image(base))
        .unwrap_or(DistributionHint { distribution: Distribution::Unknown, evidence: None })
}

fn hint(distribution: Distribution, span: Span, text: String) -> DistributionHint {
    DistributionHint { distribution, evidence: Some(Spanned::new(text, span)) }
}

fn family_of(manager: PackageManager) -> Option<Distribution> {
    match manager {
        PackageManager::Apt => Some(Distribution::DebianLike),
        PackageManager::Apk => Some(Distribution::AlpineLike),
        PackageManager::Dnf | PackageManager::Microdnf | PackageManager::Yum => Some(Distribution::RhelLike),
        _ => None,
    }
}

fn from_image(base: &Spanned<BaseImage>) -> Option<DistributionHint> {
    let BaseImage::Known(image) = &base.value else { return None };
    let image = image.split('@').next().unwrap_or(image).to_ascii_lowercase();
    let words = || image.split(['/', ':', '-', '_', '.']);
    for (word, distribution) in TAG_WORDS {
        // `bookworm`, also `alpine3` of `alpine3.20` and `ubuntu22` of `ubuntu22.04`.
        let names_it =
            |part: &str| part.strip_prefix(word).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
        if words().any(names_it) {
            return Some(hint(distribution, base.span, format!("the image name holds `{word}`")));
        }
    }
    let repository = repository_of(&image);
    let is_official = !repository.contains('/') || repository.starts_with("library/");
    let name = basename(repository);
    (is_official && OFFICIAL_ON_DEBIAN.contains(&name)).then(|| {
        let text = format!(
            "the Docker Official Image `{name}` is built on Debian or Ubuntu unless its tag says otherwise"
        );
        hint(Distribution::DebianLike, base.span, text)
    })
}

/// The image name without tag and without Docker Hub's host.
fn repository_of(image: &str) -> &str {
    let tag = image.rfind(':').filter(|&at| !image.get(at..).unwrap_or("").contains('/'));
    let name = tag.and_then(|at| image.get(..at)).unwrap_or(image);
    name.strip_prefix("docker.io/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use temper_text::Span;

    use super::{Distribution, distribution_hint};
    use crate::facts::{BaseImage, Spanned};

    fn of(image: &str) -> Distribution {
        let base = Spanned::new(BaseImage::Known(image.to_owned()), Span::at(0));
        distribution_hint(&base, &[]).distribution
    }

    #[test]
    fn image_names_tell_the_family() {
        assert_eq!(of("python:3.12-slim"), Distribution::DebianLike);
        assert_eq!(of("node:20-alpine3.20"), Distribution::AlpineLike);
        assert_eq!(of("node:20"), Distribution::DebianLike);
        assert_eq!(of("nvidia/cuda:12.4.1-runtime-ubuntu22.04"), Distribution::DebianLike);
        assert_eq!(of("registry.access.redhat.com/ubi9/ubi-minimal:9.4"), Distribution::RhelLike);
        assert_eq!(of("gcr.io/distroless/static-debian12:nonroot"), Distribution::Distroless);
        assert_eq!(of("localhost:5000/thing"), Distribution::Unknown);
        assert_eq!(of("ghcr.io/someone/python:3"), Distribution::Unknown);
        assert_eq!(of("docker.io/library/python:3@sha256:aa"), Distribution::DebianLike);
    }
}
