use std::io;

/// The files of the kernel (`/proc`, `/sys/fs/cgroup`), so that tests can feed what was recorded elsewhere.
pub trait Host: Sync {
    /// The text of a file.
    ///
    /// # Errors
    /// As the system says.
    fn text(&self, path: &str) -> io::Result<String>;

    /// Where a symbolic link leads, such as `pid:[4026531836]`.
    ///
    /// # Errors
    /// As the system says.
    fn link(&self, path: &str) -> io::Result<String>;

    /// Names in a directory.
    ///
    /// # Errors
    /// As the system says.
    fn names(&self, directory: &str) -> io::Result<Vec<String>>;
}

/// The kernel that temper runs on.
#[derive(Debug, Clone)]
pub struct LocalHost {
    /// Where its control groups are mounted.
    pub cgroups: &'static str,
}

impl Default for LocalHost {
    fn default() -> Self {
        Self { cgroups: CGROUPS }
    }
}

/// Where every distribution mounts control groups.
const CGROUPS: &str = "/sys/fs/cgroup";

impl LocalHost {
    fn path(&self, path: &str) -> String {
        path.strip_prefix(CGROUPS).map_or_else(|| path.to_owned(), |rest| format!("{}{rest}", self.cgroups))
    }
}

impl Host for LocalHost {
    fn text(&self, path: &str) -> io::Result<String> {
        let bytes = std::fs::read(self.path(path))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn link(&self, path: &str) -> io::Result<String> {
        Ok(std::fs::read_link(self.path(path))?.to_string_lossy().into_owned())
    }

    fn names(&self, directory: &str) -> io::Result<Vec<String>> {
        let entries = std::fs::read_dir(self.path(directory))?;
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }
}

#[cfg(test)]
pub(crate) mod recorded {
    use std::collections::BTreeMap;
    use std::io;

    use super::Host;

    /// Files and links that were recorded; a directory is what has names below it.
    #[derive(Default)]
    pub(crate) struct RecordedHost {
        files: BTreeMap<String, String>,
        links: BTreeMap<String, String>,
        denied: Vec<String>,
    }

    impl RecordedHost {
        /// A link that this user may not read.
        pub(crate) fn denied(mut self, path: &str) -> Self {
            self.denied.push(path.to_owned());
            self
        }

        pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
            self.files.insert(path.to_owned(), text.to_owned());
            self
        }

        pub(crate) fn link(mut self, path: &str, target: &str) -> Self {
            self.links.insert(path.to_owned(), target.to_owned());
            self
        }
    }

    impl Host for RecordedHost {
        fn text(&self, path: &str) -> io::Result<String> {
            self.files.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        fn link(&self, path: &str) -> io::Result<String> {
            if self.denied.iter().any(|denied| denied == path) {
                return Err(io::ErrorKind::PermissionDenied.into());
            }
            self.links.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
        }

        fn names(&self, directory: &str) -> io::Result<Vec<String>> {
            let below = |path: &String| {
                let rest = path.strip_prefix(directory)?.strip_prefix('/')?;
                rest.split('/').next().map(str::to_owned)
            };
            let mut names: Vec<String> =
                self.files.keys().chain(self.links.keys()).filter_map(below).collect();
            names.sort();
            names.dedup();
            Ok(names)
        }
    }
}
