//! The only reading of the wall clock.

use jiff::Timestamp;

/// Returns the present moment.
#[expect(clippy::disallowed_methods, reason = "the clock is read here and passed on as an argument")]
pub fn now() -> Timestamp {
    Timestamp::now()
}
