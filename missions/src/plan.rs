//! A flight as it is written, read, checked and flown, whatever the format.

use gis::LatLon;
use gis::geodesy::plane_distance_m;
use serde::{Deserialize, Serialize};

/// A flight plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Short name of the aircraft's profile; empty when not known.
    pub aircraft: String,
    /// Where it takes off and lands, when known.
    pub home: Option<LatLon>,
    /// What heights count from.
    pub heights: HeightReference,
    /// Height above take-off that is climbed to before anything else, metres.
    pub take_off_height_m: f64,
    /// Speed over ground where a waypoint states none, metres a second.
    pub speed_mps: f64,
    /// What is done after the last waypoint.
    pub finish: Finish,
    /// What is done when the link is lost.
    pub lost_link: LostLink,
    /// In the order they are flown.
    pub waypoints: Vec<Waypoint>,
    /// What is looked at, in the order of flight.
    pub legs: Vec<Leg>,
}

/// What heights of waypoints count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeightReference {
    /// The place of take-off.
    TakeOff,
    /// The WGS-84 ellipsoid.
    Ellipsoid,
}

/// What is done after the last waypoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// Back to where it took off.
    GoHome,
    /// Stay in the air there.
    Hover,
    /// Land there.
    Land,
}

/// What is done when the link is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LostLink {
    /// Go on with the plan.
    Continue,
    /// Back to where it took off.
    GoHome,
    /// Stay in the air there.
    Hover,
    /// Land there.
    Land,
}

/// A place to fly through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Waypoint {
    /// Where.
    pub at: LatLon,
    /// How high, metres by the plan's reference.
    pub height_m: f64,
    /// Speed from here to the next, metres a second; the plan's when none.
    pub speed_mps: Option<f64>,
    /// Whether the aircraft stops here.
    pub stop: bool,
    /// Where the nose points from here on.
    pub nose: Nose,
    /// What is done here, in this order.
    pub actions: Vec<Action>,
}

/// Where the nose points.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Nose {
    /// Along the flight.
    Along,
    /// Towards a place.
    Towards(LatLon),
}

/// Something done at a waypoint.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Turn the camera up or down: -90 degrees is straight down.
    Pitch {
        /// Degrees above the horizontal.
        deg: f64,
    },
    /// Take a picture every so many metres from here on.
    PicturesEvery {
        /// Metres.
        metres: f64,
    },
    /// No more such pictures.
    PicturesEnd,
    /// Take one picture.
    Picture,
    /// Start to record video.
    RecordStart,
    /// End it.
    RecordEnd,
    /// Stay here.
    Hover {
        /// Seconds.
        secs: f64,
    },
}

/// A stretch of the plan that looks at something.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Leg {
    /// Index of its first waypoint.
    pub first: usize,
    /// Index of its last waypoint, which may be the first.
    pub last: usize,
    /// What kind of look it is.
    pub kind: LegKind,
    /// Whose request it serves or which task it verifies: their ids.
    pub serves: Vec<String>,
}

/// What kind of look a leg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegKind {
    /// A line of an area.
    Line,
    /// A piece along a corridor.
    Corridor,
    /// One look at a task's place.
    Visit,
    /// A circle around something.
    Orbit,
}

impl LegKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Line, Self::Corridor, Self::Visit, Self::Orbit];

    /// Returns its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Corridor => "corridor",
            Self::Visit => "visit",
            Self::Orbit => "orbit",
        }
    }

    /// Returns the kind of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Why a plan is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// Nothing to fly to.
    #[error("the plan has no waypoint")]
    Empty,
    /// Too many waypoints.
    #[error("the plan has {0} waypoints; the most is {MOST_WAYPOINTS}")]
    TooMany(usize),
    /// A number that is none or out of range.
    #[error("waypoint {waypoint}: {what} is {value}")]
    Number {
        /// Index of the waypoint.
        waypoint: usize,
        /// What.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A number of the whole plan.
    #[error("{what} is {value}")]
    Whole {
        /// What.
        what: &'static str,
        /// Its value.
        value: f64,
    },
    /// A leg of waypoints that are not there.
    #[error("leg {leg} goes from waypoint {first} to {last} of {waypoints}")]
    Leg {
        /// Index of the leg.
        leg: usize,
        /// Its first waypoint.
        first: usize,
        /// Its last.
        last: usize,
        /// How many there are.
        waypoints: usize,
    },
}

/// Most waypoints of a plan: indices of DJI's files end there.
pub const MOST_WAYPOINTS: usize = 65_535;
/// Heights farther from their reference are errors, metres.
const MOST_HEIGHT_M: f64 = 12_000.0;
const MOST_SPEED_MPS: f64 = 60.0;

