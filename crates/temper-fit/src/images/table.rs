//! The embedded entries and the search in them.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::known::KnownImage;
use super::reference::ImageRef;

/// One embedded file: its name without `.toml`, and its text.
const FILES: &[(&str, &str)] = &[
    ("apps", include_str!("../../images/apps.toml")),
    ("bases", include_str!("../../images/bases.toml")),
    ("bus", include_str!("../../images/bus.toml")),
    ("databases", include_str!("../../images/databases.toml")),
    ("exporters", include_str!("../../images/exporters.toml")),
    ("monitoring", include_str!("../../images/monitoring.toml")),
    ("nginx", include_str!("../../images/nginx.toml")),
    ("postgres", include_str!("../../images/postgres.toml")),
    ("proxies", include_str!("../../images/proxies.toml")),
    ("redis", include_str!("../../images/redis.toml")),
    ("search", include_str!("../../images/search.toml")),
    ("supabase", include_str!("../../images/supabase.toml")),
    ("tools", include_str!("../../images/tools.toml")),
    ("vendors", include_str!("../../images/vendors.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    image: Vec<KnownImage>,
}

struct Table {
    images: Vec<KnownImage>,
    /// Whole names, and the text before the `*` of each glob.
    exact: HashMap<String, usize>,
    globs: Vec<(String, usize)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // The files are part of the binary and the test `every_file_is_read` reads each of them.
    let images = FILES.iter().flat_map(|(name, text)| match parse(text) {
        Ok(images) => images,
        Err(error) => panic!("images/{name}.toml: {error}"),
    });
    Table::new(images.collect())
});

fn parse(text: &str) -> Result<Vec<KnownImage>, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.image)
}

impl Table {
    fn new(images: Vec<KnownImage>) -> Self {
        let mut exact = HashMap::new();
        let mut globs = Vec::new();
        for (index, image) in images.iter().enumerate() {
            for name in &image.names {
                match name.strip_suffix('*') {
                    Some(prefix) => globs.push((prefix.to_owned(), index)),
                    None => {
                        exact.insert(name.clone(), index);
                    }
                }
            }
        }
        // The longest prefix says most about an image.
        globs.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        Self { images, exact, globs }
    }

    fn find(&self, name: &str) -> Option<&KnownImage> {
        let index = self.exact.get(name).or_else(|| {
            self.globs.iter().find(|(prefix, _)| name.starts_with(prefix.as_str())).map(|(_, index)| index)
        });
        self.images.get(*index?)
    }
}

/// The entry of an image reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The facts, with the conditions of the tag applied.
    pub image: Cow<'static, KnownImage>,
    /// Names of the variants that were applied.
    pub applied: Vec<&'static str>,
    /// Whether the tag is known. A reference with only a digest may be any variant: where the entry has variants,
    /// facts that they change are not known.
    pub tag_known: bool,
}

impl Match {
    /// Whether another variant of the image than the one returned is possible, because the tag is not known.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        !self.tag_known && !self.image.variants.is_empty()
    }
}

/// Every entry, in the order of the files.
#[must_use]
pub fn all() -> &'static [KnownImage] {
    &TABLE.images
}

/// Finds what is known about an image reference as written in a Compose file or after `FROM`.
///
/// `None` when the image is not known or the reference is not valid.
#[must_use]
pub fn lookup(reference: &str) -> Option<Match> {
    lookup_ref(&reference.parse().ok()?)
}

/// Finds what is known about a parsed image reference.
#[must_use]
pub fn lookup_ref(reference: &ImageRef) -> Option<Match> {
    let image = TABLE.find(&reference.familiar_name())?;
    let Some(tag) = reference.effective_tag() else {
        return Some(Match { image: Cow::Borrowed(image), applied: Vec::new(), tag_known: false });
    };
    let variants = image.variants.iter().filter(|variant| variant.when.holds(tag));
    let mut resolved = Cow::Borrowed(image);
    let mut applied = Vec::new();
    for variant in variants {
        variant.apply(resolved.to_mut());
        applied.push(variant.name.as_str());
    }
    if !applied.is_empty() {
        resolved.to_mut().variants.clear();
    }
    Some(Match { image: resolved, applied, tag_known: true })
}

#[cfg(test)]
mod tests;
