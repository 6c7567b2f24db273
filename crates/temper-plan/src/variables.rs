//! Variables of an entry that is replaced: whoever sets `${PORT:-8080}` keeps that.

/// The text of a new item with the variables of the entry that it replaces; `None` when that has none. `raw` is the
/// entry as it is written, `item` is the new one in short form with the values of now. Whether the result means the same
/// is checked when it is read back.
///
/// # Errors
/// When the variables cannot be taken over: why, for people.
pub(crate) fn kept(raw: &str, key: &str, item: &str) -> Result<Option<String>, String> {
    if !raw.contains('$') {
        return Ok(None);
    }
    let refuse =
        || format!("the entry hangs on variables, which would be lost: write `{item}` with them by hand");
    let text = plain(raw).ok_or_else(refuse)?;
    let parts = parts(text);
    let kept = match (key, parts.as_slice()) {
        ("ports", [.., published, target]) => {
            let address = item.split(':').next().unwrap_or_default();
            format!("{address}:{published}:{target}")
        }
        ("volumes", [source, target] | [source, target, _]) => {
            match item.rsplit_once(':').filter(|(before, _)| before.contains(':')) {
                Some((_, options)) => format!("{source}:{target}:{options}"),
                None => format!("{source}:{target}"),
            }
        }
        _ => return Err(refuse()),
    };
    Ok(Some(kept))
}

/// A scalar of one line without its quotes; `None` where quoting does more than that.
fn plain(raw: &str) -> Option<&str> {
    let raw = raw.trim();
    let inner = match raw.chars().next()? {
        quote @ ('"' | '\'') => raw.strip_prefix(quote)?.strip_suffix(quote)?,
        '{' | '[' | '|' | '>' | '*' | '&' | '!' => return None,
        _ => raw,
    };
    (!inner.contains(['\n', '\\', '"', '\'']) && !inner.contains(": ")).then_some(inner)
}

/// The parts between the colons outside of `${…}`.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

#[cfg(test)]
mod tests {
    use super::kept;

    fn text(raw: &str, key: &str, item: &str) -> Option<String> {
        kept(raw, key, item).unwrap()
    }

    #[test]
    fn variables_of_ports_and_mounts_stay() {
        let port = "127.0.0.1:5432:5432";
        assert_eq!(text("\"5432:5432\"", "ports", port), None);
        assert_eq!(text("\"${PORT:-5432}:5432\"", "ports", port).unwrap(), "127.0.0.1:${PORT:-5432}:5432");
        assert_eq!(
            text("0.0.0.0:${PORT:-5432}:5432", "ports", port).unwrap(),
            "127.0.0.1:${PORT:-5432}:5432"
        );
        let mount = |item| text("${SRC:-./src}:/app/src:rw", "volumes", item).unwrap();
        assert_eq!(mount("./src:/app/src:ro"), "${SRC:-./src}:/app/src:ro");
        assert_eq!(mount("./src:/app/src"), "${SRC:-./src}:/app/src");
    }

    #[test]
    fn an_entry_that_cannot_keep_them_is_left_to_a_person() {
        for (raw, key) in [
            ("target: 80\npublished: ${PORT}", "ports"),
            ("\"${PORT}\"", "ports"),
            ("{ target: 80, published: ${PORT} }", "ports"),
            ("/tmp:size=${SIZE:-1m}", "tmpfs"),
        ] {
            let why = kept(raw, key, "127.0.0.1:80:80").unwrap_err();
            assert!(why.starts_with("the entry hangs on variables"), "{raw}: {why}");
        }
    }
}
