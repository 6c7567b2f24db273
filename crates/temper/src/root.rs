//! From what a user types to the root of a stack and paths relative to it.

use std::path::{Component, Path, PathBuf};

use temper_model::compose::Selection;

use crate::args::StackArgs;
use crate::error::Error;

/// The root of the stack and which of its Compose files are wanted.
#[derive(Debug)]
pub(crate) struct Root {
    /// Absolute path of the root.
    pub(crate) path: PathBuf,
    /// The files, profiles and env files that were named; `None`: discover.
    pub(crate) selection: Option<Selection>,
    /// Profiles, also when files are discovered.
    pub(crate) profiles: Vec<String>,
    /// Env files relative to the root.
    pub(crate) env_files: Vec<String>,
    /// Project name.
    pub(crate) project_name: Option<String>,
}

impl Root {
    /// Resolves the arguments. `path` may be a directory, or a Compose file, which then counts as `-f`.
    pub(crate) fn of(args: &StackArgs) -> Result<Self, Error> {
        let given = absolute(&args.path)?;
        let (root, mut files) = if given.is_dir() {
            (given, Vec::new())
        } else if given.is_file() {
            let parent = given.parent().unwrap_or(Path::new("/")).to_path_buf();
            (parent, vec![given])
        } else {
            let shown = args.path.display();
            return Err(Error::Usage(format!("{shown}: no such directory or file; name the root of a stack")));
        };
        for file in &args.files {
            files.push(absolute(file)?);
        }
        let below = |paths: &[PathBuf]| paths.iter().map(|path| relative(&root, path)).collect::<Vec<_>>();
        let env_files = args.env_files.iter().map(|path| absolute(path)).collect::<Result<Vec<_>, _>>()?;
        let env_files = below(&env_files);
        let selection = (!files.is_empty()).then(|| Selection {
            files: below(&files),
            profiles: args.profiles.clone(),
            env_files: env_files.clone(),
            project_name: args.project_name.clone(),
            ..Selection::default()
        });
        Ok(Self {
            selection,
            profiles: args.profiles.clone(),
            env_files,
            project_name: args.project_name.clone(),
            path: root,
        })
    }
}

/// The absolute path with links resolved as far as the path exists.
fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let full = std::path::absolute(path).map_err(|error| Error::Usage(format!("{}: {error}", path.display())))?;
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
