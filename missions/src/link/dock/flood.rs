//! A budget of messages: what a device may say a second, and how much it may save up.

use jiff::Timestamp;

/// Messages a second in the long run. A dock and its aircraft send four.
const EACH_SECOND: f64 = 100.0;
/// Messages at once.
const BURST: f64 = 400.0;

/// A bucket that fills with time and is emptied by messages.
#[derive(Debug, Clone)]
pub struct Budget {
    left: f64,
    at: Option<Timestamp>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: BURST, at: None }
    }
}

impl Budget {
    /// Takes one message out; false when there is none left.
    pub fn take(&mut self, now: Timestamp) -> bool {
        let passed = self.at.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
        self.at = Some(now);
        self.left = (self.left + passed * EACH_SECOND).min(BURST);
        let enough = self.left >= 1.0;
        if enough {
            self.left -= 1.0;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn a_flood_is_cut_and_quiet_brings_the_budget_back() {
        let mut budget = Budget::default();
        let start = Timestamp::UNIX_EPOCH;
        let passed = (0..10_000).filter(|_| budget.take(start)).count();
        assert_eq!(passed, 400);
        let later = start + 1.second();
        assert_eq!((0..10_000).filter(|_| budget.take(later)).count(), 100);
    }
}
