use std::collections::BTreeSet;

/// The metric families of a text in Prometheus' exposition format, named by their samples; `None` when it is none.
///
/// Source: <https://prometheus.io/docs/instrumenting/exposition_formats/>.
pub(super) fn families(text: &str) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let end = line.find(['{', ' ', '\t'])?;
        let (name, rest) = line.split_at(end);
        let value = match rest.strip_prefix('{') {
            Some(labels) => labels.rsplit_once('}')?.1,
            None => rest,
        };
        let number = value.split_whitespace().next()?;
        if !is_name(name) || !is_number(number) {
            return None;
        }
        names.insert(name.to_owned());
    }
    (!names.is_empty()).then_some(names)
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || b"_:".contains(&byte));
    first && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte))
}

fn is_number(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}

/// True for samples of counters, histograms and summaries. With labels they come into being with their first event, so a
/// process that was started just now may not have them yet (Prometheus, "Avoid missing metrics").
pub(super) fn comes_with_use(name: &str) -> bool {
    ["_total", "_bucket", "_sum", "_count", "_created"].iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::families;

    #[test]
    fn the_names_of_the_samples_are_read() {
        let text = "# HELP up Is it up.\n# TYPE up gauge\nup 1\nhttp_total{path=\"/a b\",q=\"}\"} 3e4 1700000000\nx NaN\n";
        let names: Vec<String> = families(text).unwrap().into_iter().collect();
        assert_eq!(names, ["http_total", "up", "x"]);
    }

    #[test]
    fn other_texts_are_no_metrics() {
        for text in ["", "ok", "hello world", "# only a comment", "up 1\nbut not this"] {
            assert!(families(text).is_none(), "{text}");
        }
    }
}
