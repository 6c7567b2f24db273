//! Dockerfiles as a syntax tree with spans, and what each build target produces.
