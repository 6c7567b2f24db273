//! Benchmark items that controls refer to, as data in `frameworks/`.
//!
//! A reference is written `<framework>:<number>`, such as `cis-docker-1.7:5.13`.

use std::sync::LazyLock;

use indexmap::IndexMap;
use serde::Deserialize;

const FILES: [(&str, &str); 3] = [
    ("cis-docker-1.7", include_str!("../frameworks/cis-docker-1.7.toml")),
    ("nist-sp-800-190", include_str!("../frameworks/nist-sp-800-190.toml")),
    ("pss", include_str!("../frameworks/pss.toml")),
];

/// A benchmark or standard.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Framework {
    name: String,
    url: String,
    items: IndexMap<String, String>,
}

/// One item of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Item {
    /// Name of the benchmark with its version.
    pub framework: &'static str,
    /// Its page.
    pub url: &'static str,
    /// Number or path of the item in it.
    pub number: &'static str,
    /// The item's own words.
    pub title: &'static str,
}

static FRAMEWORKS: LazyLock<Vec<(&'static str, Framework)>> = LazyLock::new(|| {
    let read = |(id, text): (&'static str, &str)| match toml::from_str(text) {
        Ok(framework) => (id, framework),
        // The files are part of the program; a test reads each of them.
        Err(error) => panic!("frameworks/{id}.toml: {error}"),
    };
    FILES.into_iter().map(read).collect()
});

/// The item that a reference names; `None` when there is no such item.
#[must_use]
pub fn item(reference: &str) -> Option<Item> {
    let (id, number) = reference.split_once(':')?;
    let (_, framework) = FRAMEWORKS.iter().find(|(known, _)| *known == id)?;
    let (number, title) = framework.items.get_key_value(number)?;
    Some(Item { framework: &framework.name, url: &framework.url, number, title })
}

/// The items that several references name.
pub fn items(references: &[&str]) -> impl Iterator<Item = Item> {
    references.iter().filter_map(|reference| item(reference))
}

#[cfg(test)]
mod tests {
    use super::item;

    #[test]
    fn reference_leads_to_the_words_of_the_benchmark() {
        let found = item("cis-docker-1.7:5.13").unwrap();
        assert_eq!(found.framework, "CIS Docker Benchmark 1.7");
        assert_eq!(found.title, "Ensure that the container's root filesystem is mounted as read only");
    }

    #[test]
    fn unknown_framework_or_number_is_no_item() {
        assert!(item("cis-docker-1.7:9.9").is_none());
        assert!(item("cis:5.13").is_none());
        assert!(item("5.13").is_none());
    }

    #[test]
    fn every_control_refers_to_items_that_exist() {
        for control in crate::ALL {
            let meta = control.meta();
            assert!(!meta.references.is_empty(), "{} refers to no benchmark item", meta.id);
            for reference in meta.references {
                assert!(item(reference).is_some(), "{}: there is no item {reference}", meta.id);
            }
        }
    }
}
