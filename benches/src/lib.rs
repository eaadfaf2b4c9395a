//! Benchmarks of the hot steps and of the whole chain; see `make bench`.
