//! How long to wait before connecting again: exponential, with full jitter.
//!
//! # References
//! Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015: sleep = random(0, min(cap, base 2^n)).

use std::time::Duration;

use crate::spec::Reconnect;

/// Returns the wait before attempt `attempt` (from 1); `random` lies in 0..1.
pub fn wait(policy: &Reconnect, attempt: u32, random: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(20);
    let bound = policy.first_wait.saturating_mul(1 << doublings).min(policy.longest_wait);
    bound.mul_f64(random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread_from_zero() {
        let policy = Reconnect::default();
        let bounds: Vec<u64> = [1, 2, 3, 6, 7, 500].map(|n| wait(&policy, n, 1.0).as_secs()).into();
        assert_eq!(bounds, [1, 2, 4, 32, 60, 60]);
        assert_eq!(wait(&policy, 9, 0.0), Duration::ZERO);
        assert_eq!(wait(&policy, 2, 0.25), Duration::from_millis(500));
    }
}
