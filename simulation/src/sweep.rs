//! Who is where and looks which way: sweeps in parallel legs, cut into flights by the battery.

use gis::camera::{Attitude, Intrinsics};
use gis::{Pose, PoseSigma};
use jiff::{SignedDuration, Timestamp};
use nalgebra::Vector3;

use crate::dice::Dice;
use crate::ground::{Map, Place, moved};
use crate::scenario::Scenario;

/// Standard deviation of pitch and roll that a stabilised gimbal states, degrees.
const GIMBAL_SIGMA_DEG: f64 = 0.1;
/// Share of a position's variance that lasts over a flight: all of it, as the scenario says.
const LASTS: f64 = 0.999;

/// One aircraft's way over its part of the area, as often as there are sweeps.
#[derive(Debug, Clone)]
pub struct Route {
    /// Number of the dock, from 0.
    pub dock: usize,
    legs: Vec<Leg>,
    spacing_m: f64,
}

/// A straight piece along a meridian.
#[derive(Debug, Clone, Copy)]
struct Leg {
    from: Place,
    north_to_south: bool,
    length_m: f64,
    /// Way flown before it, metres.
    before_m: f64,
}

/// A stretch of one route between two battery changes, with what is wrong with its pose.
#[derive(Debug, Clone)]
pub struct Flight {
    /// Name of the source.
    pub source: String,
    /// Pitch of the camera, degrees.
    pub pitch_deg: f64,
    /// Error of the position, constant over the flight, east, north, up, metres.
    pub position_bias_m: Vector3<f64>,
    /// Error of the heading, degrees.
    pub yaw_bias_deg: f64,
    /// What the aircraft states of its errors.
    pub sigma: PoseSigma,
    /// First moment.
    pub start: Timestamp,
    /// Way flown at its start, metres.
    pub from_m: f64,
    /// Way flown at its end, metres.
    pub to_m: f64,
}

/// Where an aircraft is at a frame.
#[derive(Debug, Clone, Copy)]
pub struct Station {
    /// Place under the aircraft.
    pub place: Place,
    /// Heading, degrees.
    pub heading_deg: f64,
}

/// Returns the camera of the aircraft.
///
/// # Errors
/// None where picture and field of view make no camera.
pub fn lens(scenario: &Scenario) -> Option<Intrinsics> {
    let aircraft = &scenario.aircraft;
    Intrinsics::from_fov(aircraft.width_px, aircraft.height_px, aircraft.hfov_deg, None).ok()
}

/// Cuts the area into parts, one a dock, in rows of about square parts, and lays legs over each.
pub fn routes(scenario: &Scenario) -> Vec<Route> {
    let docks = scenario.aircraft.docks;
    let (width_m, height_m) = (1000.0 * scenario.area.width_km, 1000.0 * scenario.area.height_km);
    let rows = ((docks as f64 * height_m / width_m).sqrt().round() as usize).clamp(1, docks);
    let spacing_m = swath_m(scenario) * (1.0 - scenario.aircraft.side_overlap);
    let mut out = Vec::new();
    for row in 0..rows {
        let count = docks / rows + usize::from(row < docks % rows);
        let part_m = width_m / count as f64;
        for column in 0..count {
            let west_m = -width_m / 2.0 + column as f64 * part_m;
            let south_m = -height_m / 2.0 + row as f64 * height_m / rows as f64;
            let corner = Place { east_m: west_m, north_m: south_m };
            out.push(route(out.len(), corner, part_m, height_m / rows as f64, spacing_m));
        }
    }
    out
}

/// Width of the ground across the way that even the nearest row of the picture covers, metres.
fn swath_m(scenario: &Scenario) -> f64 {
    let aircraft = &scenario.aircraft;
    let half = (aircraft.hfov_deg.to_radians() / 2.0).tan();
    // The steeper the picture's lower edge looks, the narrower it is; straight down at the least.
    2.0 * aircraft.height_m * half
}

fn route(dock: usize, corner: Place, width_m: f64, length_m: f64, spacing_m: f64) -> Route {
    let count = (width_m / spacing_m).ceil().max(1.0) as usize;
    let spacing_m = width_m / count as f64;
    let leg = |i: usize| {
        let north_to_south = i % 2 == 1;
        let north_m = corner.north_m + if north_to_south { length_m } else { 0.0 };
        Leg {
            from: Place { east_m: corner.east_m + (i as f64 + 0.5) * spacing_m, north_m },
            north_to_south,
            length_m,
            before_m: i as f64 * (length_m + spacing_m),
        }
    };
    Route { dock, legs: (0..count).map(leg).collect(), spacing_m }
}

impl Route {
    /// Length of one sweep, metres, with the ways from leg to leg.
    pub fn length_m(&self) -> f64 {
        self.legs.last().map_or(0.0, |leg| leg.before_m + leg.length_m)
    }

    /// Returns the stretches of way (from, to in metres) on which a place may be in view from up to `reach_m` away.
    pub fn near(&self, place: Place, reach_m: f64) -> Vec<(f64, f64)> {
        let across = |leg: &&Leg| (leg.from.east_m - place.east_m).abs() <= reach_m;
        self.legs
            .iter()
            .filter(across)
            .filter_map(|leg| {
                let ahead = place.north_m - leg.from.north_m;
                let along_m = if leg.north_to_south { -ahead } else { ahead };
                let (from, to) = ((along_m - reach_m).max(0.0), (along_m + reach_m).min(leg.length_m));
                (from < to).then_some((leg.before_m + from, leg.before_m + to))
            })
            .collect()
    }

