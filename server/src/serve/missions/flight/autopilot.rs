//! A flight of an aircraft that speaks MAVLink.

use std::time::{Duration, Instant};

use crossbeam::channel::Receiver;
use jiff::Timestamp;
use missions::link::dock::health::Place;
use missions::link::mavlink::{Flight, STATION, Settings, Vehicle};
use missions::link::rest::Rest;
use missions::link::{Entry, Order, State, What};
use missions_link::{Address, LinkError, Wire};

use super::{Begun, Hand};
use crate::clock;
use crate::commands::mission::launch::{lease, unfit};
use crate::serve::missions::MissionError;

/// How long a look at the link waits.
const WAIT: Duration = Duration::from_millis(20);

/// Starts the thread of a flight.
///
/// # Errors
/// When somebody else flies the aircraft, nothing is left to fly, or the link cannot be opened.
pub(super) fn start(
    begun: &Begun<'_>,
    address: &Address,
    hand: Hand,
    orders: Receiver<Order>,
) -> Result<(), MissionError> {
    let Begun { plan, aircraft, vehicle, launch, flight_id } = begun;
    let refused = |error: String| MissionError::Refused(error);
    if launch.simulate {
        return Err(refused(format!("{} is no dock: it cannot simulate inside", vehicle.id)));
    }
    let (plan, rest) = match launch.from {
        None => ((*plan).clone(), None),
        Some(left) => {
            let (rest, whole) = Rest::of(plan, left)
                .ok_or_else(|| refused("it was flown to its last waypoint".to_owned()))?;
            (rest, Some(whole))
        }
    };
    let taken = lease(address, &launch.actor).map_err(|error| refused(format!("{error:#}")))?;
    let lease =
        taken.map_err(|other| refused(format!("{address} is being flown by {other} beside this server")))?;
    let wire = Wire::open(address, STATION).map_err(|error| refused(error.to_string()))?;
    let settings = Settings {
        wind: launch.wind,
        unfit: unfit(aircraft),
        // A battery does not last longer than this.
        give_up: Duration::from_secs_f64(aircraft.flight.endurance_min * 60.0),
        ..Settings::default()
    };
    let flown = Flown {
        flight: Flight::new(plan, settings),
        wire,
        rest,
        flight_id: flight_id.to_string(),
        began: (Instant::now(), clock::now()),
    };
    hand.spawn(move |hand| {
        let followed = flown.follow(hand, &orders).map_err(|error| error.to_string());
        // Nobody else flies it before this one is over.
        drop(lease);
        followed
    })
}

/// A flight with its link.
struct Flown {
    flight: Flight,
    wire: Wire,
    /// How the flight reads for the whole plan, where only a rest of it is flown.
    rest: Option<Rest>,
    flight_id: String,
    /// When the link began.
    began: (Instant, Timestamp),
}

impl Flown {
    fn follow(mut self, hand: &mut Hand, orders: &Receiver<Order>) -> Result<(), LinkError> {
        loop {
            self.step(hand, orders)?;
            if self.flight.state().is_over() || hand.ending() {
                return Ok(());
            }
        }
    }

    fn step(&mut self, hand: &mut Hand, orders: &Receiver<Order>) -> Result<(), LinkError> {
        let mut come = self.wire.receive(WAIT);
        let now = self.began.0.elapsed();
        while let Some((from, message)) = come {
            self.flight.hear(from, &message, now);
            come = self.wire.receive(Duration::ZERO);
        }
        self.flight.tick(now);
        let ready = *self.flight.state() == State::Ready;
        for order in orders.try_iter().chain(ready.then(|| hand.word()).flatten()) {
            // A refusal is in the record, which is kept.
            drop(self.flight.order(order));
        }
        for message in self.flight.sends() {
            self.wire.send(&message)?;
        }
        let news: Vec<Entry> = self.flight.record().into_iter().map(|what| self.entry(what)).collect();
        let (state, progress) = (self.flight.state(), self.flight.progress());
        let (state, progress) = match &self.rest {
            None => (state.clone(), progress),
            Some(rest) => (rest.state(state), rest.progress(progress)),
        };
        hand.took(&state, self.place(self.flight.vehicle()), progress, &news);
        Ok(())
    }

    fn entry(&self, what: What) -> Entry {
        let what = match (&self.rest, what) {
            (Some(rest), What::Changed { state, .. }) => What::changed(&rest.state(&state)),
            (_, what) => what,
        };
        Entry { at: clock::now(), flight_id: self.flight_id.clone(), what }
    }

    fn place(&self, vehicle: &Vehicle) -> Option<Place> {
        let since = jiff::SignedDuration::try_from(vehicle.heard?).ok()?;
        Some(Place {
            heard: self.began.1.checked_add(since).ok()?,
            at: vehicle.at?,
            height_m: None,
            above_home_m: vehicle.height_m,
            heading_deg: vehicle.heading_deg,
            battery_percent: vehicle.battery_percent,
        })
    }
}
