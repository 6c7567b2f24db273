//! What a user may have meant.

/// The known name that is most like `name`, when one is like it: half a name, or one with few wrong letters.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // As far apart as clap allows in its own suggestions.
    const ALIKE: f64 = 0.7;
    let likeness = |known: &str| {
        let part = name.len() > 2 && known.contains(name);
        if part { 1.0 } else { strsim::jaro(name, known) }
    };
    known
        .into_iter()
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

/// "there is no control `x`; did you mean `y`?", or `otherwise` when nothing is like it.
pub(crate) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str>,
    otherwise: &str,
) -> String {
    match nearest(name, known) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`; {otherwise}"),
    }
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn misspelt_and_shortened_names_are_found() {
        let known = ["non-root-user", "numeric-user", "read-only-rootfs"];
        assert_eq!(nearest("read-only-rotfs", known), Some("read-only-rootfs"));
        assert_eq!(nearest("numeric", known), Some("numeric-user"));
        assert_eq!(nearest("xyz", known), None);
    }
}
