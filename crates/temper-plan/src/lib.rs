//! From fixes to an ordered, conflict-free change that is parsed again before it is written.
