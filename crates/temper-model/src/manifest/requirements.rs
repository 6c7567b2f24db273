//! `requirements.txt` (pip, "Requirements File Format").

use temper_text::Span;

use super::{Listing, Registry, pypi_name};

/// Reads the requirements; options other than `-r` list nothing.
pub(super) fn read(text: &str) -> Listing {
    let mut listing = Listing { found: Vec::new(), further: Vec::new() };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        requirement(line, start, &mut listing);
        start += line.len();
    }
    listing
}

fn requirement(line: &str, start: usize, listing: &mut Listing) {
    // A comment begins at the line's start or after a blank.
    let body = line.split_once(" #").map_or(line, |(body, _)| body).trim();
    let option = ["-r", "--requirement"].iter().find_map(|option| body.strip_prefix(option));
    if let Some(file) = option {
        listing.further.push(file.trim_start_matches(['=', ' ']).to_owned());
        return;
    }
    let name = pypi_name(body);
    if name.is_empty()
        || body.starts_with(['#', '-', '.', '/'])
        || body.contains("://") && !body.contains('@')
    {
        return;
    }
    let offset = line.find(body).unwrap_or_default();
    listing.found.push((Registry::Pypi, name, Span::new(start + offset, start + offset + body.len())));
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn options_comments_and_urls_are_no_packages() {
        let text = "# top\n--extra-index-url https://x\n-e .\n./local\nhttps://x/y.whl\nuvicorn[standard]==0.2 # web\n";
        let names: Vec<String> = read(text).found.into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(names, ["uvicorn"]);
    }

    #[test]
    fn package_at_a_url_keeps_its_name_and_place() {
        let text = "\r\n  demo @ https://x/demo.whl\r\n";
        let listing = read(text);
        let (_, name, span) = &listing.found[0];
        assert_eq!((name.as_str(), span.slice(text)), ("demo", "demo @ https://x/demo.whl"));
    }
}