    /// Returns where the aircraft is after this way; none between two legs, where it turns.
    pub fn station(&self, way_m: f64) -> Option<Station> {
        let index = (way_m / (self.legs.first()?.length_m + self.spacing_m)) as usize;
        let leg = self.legs.get(index)?;
        let along_m = way_m - leg.before_m;
        (0.0..=leg.length_m).contains(&along_m).then(|| {
            let heading_deg = if leg.north_to_south { 180.0 } else { 0.0 };
            Station { place: leg.from.towards(heading_deg, along_m), heading_deg }
        })
    }

    /// Returns the flights of one sweep.
    pub fn flights(&self, sweep: usize, scenario: &Scenario, dice: &mut Dice) -> Vec<Flight> {
        let aircraft = &scenario.aircraft;
        let per_flight_m = aircraft.flight.as_secs_f64() * aircraft.speed_m_per_s;
        let count = (self.length_m() / per_flight_m).ceil().max(1.0) as usize;
        let begin = i32::try_from(sweep).map_or(SignedDuration::ZERO, |n| aircraft.sweep_every * n);
        let sigma_m = if ((self.dock as f64) + 0.5) < aircraft.rtk_share * aircraft.docks as f64 {
            aircraft.rtk_sigma_m
        } else {
            aircraft.gnss_sigma_m
        };
        (0..count)
            .map(|n| {
                let after =
                    i32::try_from(n).map_or(SignedDuration::ZERO, |n| (aircraft.flight + aircraft.swap) * n);
                Flight {
                    source: format!("uav-{:02}/sweep-{}/flight-{}", self.dock + 1, sweep + 1, n + 1),
                    pitch_deg: dice.of(aircraft.pitch_deg),
                    position_bias_m: Vector3::from_fn(|_, _| dice.normal(sigma_m)),
                    yaw_bias_deg: dice.normal(aircraft.yaw_sigma_deg),
                    sigma: stated(sigma_m, aircraft.yaw_sigma_deg),
                    start: scenario.start + begin + after,
                    from_m: n as f64 * per_flight_m,
                    to_m: ((n + 1) as f64 * per_flight_m).min(self.length_m()),
                }
            })
            .collect()
    }
}

fn stated(position_m: f64, yaw_deg: f64) -> PoseSigma {
    let mut sigma = PoseSigma::new([position_m; 3], [yaw_deg, GIMBAL_SIGMA_DEG, GIMBAL_SIGMA_DEG]);
    sigma.bias_share.position_enu = [LASTS; 3];
    sigma.bias_share.attitude = [LASTS; 3];
    sigma
}

impl Flight {
    /// Returns the true pose at a station.
    pub fn true_pose(&self, station: Station, scenario: &Scenario, map: &Map) -> Pose {
        let attitude =
            Attitude { heading_deg: station.heading_deg, pitch_deg: self.pitch_deg, roll_deg: 0.0 };
        Pose::from_attitude(map.above(station.place, scenario.aircraft.height_m), attitude, self.sigma)
    }

    /// Returns the pose that the telemetry tells.
    pub fn told_pose(&self, station: Station, scenario: &Scenario, map: &Map) -> Pose {
        let heading_deg = station.heading_deg + self.yaw_bias_deg;
        let attitude = Attitude { heading_deg, pitch_deg: self.pitch_deg, roll_deg: 0.0 };
        let point = moved(map.above(station.place, scenario.aircraft.height_m), self.position_bias_m);
        Pose::from_attitude(point, attitude, self.sigma)
    }

    /// Returns the numbers of the frames in a stretch of way of this flight.
    pub fn frames(&self, (from_m, to_m): (f64, f64), scenario: &Scenario) -> std::ops::Range<u64> {
        let step_m = scenario.aircraft.speed_m_per_s / scenario.aircraft.fps;
        let index = |way_m: f64| ((way_m - self.from_m).max(0.0) / step_m).ceil() as u64;
        index(from_m.max(self.from_m))..index(to_m.min(self.to_m))
    }

    /// Returns the way flown at a frame, metres.
    pub fn way_m(&self, frame: u64, scenario: &Scenario) -> f64 {
        self.from_m + frame as f64 * scenario.aircraft.speed_m_per_s / scenario.aircraft.fps
    }

    /// Returns the time of a frame.
    pub fn time(&self, frame: u64, scenario: &Scenario) -> Timestamp {
        self.start + SignedDuration::from_secs_f64(frame as f64 / scenario.aircraft.fps)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_area_is_passed_by_some_leg() {
        let scenario = Scenario::from_toml(include_str!("../../configs/scenarios/quzhou-84.toml")).unwrap();
        let routes = routes(&scenario);
        assert_eq!(routes.len(), scenario.aircraft.docks);
        let place = Place { east_m: 3217.0, north_m: -871.0 };
        let ways: Vec<_> = routes
            .iter()
            .flat_map(|route| route.near(place, 150.0).into_iter().map(move |way| (route, way)))
            .collect();
        assert!(!ways.is_empty());
        for (route, (from, to)) in ways {
            let station = route.station(f64::midpoint(from, to)).unwrap();
            assert!(station.place.distance_m(place) <= 150.0, "{station:?}");
        }
    }

    #[test]
    fn flights_of_a_sweep_follow_each_other_without_a_gap_in_the_way() {
        let scenario = Scenario::from_toml(include_str!("../../configs/scenarios/quzhou-84.toml")).unwrap();
        let route = routes(&scenario).remove(0);
        let flights = route.flights(1, &scenario, &mut Dice::new(1, 1));
        for pair in flights.windows(2) {
            assert!((pair[0].to_m - pair[1].from_m).abs() < 1e-6);
            assert!(pair[1].start > pair[0].start);
            assert!((pair[0].yaw_bias_deg - pair[1].yaw_bias_deg).abs() > 1e-9);
        }
        assert!((flights.last().unwrap().to_m - route.length_m()).abs() < 1e-6);
    }
}
