use std::ops::Range;

use temper_text::Span;

/// Maps the bytes of a joined text back to the bytes of the file it was joined from.
///
/// Continuation characters, comment lines and stripped tabs are in the file but not in the joined text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Segments {
    /// Offsets at which a run of copied bytes begins: in the joined text, and in the file. Both ascend.
    parts: Vec<(usize, usize)>,
}

impl Segments {
    /// Says that the bytes of the joined text from `joined` on come from the file's bytes from `source` on.
    pub(crate) fn push(&mut self, joined: usize, source: usize) {
        self.parts.push((joined, source));
    }

    /// The offset in the file of the byte at `joined`.
    #[must_use]
    pub fn offset(&self, joined: usize) -> usize {
        let index = self.parts.partition_point(|&(start, _)| start <= joined);
        match index.checked_sub(1).and_then(|i| self.parts.get(i)) {
            Some(&(start, source)) => source + (joined - start),
            None => self.parts.first().map_or(0, |&(_, source)| source),
        }
    }

    /// The bytes of the file from the first to the last byte of `range`, with whatever was left out between them.
    #[must_use]
    pub fn span(&self, range: Range<usize>) -> Span {
        if range.is_empty() {
            return Span::at(self.offset_after(range.start));
        }
        Span::new(self.offset(range.start), self.offset(range.end - 1) + 1)
    }

    /// Appends the mapping of `range`, counted from its start, to `out`.
    pub(crate) fn copy_range(&self, range: Range<usize>, out: &mut Self) {
        out.push(0, self.offset(range.start));
        let inside = self.parts.iter().filter(|(start, _)| range.start < *start && *start < range.end);
        out.parts.extend(inside.map(|&(start, source)| (start - range.start, source)));
    }

    /// The place just after the byte before `joined`: it does not jump over a continuation.
    fn offset_after(&self, joined: usize) -> usize {
        joined.checked_sub(1).map_or_else(|| self.offset(0), |before| self.offset(before) + 1)
    }
}

/// One instruction with its continuation lines joined, as BuildKit sees it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    pub(crate) text: String,
    pub(crate) segments: Segments,
}

impl Line {
    /// Appends `part`, which stands in the file at `source`.
    pub(crate) fn push(&mut self, part: &str, source: usize) {
        self.segments.push(self.text.len(), source);
        self.text.push_str(part);
    }

    /// The text of a range, or `""` when it does not fit.
    pub(crate) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or("")
    }

    /// The bytes of the file that a range of this line came from.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        self.segments.span(range)
    }

    /// `range` without the white space around it.
    pub(crate) fn trim(&self, range: Range<usize>) -> Range<usize> {
        let text = self.slice(range.clone());
        let start = range.start + (text.len() - text.trim_start().len());
        let end = start + text.trim().len();
        start..end
    }
}

#[cfg(test)]
mod tests {
    use temper_text::Span;

    use super::Line;

    #[test]
    fn span_over_a_join_holds_what_was_left_out() {
        let mut line = Line::default();
        line.push("ab", 10);
        line.push("cd", 20);
        assert_eq!(line.span(1..3), Span::new(11, 21));
        assert_eq!(line.span(0..2), Span::new(10, 12));
        assert_eq!(line.span(2..2), Span::at(12));
        assert_eq!(line.span(4..4), Span::at(22));
    }
}
