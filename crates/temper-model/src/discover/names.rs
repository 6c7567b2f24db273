//! Which names mean what.

use crate::path::file_name;

/// The base files that `docker compose` looks for, the first that is there wins (compose-go, `DefaultFileNames`).
pub(super) const BASES: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// The override files that it adds to a base by itself (compose-go, `DefaultOverrideFileNames`).
pub(super) const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// What stands for the rendering of a template, or for what is no Dockerfile, in the last part of a name.
const NOT_A_DOCKERFILE: [&str; 14] = [
    "bak",
    "dockerignore",
    "erb",
    "in",
    "j2",
    "jinja",
    "jinja2",
    "md",
    "orig",
    "rej",
    "template",
    "tmpl",
    "tpl",
    "txt",
];

pub(super) fn is_yaml(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    extension.eq_ignore_ascii_case("yml") || extension.eq_ignore_ascii_case("yaml")
}

/// True when a name says that the file is for Compose: `compose` is one of its words, as in `docker-compose.gpu.yml`.
pub(super) fn is_compose(path: &str) -> bool {
    let name = file_name(path);
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric());
    is_yaml(name) && words.any(|word| word.eq_ignore_ascii_case("compose"))
}

/// True for the names of Dockerfiles: `Dockerfile`, `Dockerfile.gpu`, `api.Dockerfile`, `Containerfile`.
pub(super) fn is_dockerfile(path: &str) -> bool {
    let name = file_name(path);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    if NOT_A_DOCKERFILE.contains(&extension) {
        return false;
    }
    // `dockerfile` in small letters is what buildx falls back to.
    if matches!(name, "dockerfile" | "Containerfile") || extension.eq_ignore_ascii_case("dockerfile") {
        return !stem.is_empty();
    }
    let rest = name.strip_prefix("Dockerfile").or_else(|| name.strip_prefix("Containerfile"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
}

/// True for a file that discovery reads.
pub(super) fn is_wanted(name: &str) -> bool {
    is_yaml(name) || is_dockerfile(name) || name == ".env"
}

#[cfg(test)]
mod tests {
    use super::{is_compose, is_dockerfile};

    #[test]
    fn compose_has_to_be_a_word_of_the_name() {
        for name in ["compose.yaml", "a/docker-compose.gpu.yml", ".compose_config.yaml", "my-compose.YML"] {
            assert!(is_compose(name), "{name}");
        }
        for name in ["composer.yaml", "compose.json", "decompose.yml", "compose/values.yml"] {
            assert!(!is_compose(name), "{name}");
        }
    }

    #[test]
    fn dockerfiles_are_known_by_name() {
        for name in [
            "Dockerfile",
            "a/Dockerfile.gpu",
            "Dockerfile_1",
            "api.Dockerfile",
            "x.dockerfile",
            "Containerfile.dev",
        ] {
            assert!(is_dockerfile(name), "{name}");
        }
        for name in
            ["Dockerfile.dockerignore", "Dockerfile.j2", "Dockerfiles", "Dockerfile.md", ".dockerfile"]
        {
            assert!(!is_dockerfile(name), "{name}");
        }
    }
}