impl Plan {
    /// Checks every number, so that no reader or writer meets one that is none.
    ///
    /// # Errors
    /// At the first that cannot be.
    pub fn check(&self) -> Result<(), PlanError> {
        if self.waypoints.is_empty() {
            return Err(PlanError::Empty);
        }
        if self.waypoints.len() > MOST_WAYPOINTS {
            return Err(PlanError::TooMany(self.waypoints.len()));
        }
        let whole =
            |what, value: f64, ok: bool| if ok { Ok(()) } else { Err(PlanError::Whole { what, value }) };
        whole("speed_mps", self.speed_mps, self.speed_mps > 0.0 && self.speed_mps <= MOST_SPEED_MPS)?;
        let take_off_m = self.take_off_height_m;
        whole("take_off_height_m", take_off_m, (0.0..=1500.0).contains(&take_off_m))?;
        if let Some(home) = self.home {
            whole("latitude of home", home.lat_deg, on_globe(home))?;
        }
        for (index, waypoint) in self.waypoints.iter().enumerate() {
            waypoint.check(index)?;
        }
        for (leg, Leg { first, last, .. }) in self.legs.iter().enumerate() {
            let waypoints = self.waypoints.len();
            if first > last || *last >= waypoints {
                return Err(PlanError::Leg { leg, first: *first, last: *last, waypoints });
            }
        }
        Ok(())
    }

    /// Tells whether two plans fly the same: positions within a millimetre or so, numbers within rounding.
    pub fn same_flight(&self, other: &Self) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 2e-3;
        let home = match (self.home, other.home) {
            (Some(a), Some(b)) => near_place(a, b),
            (a, b) => a.is_none() && b.is_none(),
        };
        home && self.heights == other.heights
            && (self.finish, self.lost_link) == (other.finish, other.lost_link)
            && near(self.speed_mps, other.speed_mps)
            && near(self.take_off_height_m, other.take_off_height_m)
            && self.waypoints.len() == other.waypoints.len()
            && self.waypoints.iter().zip(&other.waypoints).all(|(a, b)| {
                near_place(a.at, b.at)
                    && near(a.height_m, b.height_m)
                    && a.stop == b.stop
                    && a.speed_mps.is_some() == b.speed_mps.is_some()
                    && near(a.speed_mps.unwrap_or(0.0), b.speed_mps.unwrap_or(0.0))
                    && a.nose.is_near(b.nose)
                    && a.actions.len() == b.actions.len()
                    && a.actions.iter().zip(&b.actions).all(|(a, b)| a.is_near(*b))
            })
    }

    /// Returns the speed from a waypoint to the next.
    pub fn speed_from_mps(&self, waypoint: usize) -> f64 {
        self.waypoints.get(waypoint).and_then(|w| w.speed_mps).unwrap_or(self.speed_mps)
    }

    /// Returns the legs that a file without names of its own tells: where pictures are taken on the way, and single looks.
    pub fn legs_by_actions(waypoints: &[Waypoint]) -> Vec<Leg> {
        let mut legs = Vec::new();
        let mut open: Option<usize> = None;
        let leg = |first, last, kind| Leg { first, last, kind, serves: Vec::new() };
        for (index, waypoint) in waypoints.iter().enumerate() {
            for action in &waypoint.actions {
                match action {
                    Action::PicturesEvery { .. } | Action::RecordStart => open = open.or(Some(index)),
                    Action::PicturesEnd | Action::RecordEnd => {
                        legs.extend(open.take().map(|first| leg(first, index, LegKind::Line)));
                    }
                    Action::Picture if open.is_none() => legs.push(leg(index, index, LegKind::Visit)),
                    _ => {}
                }
            }
        }
        legs
    }
}

fn on_globe(at: LatLon) -> bool {
    LatLon::new(at.lat_deg, at.lon_deg).is_some()
}

fn near_place(a: LatLon, b: LatLon) -> bool {
    plane_distance_m(a, b) <= 0.02
}

impl Waypoint {
    fn check(&self, waypoint: usize) -> Result<(), PlanError> {
        let bad = |what, value| Err(PlanError::Number { waypoint, what, value });
        if !on_globe(self.at) {
            let off = if self.at.lat_deg.abs() <= 90.0 { self.at.lon_deg } else { self.at.lat_deg };
            return bad("a coordinate", off);
        }
        if self.height_m.is_nan() || self.height_m.abs() > MOST_HEIGHT_M {
            return bad("the height", self.height_m);
        }
        if let Some(speed_mps) = self.speed_mps
            && !(speed_mps > 0.0 && speed_mps <= MOST_SPEED_MPS)
        {
            return bad("the speed", speed_mps);
        }
        if let Nose::Towards(at) = self.nose
            && !on_globe(at)
        {
            return bad("the place looked at", at.lat_deg);
        }
        for action in &self.actions {
            match *action {
                Action::Pitch { deg } if !(-120.0..=90.0).contains(&deg) => return bad("the pitch", deg),
                Action::PicturesEvery { metres } if !(metres > 0.0 && metres < 1e5) => {
                    return bad("the distance between pictures", metres);
                }
                Action::Hover { secs } if !(0.0..=3600.0).contains(&secs) => return bad("the hover", secs),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Nose {
    fn is_near(self, other: Self) -> bool {
        match (self, other) {
            (Self::Along, Self::Along) => true,
            (Self::Towards(a), Self::Towards(b)) => near_place(a, b),
            _ => false,
        }
    }
}

impl Action {
    fn is_near(self, other: Self) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() <= 2e-3;
        match (self, other) {
            (Self::Pitch { deg: a }, Self::Pitch { deg: b })
            | (Self::PicturesEvery { metres: a }, Self::PicturesEvery { metres: b })
            | (Self::Hover { secs: a }, Self::Hover { secs: b }) => near(a, b),
            (a, b) => a == b,
        }
    }
}
