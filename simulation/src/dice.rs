//! Random draws that are the same on every machine.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::scenario::{Range, Scores};

/// A stream of random draws.
#[derive(Debug, Clone)]
pub struct Dice(ChaCha8Rng);

impl Dice {
    /// Returns the stream of a seed and a purpose: what one purpose draws does not move another's draws.
    pub fn new(seed: u64, purpose: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(purpose);
        Self(rng)
    }

    /// Returns a number from 0 to 1, 1 excluded.
    pub fn share(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number of a range.
    pub fn of(&mut self, range: Range) -> f64 {
        range.0 + (range.1 - range.0) * self.share()
    }

    /// Returns a number of a range above zero, evenly over its logarithm.
    pub fn of_log(&mut self, range: Range) -> f64 {
        self.of(Range(range.0.ln(), range.1.ln())).exp()
    }

    /// Returns a normal number of this standard deviation.
    pub fn normal(&mut self, sigma: f64) -> f64 {
        let unit: f64 = StandardNormal.sample(&mut self.0);
        unit * sigma
    }

    /// Returns an index below `count`, 0 where there is none.
    pub fn below(&mut self, count: usize) -> usize {
        ((self.share() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// Returns true with a probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// Returns the mean log-odds of a new cause.
    pub fn cause(&mut self, scores: &Scores) -> f64 {
        scores.mean + self.normal(scores.between)
    }

    /// Returns the score of one detection of a cause.
    pub fn score(&mut self, mean: f64, scores: &Scores) -> f64 {
        1.0 / (1.0 + (-(mean + self.normal(scores.within))).exp())
    }
}
