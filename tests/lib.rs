//! Whole-product tests and house rules.
