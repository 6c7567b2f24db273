use std::ops::Range;

/// A half-open range of bytes in one source text.
///
/// Offsets are `u32`: readers refuse sources above 4 GiB long before a span is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset just past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` to `end`. An `end` before `start` is clamped to `start`.
    ///
    /// Offsets above `u32::MAX` saturate; readers refuse such sources first.
    #[must_use]
    pub fn new(start: usize, end: usize) -> Self {
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        let end = u32::try_from(end).unwrap_or(u32::MAX);
        Self { start, end: end.max(start) }
    }

    /// The empty span at `offset`: a place between two bytes.
    #[must_use]
    pub fn at(offset: usize) -> Self {
        Self::new(offset, offset)
    }

    /// The span as a range of `usize`, for slicing.
    #[must_use]
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// True when the span holds no byte.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The smallest span that holds both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// True when `other` lies wholly inside this span.
    #[must_use]
    pub fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// The bytes of `text` that this span names, or `""` when it does not fit the text.
    #[must_use]
    pub fn slice(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or("")
    }

    /// The same span, `offset` bytes further on.
    #[must_use]
    pub fn shift(self, offset: usize) -> Self {
        Self::new(self.start as usize + offset, self.end as usize + offset)
    }
}

#[cfg(test)]
mod tests {
    use super::Span;

    #[test]
    fn end_before_start_is_clamped() {
        assert_eq!(Span::new(5, 3), Span::at(5));
    }

    #[test]
    fn slice_outside_the_text_or_inside_a_character_is_empty() {
        assert_eq!(Span::new(2, 9).slice("abc"), "");
        assert_eq!(Span::new(1, 2).slice("é"), "");
        assert_eq!(Span::new(1, 3).slice("abc"), "bc");
    }

    #[test]
    fn cover_holds_both() {
        let both = Span::new(3, 4).cover(Span::new(8, 9));
        assert!(both.contains(Span::new(3, 4)) && both.contains(Span::new(8, 9)));
    }
}
