//! How long it takes to get from one place to another.

use gis::LatLon;
use gis::geodesy::plane_distance_m;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::problem::Problem;

/// Answers how far apart two places are for somebody who has to get there; a routing engine can stand behind it.
pub trait TravelTime {
    /// Returns the length of the way, metres.
    fn way_m(&self, from: LatLon, to: LatLon) -> f64;

    /// Returns how long the way takes.
    fn travel_time(&self, from: LatLon, to: LatLon) -> SignedDuration;
}

/// The straight line, stretched by what streets add to it, at one speed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StraightLine {
    /// Length of the way for each metre of the straight line.
    pub detour_factor: f64,
    /// Speed over all, stops included.
    pub speed_m_per_s: f64,
}

/// Longest time that is answered; a place that cannot be reached is this far.
const FOREVER_SECS: f64 = 1e9;

impl StraightLine {
    /// A car in a city: 1.4 m of way for each metre (Boscoe, Henry and Zdeb, A nationwide comparison of driving distance versus
    /// straight-line distance to hospitals, The Professional Geographer 64 (2012): 1.417), 30 km/h.
    pub const CAR: Self = Self { detour_factor: 1.4, speed_m_per_s: 30.0 / 3.6 };
    /// On foot along a lane: 1.2 m for each metre, 1.2 m/s.
    pub const ON_FOOT: Self = Self { detour_factor: 1.2, speed_m_per_s: 1.2 };

    /// Returns what is wrong: a factor below 1, a speed that is not above 0.
    pub fn validate(&self, path: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !(self.detour_factor >= 1.0 && self.detour_factor.is_finite()) {
            let message = format!("{} is not 1 or more", self.detour_factor);
            problems.push(Problem::error(format!("{path}.detour_factor"), message));
        }
        if !(self.speed_m_per_s > 0.0 && self.speed_m_per_s.is_finite()) {
            let message = format!("{} is not above 0", self.speed_m_per_s);
            problems.push(Problem::error(format!("{path}.speed_m_per_s"), message));
        }
        problems
    }
}

impl TravelTime for StraightLine {
    fn way_m(&self, from: LatLon, to: LatLon) -> f64 {
        plane_distance_m(from, to) * self.detour_factor
    }

    fn travel_time(&self, from: LatLon, to: LatLon) -> SignedDuration {
        let seconds = self.way_m(from, to) / self.speed_m_per_s;
        // What is no number counts as never.
        SignedDuration::from_secs_f64(if seconds < FOREVER_SECS { seconds } else { FOREVER_SECS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn way_and_time_follow_from_the_straight_line() {
        let from = LatLon { lat_deg: 28.97, lon_deg: 118.86 };
        let to = LatLon { lat_deg: 28.97 + 1000.0 / 110_835.27, lon_deg: 118.86 };
        assert!((StraightLine::CAR.way_m(from, to) - 1400.0).abs() < 0.1);
        assert_eq!(StraightLine::CAR.travel_time(from, to).as_secs(), 168);
    }

    #[test]
    fn place_that_is_no_number_is_never_reached() {
        let from = LatLon { lat_deg: 28.97, lon_deg: 118.86 };
        let nowhere = LatLon { lat_deg: f64::NAN, lon_deg: 0.0 };
        assert_eq!(StraightLine::CAR.travel_time(from, nowhere).as_secs(), 1_000_000_000);
        let broken = StraightLine { detour_factor: 0.5, speed_m_per_s: 0.0 };
        assert_eq!(broken.validate("car").len(), 2);
    }
}
