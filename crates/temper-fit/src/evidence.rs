use temper_text::Loc;

/// Why a value is what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What kind of knowledge it is, strongest last.
    pub kind: EvidenceKind,
    /// The place in the stack that says so, when there is one.
    pub at: Option<Loc>,
    /// One short sentence for people, without the place.
    pub detail: String,
}

/// Kinds of evidence (DESIGN.md, words), from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EvidenceKind {
    /// What a well-known image or framework needs, from its own Dockerfile or documentation: a hypothesis.
    KnownImage,
    /// Source code or a Dockerfile of this stack.
    Source,
    /// Written down in Compose, Kubernetes or `temper.toml`.
    Declared,
    /// Metadata of the built image.
    Image,
    /// Seen on a running container.
    Observed,
    /// A live test.
    Proven,
}

impl EvidenceKind {
    /// The word used in JSON and on screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KnownImage => "known-image",
            Self::Source => "source",
            Self::Declared => "declared",
            Self::Image => "image",
            Self::Observed => "observed",
            Self::Proven => "proven",
        }
    }
}

impl Evidence {
    /// Evidence that stands at a place of the stack.
    #[must_use]
    pub fn at(kind: EvidenceKind, at: Loc, detail: impl Into<String>) -> Self {
        Self { kind, at: Some(at), detail: detail.into() }
    }

    /// Evidence without a place in the stack, such as an image's own documentation.
    #[must_use]
    pub fn general(kind: EvidenceKind, detail: impl Into<String>) -> Self {
        Self { kind, at: None, detail: detail.into() }
    }
}
