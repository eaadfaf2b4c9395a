//! How far a dock's clock is from ours. A message that travels makes its clock look late, never early: of the last messages the earliest-looking
//! one counts.

use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

/// Messages that are looked back on.
const LAST: usize = 16;
/// Differences below this are told to nobody: docks refuse starts at half a minute.
pub const NOTICED: SignedDuration = SignedDuration::from_secs(20);

/// What the last messages tell.
#[derive(Debug, Clone, Default)]
pub struct Skew {
    last: VecDeque<i64>,
}

impl Skew {
    /// Takes the time that a message states.
    pub fn take(&mut self, stated_ms: i64, now: Timestamp) {
        // Documents hold times of 1970: no clock runs there.
        if stated_ms < 1_000_000_000_000 {
            return;
        }
        self.last.push_back(stated_ms.saturating_sub(now.as_millisecond()));
        if self.last.len() > LAST {
            self.last.pop_front();
        }
    }

    /// Returns how far the dock is ahead of us, when that is worth telling.
    pub fn noticed(&self) -> Option<SignedDuration> {
        let ahead = SignedDuration::from_millis(*self.last.iter().max()?);
        (ahead.abs() > NOTICED && (ahead.is_positive() || self.last.len() == LAST)).then_some(ahead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_ahead_is_noticed_at_once_and_one_behind_after_some_messages() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut ahead = Skew::default();
        ahead.take(now.as_millisecond() + 60_000, now);
        assert_eq!(ahead.noticed(), Some(SignedDuration::from_secs(60)));
        let mut behind = Skew::default();
        for count in 1..=LAST {
            behind.take(now.as_millisecond() - 60_000, now);
            assert_eq!(behind.noticed().is_some(), count == LAST);
        }
    }

    #[test]
    fn messages_that_were_held_up_say_nothing_about_the_clock() {
        let now = Timestamp::from_second(1_700_000_000).unwrap();
        let mut skew = Skew::default();
        for held_ms in (0..64).map(|n| n * 5_000) {
            skew.take(now.as_millisecond() - held_ms % 80_000, now);
        }
        assert_eq!(skew.noticed(), None);
    }
}
