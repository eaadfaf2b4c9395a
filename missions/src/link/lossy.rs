//! A link that loses, doubles, delays and reorders, always in the same way for the same seed.

use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What may happen to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// It never comes.
    Drop,
    /// It comes twice.
    Double,
    /// It comes two seconds late.
    Delay,
    /// Those behind it come first.
    Reorder,
}

impl Mishap {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Drop, Self::Double, Self::Delay, Self::Reorder];
}

/// How often it happens, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Odds {
    /// Share of messages that never come.
    pub drop: f64,
    /// Share that come twice.
    pub double: f64,
    /// Share that come late.
    pub delay: f64,
    /// Share that are overtaken.
    pub reorder: f64,
}

/// Time from end to end.
const USUAL: Duration = Duration::from_millis(20);
const OVERTAKEN: Duration = Duration::from_millis(300);
const LATE: Duration = Duration::from_secs(2);

/// One direction of a link.
#[derive(Debug)]
pub struct Lossy<M> {
    odds: Odds,
    /// The one message that something happens to.
    only: Option<(usize, Mishap)>,
    random: ChaCha8Rng,
    taken: usize,
    lost: usize,
    waiting: Vec<(Duration, M)>,
}

impl<M: Clone> Lossy<M> {
    /// Returns a link with mishaps at random.
    pub fn new(odds: Odds, seed: u64) -> Self {
        let random = ChaCha8Rng::seed_from_u64(seed);
        Self { odds, only: None, random, taken: 0, lost: 0, waiting: Vec::new() }
    }

    /// Returns a link on which something happens to one message, counted from 0.
    pub fn with_one(which: usize, mishap: Mishap) -> Self {
        Self { only: Some((which, mishap)), ..Self::new(Odds::default(), 0) }
    }

    /// Returns how many messages were put in.
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Returns how many were lost.
    pub fn lost(&self) -> usize {
        self.lost
    }

    /// Puts a message in.
    pub fn push(&mut self, message: M, now: Duration) {
        let mishap = self.mishap();
        self.taken += 1;
        let due = match mishap {
            Some(Mishap::Drop) => {
                self.lost += 1;
                return;
            }
            Some(Mishap::Delay) => now + LATE,
            Some(Mishap::Reorder) => now + OVERTAKEN,
            Some(Mishap::Double) => {
                self.waiting.push((now + USUAL, message.clone()));
                now + USUAL
            }
            None => now + USUAL,
        };
        self.waiting.push((due, message));
    }

    fn mishap(&mut self) -> Option<Mishap> {
        if let Some((which, mishap)) = self.only {
            return (which == self.taken).then_some(mishap);
        }
        let mut at = (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        let Odds { drop, double, delay, reorder } = self.odds;
        let shares = [drop, double, delay, reorder];
        Mishap::ALL.into_iter().zip(shares).find_map(|(mishap, share)| {
            let hit = at < share;
            at -= share;
            hit.then_some(mishap)
        })
    }

    /// Takes out what has come by now, in the order of coming.
    pub fn pull(&mut self, now: Duration) -> Vec<M> {
        let mut come: Vec<(Duration, M)> = Vec::new();
        self.waiting.retain(|(due, message)| {
            let here = *due <= now;
            if here {
                come.push((*due, message.clone()));
            }
            !here
        });
        // Of two that come at one moment the one put in first is first.
        come.sort_by_key(|(due, _)| *due);
        come.into_iter().map(|(_, message)| message).collect()
    }
}
