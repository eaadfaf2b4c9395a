//! A flight against the simulated vehicle over a link with mishaps, in simulated time.

use std::time::Duration;

use super::Simulator;
use crate::link::lossy::Lossy;
use crate::link::mavlink::{Flight, MavMessage, STATION};

/// Time from one look to the next.
const STEP: Duration = Duration::from_millis(20);

/// Station, link and vehicle.
#[derive(Debug)]
pub struct Rehearsal {
    /// The station's side.
    pub flight: Flight,
    /// The vehicle.
    pub vehicle: Simulator,
    /// What the station sends.
    pub up: Lossy<MavMessage>,
    /// What the vehicle sends.
    pub down: Lossy<MavMessage>,
    /// Whether anything goes through.
    pub connected: bool,
    now: Duration,
}

impl Rehearsal {
    /// Returns a flight that has not begun.
    pub fn new(flight: Flight, vehicle: Simulator, up: Lossy<MavMessage>, down: Lossy<MavMessage>) -> Self {
        Self { flight, vehicle, up, down, connected: true, now: Duration::ZERO }
    }

    /// Returns how much time has passed.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// Lets a little time pass.
    pub fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        self.flight.tick(now);
        for message in self.flight.sends() {
            self.up.push(message, now);
        }
        for message in self.up.pull(now).into_iter().filter(|_| self.connected) {
            self.vehicle.hear(STATION, &message, now);
        }
        self.vehicle.tick(now);
        for message in self.vehicle.sends() {
            self.down.push(message, now);
        }
        for message in self.down.pull(now).into_iter().filter(|_| self.connected) {
            self.flight.hear(self.vehicle.peer(), &message, now);
        }
    }

    /// Lets time pass until something holds; false when it does not within a time.
    pub fn until(&mut self, within: Duration, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let end = self.now + within;
        while self.now < end {
            if holds(self) {
                return true;
            }
            self.step();
        }
        holds(self)
    }
}
