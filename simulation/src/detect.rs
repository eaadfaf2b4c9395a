//! What a model would say of a thing in a frame: an outline in the picture, put on the ground through the pose that is told.

use geo::{Area, BooleanOps, Coord, Polygon};
use gis::camera::Intrinsics;
use gis::footprint::{footprint, frame_footprint};
use gis::georef::locate;
use gis::{
    FlatGround, Footprint, GroundPosition, LatLon, Location, ModelRef, Observation, ObservationId, Pose,
    TimeQuality, TimeSource, View,
};
use jiff::Timestamp;
use uuid::Uuid;

use crate::dice::Dice;
use crate::ground::{Map, Place};
use crate::scenario::Things;

/// Corners of a drawn outline.
const CORNERS: u32 = 10;
/// Corners of the circle that bounds what is seen well enough.
const CIRCLE_CORNERS: u32 = 32;

/// A look of a camera at the ground.
pub struct Camera<'a> {
    /// Its lens.
    pub lens: &'a Intrinsics,
    /// Where it really looks.
    pub truth: &'a Pose,
    /// Where it is told to look.
    pub told: &'a Pose,
    /// The ground.
    pub ground: &'a FlatGround,
    /// The map of the area.
    pub map: &'a Map,
    /// Longest line of sight on which anything is seen, metres.
    pub range_m: f64,
    /// Standard deviation of a mask's place, pixels.
    pub pixel_sigma_px: f64,
    /// Standard deviation of a mask's radius, as a share.
    pub outline_jitter: f64,
}

/// A place on the ground as seen and placed.
pub struct Sighted {
    /// Where it is placed.
    pub position: GroundPosition,
    /// Its outline on the ground.
    pub outline: Option<Footprint>,
}

impl Camera<'_> {
    /// Tells whether the middle of something lies in the picture, near enough to be seen.
    pub fn shows(&self, place: Place) -> bool {
        let under = self.map.place(self.truth.point.lat_lon);
        let height_m = self.truth.point.height.0 - self.ground.height.0;
        under.distance_m(place).hypot(height_m) <= self.range_m
            && self.pixel(place).is_some_and(|(u, v)| self.inside(u, v))
    }

    /// Returns the ground that is seen well enough, by the pose that is told; a ring, not closed.
    pub fn looked_at(&self) -> Option<Vec<LatLon>> {
        let ring = frame_footprint(&View::new(self.lens, self.told, self.ground))?;
        let under = self.map.place(self.told.point.lat_lon);
        let height_m = self.told.point.height.0 - self.ground.height.0;
        let radius_m = (self.range_m.powi(2) - height_m.powi(2)).max(0.0).sqrt();
        let corner = |place: Place| Coord { x: place.east_m, y: place.north_m };
        let seen = Polygon::new(ring.iter().map(|at| corner(self.map.place(*at))).collect(), Vec::new());
        let step_deg = 360.0 / f64::from(CIRCLE_CORNERS);
        let circle = (0..CIRCLE_CORNERS).map(|i| corner(under.towards(f64::from(i) * step_deg, radius_m)));
        let parts = seen.intersection(&Polygon::new(circle.collect(), Vec::new()));
        let part = parts.into_iter().max_by(|a, b| a.unsigned_area().total_cmp(&b.unsigned_area()))?;
        let open = part.exterior().0.len().saturating_sub(1);
        let at = |c: &Coord| self.map.lat_lon(Place { east_m: c.x, north_m: c.y });
        Some(part.exterior().0.iter().take(open).map(at).collect())
    }

    fn inside(&self, u_px: f64, v_px: f64) -> bool {
        (0.0..self.lens.width_px).contains(&u_px) && (0.0..self.lens.height_px).contains(&v_px)
    }

    fn pixel(&self, place: Place) -> Option<(f64, f64)> {
        View::new(self.lens, self.truth, self.ground).pixel_from_point(self.map.above(place, 0.0))
    }

    /// Returns how something of a radius is seen and placed; none where it cannot be placed.
    pub fn sight(&self, place: Place, radius_m: f64, kind: &Things, dice: &mut Dice) -> Option<Sighted> {
        let lean = Place { east_m: dice.normal(kind.lean_m), north_m: dice.normal(kind.lean_m) };
        let shown = Place { east_m: place.east_m + lean.east_m, north_m: place.north_m + lean.north_m };
        let off_px = (dice.normal(self.pixel_sigma_px), dice.normal(self.pixel_sigma_px));
        let told = View::new(self.lens, self.told, self.ground);
        let at = |place: Place| self.pixel(place).map(|(u, v)| (u + off_px.0, v + off_px.1));
        if !kind.outline {
            let (u, v) = at(shown)?;
            // How far a plume leans is part of the error of each sighting.
            let mut position = locate(&told, u, v, self.pixel_sigma_px).ok()?;
            for axis in 0..2 {
                position.covariance_enu_m2[(axis, axis)] += kind.lean_m * kind.lean_m;
            }
            return Some(Sighted { position, outline: None });
        }
        let radius_m = radius_m * dice.normal(self.outline_jitter).exp();
        let ring: Vec<(f64, f64)> = (0..CORNERS)
            .map(|i| {
                let reach_m = radius_m * (1.0 + dice.normal(self.outline_jitter)).max(0.3);
                at(shown.towards(f64::from(i) * 360.0 / f64::from(CORNERS), reach_m))
            })
            .collect::<Option<_>>()?;
        let truncated = ring.iter().any(|&(u, v)| !self.inside(u, v));
        let (width, height) = (self.lens.width_px, self.lens.height_px);
        let cut: Vec<(f64, f64)> =
            ring.iter().map(|&(u, v)| (u.clamp(0.0, width), v.clamp(0.0, height))).collect();
        let (outline, position) = footprint(&told, &cut, truncated, self.pixel_sigma_px).ok()?;
        Some(Sighted { position, outline: Some(outline) })
    }
}

/// What is common to the observations of a frame.
pub struct Moment<'a> {
    /// The source.
    pub source: &'a str,
    /// Index of the frame.
    pub frame_index: u64,
    /// Capture time.
    pub time: Timestamp,
}

/// Returns the observation of something sighted; `ordinal` counts over the whole day.
pub fn observation(
    moment: &Moment<'_>,
    class: &str,
    score: f64,
    sighted: Sighted,
    ordinal: u64,
) -> Observation {
    Observation {
        // The lower half of the number: version and variant of the id do not touch it.
        id: ObservationId(Uuid::new_v8(u128::from(ordinal).to_be_bytes())),
        class: class.to_owned(),
        source: moment.source.to_owned(),
        frame_index: moment.frame_index,
        time: moment.time,
        time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 1.0 },
        score,
        location: Location::Ground(sighted.position),
        footprint: sighted.outline,
        model: ModelRef { pack: "simulated".to_owned(), version: "1".to_owned(), sha256: String::new() },
    }
}
