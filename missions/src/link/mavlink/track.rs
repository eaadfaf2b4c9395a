//! How far a vehicle is on its plan, told from the item it flies and where it is.

use gis::LatLon;

use super::item::Mission;
use crate::link::launch::{Break, Progress};
use crate::plan::{Finish, Plan};
use crate::plane::{Plane, distance_m};

/// A plan with how much of it is flown.
#[derive(Debug, Clone)]
pub struct Track {
    mission: Mission,
    places: Vec<LatLon>,
    /// Way from the first waypoint to each, metres.
    way_m: Vec<f64>,
    /// Waypoints passed.
    passed: usize,
    /// Share of the way from the last passed to the next.
    share: f64,
    ends_home: bool,
    home_first: bool,
    /// The item that is flown.
    current: Option<u16>,
}

impl Track {
    /// Returns a plan of which nothing is flown.
    pub fn new(plan: &Plan, home_first: bool) -> Self {
        let places: Vec<LatLon> = plan.waypoints.iter().map(|waypoint| waypoint.at).collect();
        let mut way_m = Vec::with_capacity(places.len());
        let mut sum_m = 0.0;
        for (index, at) in places.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| places[before]);
            sum_m += before.map_or(0.0, |before| gis::geodesy::plane_distance_m(before, *at));
            way_m.push(sum_m);
        }
        let none = Mission { items: Vec::new(), waypoint_of: Vec::new(), waypoints: places.len() };
        Self {
            mission: Mission::of(plan, home_first).unwrap_or(none),
            places,
            way_m,
            passed: 0,
            share: 0.0,
            ends_home: plan.finish != Finish::Hover,
            home_first,
            current: None,
        }
    }

    /// Tells whether the list starts with the place of take-off.
    pub fn home_first(&self) -> bool {
        self.home_first
    }

    /// Returns the number of items.
    pub fn items(&self) -> usize {
        self.mission.items.len()
    }

    /// Takes an item that was reached.
    pub fn reached(&mut self, seq: u16) {
        let waypoint = self.mission.waypoint_of.get(usize::from(seq)).copied();
        if let Some(waypoint) = waypoint.filter(|waypoint| self.mission.item_of(*waypoint) == Some(seq)) {
            self.pass(waypoint + 1);
        }
    }

    /// Takes the item that is flown, and where.
    pub fn flown(&mut self, seq: u16, at: Option<LatLon>) {
        self.current = Some(seq);
        if let Some(waypoint) = self.mission.waypoint_of.get(usize::from(seq)).copied() {
            self.pass(waypoint);
            if let Some(at) = at.filter(|_| waypoint == self.passed) {
                self.share = self.share_at(at).max(self.share);
            }
        }
    }

    fn pass(&mut self, passed: usize) {
        if passed > self.passed {
            self.passed = passed.min(self.places.len());
            self.share = 0.0;
        }
    }

    /// Share of the way between the last passed waypoint and the next at a place beside it.
    fn share_at(&self, at: LatLon) -> f64 {
        let ends =
            self.passed.checked_sub(1).map(|last| (self.places.get(last), self.places.get(self.passed)));
        let Some((Some(from), Some(to))) = ends else { return 0.0 };
        let plane = Plane::around(*from);
        let (to, here) = (plane.metres(*to), plane.metres(at));
        let way_m = distance_m(geo::Coord { x: 0.0, y: 0.0 }, to);
        if way_m < 0.1 { 0.0 } else { ((here.x * to.x + here.y * to.y) / (way_m * way_m)).clamp(0.0, 1.0) }
    }

    /// Tells whether all waypoints are passed and the item that is flown leads home or down.
    pub fn goes_home(&self) -> bool {
        let current = self.current.map(usize::from).and_then(|seq| self.mission.waypoint_of.get(seq));
        // Some vehicles count past the last item.
        let past = current.is_none_or(|waypoint| *waypoint == self.places.len());
        self.ends_home && self.passed == self.places.len() && past
    }

    /// Returns how far it is.
    pub fn progress(&self) -> Progress {
        let waypoints = self.places.len();
        let all_m = self.way_m.last().copied().unwrap_or(0.0);
        let flown_m = self.passed.checked_sub(1).map_or(0.0, |last| {
            let next_m = self.way_m.get(self.passed).copied().unwrap_or(all_m);
            self.way_m[last] + self.share * (next_m - self.way_m[last])
        });
        let share = if self.passed >= waypoints {
            1.0
        } else if all_m > 0.0 {
            flown_m / all_m
        } else {
            0.0
        };
        let next = self.passed.min(waypoints.saturating_sub(1));
        Progress { waypoint: (self.passed > 0).then_some(next), waypoints, share }
    }

    /// Returns where the plan was left; none when it is flown.
    pub fn left_at(&self) -> Option<Break> {
        let flown = self.passed >= self.places.len();
        (!flown).then(|| Break { waypoint: self.passed.saturating_sub(1), share: self.share })
    }

    /// Returns the item to go on at after the way home was begun: the waypoint before the break, so that nothing is left out.
    pub fn item_to_resume(&self) -> Option<u16> {
        self.mission.item_of(self.passed.saturating_sub(1))
    }
}
