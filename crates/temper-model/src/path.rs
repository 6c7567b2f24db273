//! Paths relative to the root of a stack, with `/` between parts. `""` is the root itself.

/// The path without `.` and empty parts, and with `..` taken together with the part before it. A path that leaves the
/// root begins with `..`.
pub(crate) fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

/// `path` as seen from `directory`.
pub(crate) fn join(directory: &str, path: &str) -> String {
    normal(&format!("{directory}/{path}"))
}

/// The directory of a path.
pub(crate) fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The last part of a path.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::{file_name, join, normal, parent};

    #[test]
    fn dots_disappear_and_the_way_out_stays() {
        assert_eq!(normal("./a//b/../c/"), "a/c");
        assert_eq!(normal("../../a"), "../../a");
        assert_eq!(normal("a/../.."), "..");
        assert_eq!(join("", "x.yml"), "x.yml");
        assert_eq!(join("a/b", "../x.yml"), "a/x.yml");
    }

    #[test]
    fn the_root_is_the_empty_path() {
        assert_eq!((parent("x"), file_name("x")), ("", "x"));
        assert_eq!((parent("a/b/x"), file_name("a/b/x")), ("a/b", "x"));
    }
}
