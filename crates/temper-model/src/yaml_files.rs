use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use temper_text::SourceFile;
use temper_yaml::{Yaml, YamlError};

use crate::{FileTree, TreeError};

/// A YAML file and what it reads as.
#[derive(Debug)]
pub(crate) struct YamlFile {
    /// The file.
    pub(crate) source: SourceFile,
    /// Its tree, or why it has none.
    pub(crate) yaml: Result<Yaml, YamlError>,
}

impl YamlFile {
    /// Parses a text.
    pub(crate) fn new(path: &str, text: String) -> Self {
        let yaml = temper_yaml::parse(&text);
        Self { source: SourceFile::new(path, text), yaml }
    }
}

/// The YAML files of a tree, each read and parsed once.
///
/// A base is read again with each of its overlays, and discovery has read all of them before: without this, parsing
/// would be the largest part of reading a stack.
pub(crate) struct YamlFiles<'t> {
    /// The tree.
    pub(crate) tree: &'t dyn FileTree,
    known: Mutex<HashMap<String, Arc<YamlFile>>>,
}

impl<'t> YamlFiles<'t> {
    /// The files of a tree, none of them read yet.
    pub(crate) fn new(tree: &'t dyn FileTree) -> Self {
        Self { tree, known: Mutex::default() }
    }

    /// Keeps a file that was read.
    pub(crate) fn keep(&self, file: Arc<YamlFile>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(file.source.path().to_owned(), file);
    }

    /// The file at a path relative to the root of the stack.
    ///
    /// # Errors
    /// When it cannot be read. That it is not YAML is part of the answer.
    pub(crate) fn read(&self, path: &str) -> Result<Arc<YamlFile>, TreeError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(path).cloned();
        if let Some(file) = known {
            return Ok(file);
        }
        let file = Arc::new(YamlFile::new(path, self.tree.read(path)?));
        self.keep(Arc::clone(&file));
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::YamlFiles;
    use crate::{MemoryTree, TreeError};

    #[test]
    fn a_file_is_parsed_once() {
        let tree = MemoryTree::new([("a.yml", "a: 1"), ("b.yml", "[")]);
        let files = YamlFiles::new(&tree);
        let first = files.read("a.yml").unwrap();
        assert!(Arc::ptr_eq(&first, &files.read("a.yml").unwrap()));
        assert_eq!(first.source.text(), "a: 1");
        assert!(files.read("b.yml").unwrap().yaml.is_err());
        assert!(matches!(files.read("c.yml"), Err(TreeError::NotFound(_))));
    }
}
