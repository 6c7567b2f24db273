//! The form of `tests/controls/<id>.md`.

/// A case file, cut into pieces that put together again give the same text.
pub(crate) struct CaseFile<'a> {
    pieces: Vec<Piece<'a>>,
}

enum Piece<'a> {
    /// Prose and headings; a heading begins a new case.
    Prose(&'a str),
    /// An input file: info string, path, text, and the fence as it stands.
    File { path: &'a str, text: &'a str, whole: &'a str },
    /// What the control is expected to say.
    Findings(&'a str),
}

/// The input files of one case: path and text.
pub(crate) type Case<'a> = [(&'a str, &'a str)];

impl<'a> CaseFile<'a> {
    pub(crate) fn parse(text: &'a str) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = fence_start(rest) {
            let (before, fence) = rest.split_at(start);
            pieces.push(Piece::Prose(before));
            let body_start = fence.find('\n').expect("a fence has a line of its own") + 1;
            let body_len = fence[body_start..].find("```").expect("each fence is closed");
            let body = &fence[body_start..body_start + body_len];
            let end = body_start + body_len + 3;
            let info = fence[3..body_start].trim();
            pieces.push(match info.split_once(' ') {
                Some((_, path)) => Piece::File { path, text: body, whole: &fence[..end] },
                None if info == "findings" => Piece::Findings(body),
                None => Piece::Prose(&fence[..end]),
            });
            rest = &fence[end..];
        }
        pieces.push(Piece::Prose(rest));
        Self { pieces }
    }

    /// The expected findings of every case.
    pub(crate) fn findings(&self) -> Vec<String> {
        let fences = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Findings(text) => Some((*text).to_owned()),
            _ => None,
        });
        fences.collect()
    }

    /// The file with the findings that `judge` gives for the input files of each case.
    pub(crate) fn with_findings(&self, judge: impl Fn(&Case<'_>) -> String) -> String {
        let mut out = String::new();
        let mut files: Vec<(&str, &str)> = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Prose(text) => {
                    if text.contains("\n## ") {
                        files.clear();
                    }
                    out.push_str(text);
                }
                Piece::File { path, text, whole } => {
                    files.push((path, text));
                    out.push_str(whole);
                }
                Piece::Findings(_) => {
                    out.push_str("```findings\n");
                    out.push_str(&judge(&files));
                    out.push_str("```");
                }
            }
        }
        out
    }
}

fn fence_start(text: &str) -> Option<usize> {
    if text.starts_with("```") { Some(0) } else { text.find("\n```").map(|at| at + 1) }
}
