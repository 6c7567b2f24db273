//! `pyproject.toml`: `[project]` (PEP 621) and `[tool.poetry]`.

use serde::Deserialize;
use temper_text::Span;
use toml::Spanned;

use super::{Listing, Registry, pypi_name};

#[derive(Deserialize, Default)]
#[serde(default)]
struct Manifest {
    project: Project,
    tool: Tool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Project {
    dependencies: Vec<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tool {
    poetry: Poetry,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Poetry {
    dependencies: std::collections::BTreeMap<Spanned<String>, toml::Value>,
}

/// Reads the dependencies; extras and groups are not installed unless somebody asks for them.
pub(super) fn read(text: &str) -> Listing {
    let manifest: Manifest = toml::from_str(text).unwrap_or_default();
    let listed = manifest.project.dependencies.into_iter();
    let poetry = manifest.tool.poetry.dependencies.into_keys().filter(|name| name.get_ref() != "python");
    let found = listed.chain(poetry).map(|written| {
        let span = Span::new(written.span().start, written.span().end);
        (Registry::Pypi, pypi_name(written.get_ref()), span)
    });
    Listing { found: found.collect(), further: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn both_ways_to_list_are_read() {
        let text = "[project]\ndependencies = [\"Torch>=2\"]\n[tool.poetry.dependencies]\npython = \"^3\"\nnumba = \"*\"\n";
        let names: Vec<String> = read(text).found.into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["torch", "numba"]);
    }
}
