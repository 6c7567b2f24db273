//! The embedded entries.

use std::sync::LazyLock;

use serde::Deserialize;

use super::framework::Framework;

/// One embedded file: its name without `.toml`, and its text.
const FILES: &[(&str, &str)] = &[
    ("huggingface", include_str!("../../frameworks/huggingface.toml")),
    ("models", include_str!("../../frameworks/models.toml")),
    ("python", include_str!("../../frameworks/python.toml")),
    ("tools", include_str!("../../frameworks/tools.toml")),
    ("web", include_str!("../../frameworks/web.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    framework: Vec<Framework>,
}

static TABLE: LazyLock<Vec<Framework>> = LazyLock::new(|| {
    // The files are part of the binary and the test `every_file_is_read` reads each of them.
    let files = FILES.iter().flat_map(|(name, text)| match parse(text) {
        Ok(frameworks) => frameworks,
        Err(error) => panic!("frameworks/{name}.toml: {error}"),
    });
    files.collect()
});

fn parse(text: &str) -> Result<Vec<Framework>, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.framework)
}

/// Every known framework, in the order of the files.
#[must_use]
pub fn all() -> &'static [Framework] {
    &TABLE
}

#[cfg(test)]
mod tests;
