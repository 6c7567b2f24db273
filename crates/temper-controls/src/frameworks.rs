//! Benchmark items that controls refer to, as data.
