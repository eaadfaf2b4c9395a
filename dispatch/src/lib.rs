//! Incidents become tasks for departments.
//!
//! Pure: `now` is an argument.
