//! From what a user types to the root of a stack and paths relative to it.

use std::path::{Component, Path, PathBuf};

use crate::args::StackArgs;
use crate::error::Error;

/// The root of the stack and which of its Compose files are wanted. Paths are relative to the root.
#[derive(Debug)]
pub(crate) struct Root {
    /// Absolute path of the root.
    pub(crate) path: PathBuf,
    /// How the user named it.
    pub(crate) shown: String,
    /// Compose files that were named; none: discover.
    pub(crate) files: Vec<String>,
    /// Env files that were named.
    pub(crate) env_files: Vec<String>,
}

impl Root {
    /// Resolves the arguments. The path may be a directory, or a Compose file, which then counts as `-f`.
    pub(crate) fn of(args: &StackArgs) -> Result<Self, Error> {
        let given = absolute(&args.path)?;
        let shown = args.path.display().to_string();
        let (path, mut files) = if given.is_dir() {
            (given, Vec::new())
        } else if given.is_file() {
            let parent = given.parent().unwrap_or(Path::new("/")).to_path_buf();
            (parent, vec![given])
        } else {
            return Err(Error::Usage(format!(
                "{shown}: no such directory or file; name the root of a stack"
            )));
        };
        for file in &args.files {
            files.push(absolute(file)?);
        }
        let env_files = args.env_files.iter().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
        let below = |paths: &[PathBuf]| paths.iter().map(|file| relative(&path, file)).collect();
        Ok(Self { files: below(&files), env_files: below(&env_files), shown, path })
    }
}

/// The absolute path with links resolved as far as the path exists.
fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let full =
        std::path::absolute(path).map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
    Ok(std::fs::canonicalize(&full).unwrap_or(full))
}

/// `path` as seen from `root`, with `/` between parts and `../` where it lies outside.
fn relative(root: &Path, path: &Path) -> String {
    let root: Vec<Component<'_>> = root.components().collect();
    let path: Vec<Component<'_>> = path.components().collect();
    let common = root.iter().zip(&path).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..".to_owned(), root.len() - common);
    let down = path.iter().skip(common).map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::relative;

    #[test]
    fn file_below_the_root_is_named_from_it() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/b/c/d.yml")), "c/d.yml");
    }

    #[test]
    fn file_outside_the_root_is_reached_by_dots() {
        assert_eq!(relative(Path::new("/a/b"), Path::new("/a/x.yml")), "../x.yml");
    }
}
