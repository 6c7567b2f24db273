//! Paths as Compose prints them: absolute, clean.

/// A path without `.`, doubled and last `/`, and with `..` taken together with the part before it. An absolute path
/// stays absolute; an empty one is `.`.
pub(crate) fn clean(path: &str) -> String {
    let cleaned = crate::path::normal(path);
    if !path.starts_with('/') {
        return if cleaned.is_empty() { ".".to_owned() } else { cleaned };
    }
    // Nothing lies above the root of a file system: `/../a` is `/a`.
    let inside = cleaned.split('/').skip_while(|part| *part == "..").collect::<Vec<_>>().join("/");
    format!("/{inside}")
}

/// `path` as seen from the absolute `directory`. `home` stands for a leading `~`.
pub(crate) fn absolute(directory: &str, path: &str, home: Option<&str>) -> String {
    let below_home = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/'));
    if let (Some(rest), Some(home)) = (below_home, home) {
        return clean(&format!("{home}{rest}"));
    }
    if path.starts_with('/') || is_windows(path) {
        return path.to_owned();
    }
    clean(&format!("{directory}/{path}"))
}

/// True for `C:\x` and `C:/x`. Compose takes `\\server\share` for a relative path.
fn is_windows(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/' | b'\\', ..] if letter.is_ascii_alphabetic())
}

/// True when a build context is fetched by the builder: a URL, a Git repository or the image of
/// another service, not a directory.
pub(crate) fn is_remote(context: &str) -> bool {
    context.contains("://")
        || ["git@", "github.com/", "git:", "service:"].iter().any(|prefix| context.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::{absolute, clean, is_remote};

    #[test]
    fn relative_paths_hang_on_the_directory() {
        assert_eq!(absolute("/p/q", "../x/./y/", None), "/p/x/y");
        assert_eq!(absolute("/p/q", ".", None), "/p/q");
        assert_eq!(absolute("/", "x", None), "/x");
    }

    #[test]
    fn a_tilde_is_the_home_when_that_is_known() {
        assert_eq!(absolute("/p", "~/x", Some("/root")), "/root/x");
        assert_eq!(absolute("/p", "~/x", None), "/p/~/x");
        assert_eq!(absolute("/p", "~user/x", Some("/root")), "/p/~user/x");
    }

    #[test]
    fn nothing_is_above_the_root() {
        assert_eq!(clean("/../a/.."), "/");
        assert_eq!(clean(""), ".");
    }

    #[test]
    fn contexts_of_a_builder_are_not_paths() {
        assert!(
            is_remote("https://github.com/a/b.git")
                && is_remote("git@github.com:a/b")
                && is_remote("docker-image://a")
        );
        assert!(!is_remote("./github.com") && !is_remote("dir"));
    }
}
