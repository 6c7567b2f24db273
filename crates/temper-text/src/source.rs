use std::sync::Arc;

use crate::Span;

/// Names one file of a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place: a span in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Loc {
    /// The file.
    pub file: FileId,
    /// The bytes in it.
    pub span: Span,
}

/// A position as people count it: both from 1, columns in Unicode scalar values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineCol {
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
}

/// One text file: its path as shown to people, its text, and where its lines begin.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: Arc<str>,
    text: Arc<str>,
    line_starts: Arc<[u32]>,
}

impl SourceFile {
    /// A source file. `path` is relative to the root of the stack, with `/` between its parts.
    #[must_use]
    pub fn new(path: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0)
            .chain(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| Span::at(i + 1).start))
            .collect();
        Self { path: path.into(), text, line_starts }
    }

    /// Path relative to the root of the stack, with `/` between its parts.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The whole text, exactly as in the file: byte order mark and line ends included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Number of lines; a final newline does not begin another line.
    #[must_use]
    pub fn line_count(&self) -> usize {
        let starts = self.line_starts.len();
        if self.text.ends_with('\n') { starts - 1 } else { starts }
    }

    /// Line and column of a byte offset. An offset past the end is taken as the end.
    #[must_use]
    pub fn line_col(&self, offset: usize) -> LineCol {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|&start| start as usize <= offset);
        let start = self.line_starts[line - 1] as usize;
        let column = self.text.get(start..offset).map_or(offset - start, |head| head.chars().count());
        LineCol { line: Span::at(line).start, column: Span::at(column + 1).start }
    }

    /// The span of a line, counted from 1, without its line end.
    #[must_use]
    pub fn line_span(&self, line: u32) -> Option<Span> {
        let index = (line as usize).checked_sub(1)?;
        let start = *self.line_starts.get(index)? as usize;
        let end = self.line_starts.get(index + 1).map_or(self.text.len(), |next| *next as usize);
        let body = self.text.get(start..end)?;
        Some(Span::new(start, start + body.trim_end_matches(['\n', '\r']).len()))
    }
}

/// All files of a stack that were read. Files are added, never removed or changed.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// An empty map.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file and names it. A file that is here already, with the same path and text, keeps its name, so that
    /// several readers of one file mean the same place. The same path with another text is another file.
    pub fn add(&mut self, file: SourceFile) -> FileId {
        let known = self.iter().find(|(_, known)| known.path() == file.path() && known.text() == file.text());
        if let Some((id, _)) = known {
            return id;
        }
        let id = FileId(Span::at(self.files.len()).start);
        self.files.push(file);
        id
    }

    /// The file of that name.
    ///
    /// # Panics
    /// When the id comes from another map: that is a fault of this program, never of its input.
    #[must_use]
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The first file with that path.
    #[must_use]
    pub fn by_path(&self, path: &str) -> Option<FileId> {
        self.iter().find(|(_, file)| file.path() == path).map(|(id, _)| id)
    }

    /// All files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(i, file)| (FileId(Span::at(i).start), file))
    }

    /// Line and column at which a place begins.
    #[must_use]
    pub fn line_col(&self, loc: Loc) -> LineCol {
        self.file(loc.file).line_col(loc.span.start as usize)
    }

    /// The text of a place.
    #[must_use]
    pub fn slice(&self, loc: Loc) -> &str {
        loc.span.slice(self.file(loc.file).text())
    }
}

#[cfg(test)]
mod tests {
    use super::{LineCol, SourceFile, SourceMap};
    use crate::Span;

    #[test]
    fn columns_count_characters_not_bytes() {
        let file = SourceFile::new("f", "aé: b\nc");
        assert_eq!(file.line_col(5), LineCol { line: 1, column: 5 });
        assert_eq!(file.line_col(7), LineCol { line: 2, column: 1 });
    }

    #[test]
    fn a_file_that_is_read_again_keeps_its_name() {
        let mut sources = SourceMap::new();
        let first = sources.add(SourceFile::new("f", "a"));
        assert_eq!(sources.add(SourceFile::new("f", "a")), first);
        assert_ne!(sources.add(SourceFile::new("f", "b")), first);
        assert_eq!(sources.iter().count(), 2);
    }

    #[test]
    fn offset_past_the_end_is_the_end() {
        assert_eq!(SourceFile::new("f", "ab").line_col(99), LineCol { line: 1, column: 3 });
        assert_eq!(SourceFile::new("f", "").line_col(0), LineCol { line: 1, column: 1 });
    }

    #[test]
    fn line_span_leaves_out_both_kinds_of_line_end() {
        let file = SourceFile::new("f", "a\r\nbc\n");
        assert_eq!(file.line_span(1), Some(Span::new(0, 1)));
        assert_eq!(file.line_span(2), Some(Span::new(3, 5)));
        assert_eq!(file.line_span(9), None);
        assert_eq!(file.line_count(), 2);
    }
}
