//! `package.json` (npm docs, "package.json").

use temper_text::Span;

use super::{Listing, Registry};

/// Reads `dependencies` and `optionalDependencies`; development dependencies are not in the image that runs.
pub(super) fn read(text: &str) -> Listing {
    let mut listing = Listing { found: Vec::new(), further: Vec::new() };
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(text) else { return listing };
    for key in ["dependencies", "optionalDependencies"] {
        let names = manifest.get(key).and_then(serde_json::Value::as_object).into_iter().flatten();
        for (name, _) in names {
            listing.found.push((Registry::Npm, name.clone(), place_of(text, key, name)));
        }
    }
    listing
}

/// Where `"name"` stands below `"key"`. The JSON reader keeps no places; a name is a key of its own there.
fn place_of(text: &str, key: &str, name: &str) -> Span {
    let quoted = format!("\"{name}\"");
    let section = text.find(&format!("\"{key}\"")).unwrap_or_default();
    match text.get(section..).and_then(|rest| rest.find(&quoted)) {
        Some(at) => Span::new(section + at, section + at + quoted.len()),
        None => Span::at(section),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn only_what_runs_is_listed() {
        let text = r#"{"devDependencies": {"jest": "1"}, "dependencies": {"@x/y": "^1", "next": "14"}}"#;
        let found: Vec<(String, &str)> =
            read(text).found.into_iter().map(|(_, name, span)| (name, span.slice(text))).collect();
        assert_eq!(found, [("@x/y".to_owned(), "\"@x/y\""), ("next".to_owned(), "\"next\"")]);
    }
}
