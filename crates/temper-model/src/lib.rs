//! The model of a container stack: everything read once, every value with its file and bytes.
