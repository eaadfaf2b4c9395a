//! The product: configuration, wiring, commands and reports.
