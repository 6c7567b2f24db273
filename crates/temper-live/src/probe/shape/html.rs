use std::collections::BTreeSet;

use super::text::short_hash;

/// Title and skeleton of an HTML page: the hash of the set of its tag paths, so that a list that has one entry more is
/// the same page. Elements that are never closed (HTML, 13.1.2) do not nest.
pub(super) fn page(text: &str) -> (Option<String>, String) {
    let mut open: Vec<String> = Vec::new();
    let mut paths = BTreeSet::new();
    let mut title = None;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let name = tag_name(rest.strip_prefix('/').unwrap_or(rest));
        if name.is_empty() {
            continue;
        }
        let closing = rest.starts_with('/');
        let (tag, after) = end_of_tag(rest);
        rest = after;
        if closing {
            if let Some(at) = open.iter().rposition(|one| *one == name) {
                open.truncate(at);
            }
            continue;
        }
        let path = if open.is_empty() { name.clone() } else { format!("{}>{name}", open.join(">")) };
        paths.insert(path);
        match name.as_str() {
            "title" if title.is_none() => {
                title = Some(content(rest, "title").trim().chars().take(80).collect())
            }
            // Their content is not HTML.
            "script" | "style" => rest = &rest[content(rest, &name).len()..],
            _ => {}
        }
        if !VOID.contains(&name.as_str()) && !tag.ends_with('/') && open.len() < 8 {
            open.push(name);
        }
    }
    let all: Vec<String> = paths.into_iter().collect();
    (title, short_hash(&all.join("\n")))
}

const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
];

fn tag_name(text: &str) -> String {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic());
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(text.len());
    if first { text[..end].to_ascii_lowercase() } else { String::new() }
}

/// The tag up to its `>`, which may stand inside quotes before that, and the text after it.
fn end_of_tag(text: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return (&text[..at], &text[at + 1..]),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if byte == open => quote = None,
            _ => {}
        }
    }
    (text, "")
}

/// The text up to the closing tag of an element whose content is no HTML.
fn content<'a>(text: &'a str, name: &str) -> &'a str {
    let close = format!("</{name}");
    let found =
        text.as_bytes().windows(close.len()).position(|part| part.eq_ignore_ascii_case(close.as_bytes()));
    &text[..found.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::page;

    const SHOP: &str = "<!doctype html><html><head><title>Shop</title><script>if (a < b) x('<p>')</script></head>\
        <body><!-- <h1> --><ul><li><a href='a>b'>1</a></li></ul><img src=x></body></html>";

    #[test]
    fn one_more_entry_is_the_same_page() {
        let more = SHOP.replace("</ul>", "<li><a href=\"/2\">2</a></li></ul>");
        assert_eq!(page(SHOP), page(&more));
        assert_eq!(page(SHOP).0.as_deref(), Some("Shop"));
    }

    #[test]
    fn an_error_page_is_another_page() {
        let error = "<html><head><title>502 Bad Gateway</title></head><body><center><h1>502</h1></center></body></html>";
        assert_ne!(page(SHOP).1, page(error).1);
        assert_eq!(page(error).0.as_deref(), Some("502 Bad Gateway"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_to_its_end(text in "([<>/!a-zé\"'= -]|<p|</|<!--|<script>|title)*") {
            let _ = page(&text);
        }
    }
}
