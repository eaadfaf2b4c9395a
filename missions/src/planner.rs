//! From an area and an aircraft to a plan.

use geo::Coord;
use gis::{LatLon, Terrain};

use crate::aircraft::Aircraft;
use crate::area::Area;
use crate::follow::{Follow, FollowError};
use crate::optics::{Geometry, Look, OpticsError, geometry};
use crate::plan::{Action, Finish, HeightReference, Leg, LegKind, LostLink, Nose, Plan, PlanError, Waypoint};
use crate::plane::{Plane, distance_m};
use crate::survey::{Swath, SweepOptions, sweep};

/// What a plan is made with.
#[derive(Clone, Copy)]
pub struct Planner<'a> {
    /// Who flies.
    pub aircraft: &'a Aircraft,
    /// How ground is to be seen.
    pub look: Look,
    /// The ground; heights are then above the ellipsoid, else above take-off.
    pub ground: Option<&'a dyn Terrain>,
    /// Where it takes off and lands.
    pub home: Option<LatLon>,
    /// Direction of lines, degrees clockwise from north; the best when not given.
    pub course_deg: Option<f64>,
    /// Angle of the camera, degrees above the horizontal.
    pub pitch_deg: f64,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MissionError {
    /// The look cannot be flown.
    #[error(transparent)]
    Optics(#[from] OpticsError),
    /// The ground cannot be followed.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// Not a plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// A stretch to be flown with the camera on.
#[derive(Debug, Clone, PartialEq)]
pub struct Stretch {
    /// Its corners on the plane; one alone is a single look.
    pub way: Vec<Coord<f64>>,
    /// What kind of look it is.
    pub kind: LegKind,
    /// Whom it serves.
    pub serves: Vec<String>,
    /// How the ground is to be seen.
    pub geometry: Geometry,
}

/// Share of the height that following the ground may fall short of.
const TOLERANCE_SHARE: f64 = 0.05;
/// Height above take-off that is climbed to first at the least, metres: docks take no less than 8.
const LEAST_TAKE_OFF_M: f64 = 20.0;
/// How long it stands still before a single look, seconds: five looks of a video half a second apart say that nothing is there.
const LOOK_SECS: f64 = 4.0;
/// Numbers are kept to this many parts of a degree and metre, as files hold them.
const DEG_PARTS: f64 = 1e8;
const M_PARTS: f64 = 1e3;

impl Planner<'_> {
    /// Returns the geometry of the look.
    ///
    /// # Errors
    /// When the look cannot be flown.
    pub fn geometry(&self) -> Result<Geometry, OpticsError> {
        geometry(self.aircraft, self.look)
    }

    /// Returns the plan that sees an area.
    ///
    /// # Errors
    /// When the look cannot be flown or the terrain has holes.
    pub fn area(&self, area: &Area) -> Result<Plan, MissionError> {
        let geometry = self.geometry()?;
        let stretches = self.lines(area, &geometry);
        self.plan(&area.plane, &stretches)
    }

    /// Returns the lines that see an area, in their order.
    pub fn lines(&self, area: &Area, geometry: &Geometry) -> Vec<Stretch> {
        let stop_m = geometry.speed_mps * geometry.speed_mps / self.aircraft.flight.acceleration_mps2;
        let options = SweepOptions {
            home: self.home.map(|home| area.plane.metres(home)),
            turn_m: stop_m,
            along_deg: self.course_deg.map(|deg| 90.0 - deg),
            ..SweepOptions::default()
        };
        let stretch = |(a, b)| Stretch {
            way: vec![a, b],
            kind: LegKind::Line,
            serves: Vec::new(),
            geometry: *geometry,
        };
        sweep(&area.shape, &Swath::of(geometry), &options).lines.into_iter().map(stretch).collect()
    }

    /// Returns the plan that flies stretches in their order.
    ///
    /// # Errors
    /// When the terrain has holes, or there is nothing to fly.
    pub fn plan(&self, plane: &Plane, stretches: &[Stretch]) -> Result<Plan, MissionError> {
        let mut plan = self.empty(stretches);
        let mut before: Option<Coord<f64>> = None;
        for stretch in stretches {
            let (Some(start), Some(end)) = (stretch.way.first(), stretch.way.last()) else { continue };
            if let Some(before) = before {
                self.transit(&mut plan, plane, (before, *start), stretch)?;
            }
            self.stretch(&mut plan, plane, stretch)?;
            before = Some(*end);
        }
        if let Some(first) = plan.waypoints.first_mut() {
            first.actions.insert(0, Action::Pitch { deg: self.pitch_deg });
        }
        plan.check()?;
        Ok(plan)
    }

    fn empty(&self, stretches: &[Stretch]) -> Plan {
        let highest_m = stretches.iter().map(|s| s.geometry.height_m).fold(0.0, f64::max);
        let slowest_mps = stretches.iter().map(|s| s.geometry.speed_mps).fold(f64::INFINITY, f64::min);
        let speed_mps = if slowest_mps.is_finite() { slowest_mps } else { self.aircraft.flight.speed_mps };
        Plan {
            aircraft: self.aircraft.id.clone(),
            home: self.home.map(rounded_place),
            heights: if self.ground.is_some() {
                HeightReference::Ellipsoid
            } else {
                HeightReference::TakeOff
            },
            take_off_height_m: rounded_m(highest_m.max(LEAST_TAKE_OFF_M)),
            speed_mps: rounded_m(speed_mps),
            finish: Finish::GoHome,
            lost_link: LostLink::GoHome,
            waypoints: Vec::new(),
            legs: Vec::new(),
        }
    }

    /// The way between two stretches, over what lies in it; its ends are theirs.
    fn transit(
        &self,
        plan: &mut Plan,
        plane: &Plane,
        (from, to): (Coord<f64>, Coord<f64>),
        stretch: &Stretch,
    ) -> Result<(), MissionError> {
        if self.ground.is_none() || distance_m(from, to) < 1.0 {
            return Ok(());
        }
        let points = self.points(plane, (from, to), stretch)?;
        if points.len() > 2 {
            plan.waypoints.extend(points[1..points.len() - 1].iter().map(|(at, m)| passed(plane, *at, *m)));
        }
        Ok(())
    }

    fn stretch(&self, plan: &mut Plan, plane: &Plane, stretch: &Stretch) -> Result<(), MissionError> {
        let first = plan.waypoints.len();
        if let [only] = stretch.way.as_slice() {
            let points = self.points(plane, (*only, *only), stretch)?;
            plan.waypoints.extend(points.iter().take(1).map(|(at, m)| passed(plane, *at, *m)));
        }
        for (index, pair) in stretch.way.windows(2).enumerate() {
            let points = self.points(plane, (pair[0], pair[1]), stretch)?;
            let skipped = usize::from(index > 0);
            plan.waypoints.extend(points.iter().skip(skipped).map(|(at, m)| passed(plane, *at, *m)));
        }
        let last = plan.waypoints.len().saturating_sub(1);
        let marks = if stretch.kind == LegKind::Visit {
            [(last, Action::Hover { secs: LOOK_SECS }), (last, Action::Picture)]
        } else {
            let metres = rounded_m(stretch.geometry.trigger_m);
            [(first, Action::PicturesEvery { metres }), (last, Action::PicturesEnd)]
        };
        for (index, action) in marks {
            if let Some(waypoint) = plan.waypoints.get_mut(index) {
                waypoint.stop = true;
                waypoint.actions.push(action);
            }
        }
        let own_mps = rounded_m(stretch.geometry.speed_mps);
        if (own_mps - plan.speed_mps).abs() > 0.0 {
            for waypoint in &mut plan.waypoints[first..last] {
                waypoint.speed_mps = Some(own_mps);
            }
        }
        plan.legs.push(Leg { first, last, kind: stretch.kind, serves: stretch.serves.clone() });
        Ok(())
    }

    /// The points of a straight piece with their heights by the plan's reference.
    fn points(
        &self,
        plane: &Plane,
        (a, b): (Coord<f64>, Coord<f64>),
        stretch: &Stretch,
    ) -> Result<Vec<(Coord<f64>, f64)>, FollowError> {
        let Geometry { height_m, spacing_m, .. } = stretch.geometry;
        let Some(ground) = self.ground else { return Ok(vec![(a, height_m), (b, height_m)]) };
        let tolerance_m = height_m * TOLERANCE_SHARE;
        let follow = Follow { ground, plane, height_m, tolerance_m, half_m: spacing_m / 2.0 };
        Ok(follow.line(a, b)?.into_iter().map(|at| (at.at, at.height_m)).collect())
    }
}

fn passed(plane: &Plane, at: Coord<f64>, height_m: f64) -> Waypoint {
    Waypoint {
        at: rounded_place(plane.place(at)),
        height_m: rounded_m(height_m),
        speed_mps: None,
        stop: false,
        nose: Nose::Along,
        actions: Vec::new(),
    }
}

pub(crate) fn rounded_place(at: LatLon) -> LatLon {
    let rounded = |deg: f64| (deg * DEG_PARTS).round() / DEG_PARTS;
    LatLon { lat_deg: rounded(at.lat_deg), lon_deg: rounded(at.lon_deg) }
}

pub(crate) fn rounded_m(metres: f64) -> f64 {
    (metres * M_PARTS).round() / M_PARTS
}
