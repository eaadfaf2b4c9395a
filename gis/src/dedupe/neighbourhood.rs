//! Which stored incidents a frame can touch: for a store that gives a deduper those alone and not the whole city.
//!
//! A deduper that was given every incident entered under [`cells_asked`] or [`cells_beside`], every one whose place lies
//! in [`bounds_of_view`], the latest unlocated ones of the source and those of [`RecentLooks::may_decide`](super::RecentLooks::may_decide) decides as
//! one that knows them all.

use std::collections::BTreeSet;

use h3o::{CellIndex, LatLng, Resolution};

use super::Look;
use super::cells::{cells_of, ring_for, widened};
use super::check::{Checked, ce90_m, check};
use super::config::DedupeConfig;
use super::outline::is_ring;
use crate::incident::Incident;
use crate::observation::Observation;
use crate::position::LatLon;

/// Resolution of a district: about 0.5 km of edge, a flight of some seconds or the sight of a camera.
const DISTRICT: Resolution = Resolution::Eight;

/// South, west, north and east edge of some ground, degrees. `west` above `east` never occurs: across the antimeridian it is all longitudes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// South edge.
    pub south_deg: f64,
    /// West edge.
    pub west_deg: f64,
    /// North edge.
    pub north_deg: f64,
    /// East edge.
    pub east_deg: f64,
}

impl Bounds {
    /// Returns true when a place lies inside or on the edge.
    pub fn contains(&self, at: LatLon) -> bool {
        (self.south_deg..=self.north_deg).contains(&at.lat_deg)
            && (self.west_deg..=self.east_deg).contains(&at.lon_deg)
    }

    /// Returns true when both have a place in common.
    pub fn touches(&self, other: &Self) -> bool {
        self.south_deg <= other.north_deg
            && other.south_deg <= self.north_deg
            && self.west_deg <= other.east_deg
            && other.west_deg <= self.east_deg
    }
}

/// Returns the H3 cells (resolution 11) that an incident with a position is entered under while it is open, and after that if it may recur; none for any other.
pub fn cells_of_incident(incident: &Incident) -> BTreeSet<u64> {
    numbers(&entered_under(incident))
}

/// Returns the cells that a deduper enters an incident under.
pub(super) fn entered_under(incident: &Incident) -> BTreeSet<CellIndex> {
    let entered = incident.is_open() || incident.may_recur();
    let Some(position) = incident.position.as_ref().filter(|_| entered) else {
        return BTreeSet::new();
    };
    // One ring is asked for with every sighting, so that only what a worse position needs is entered.
    let ring = ring_for(ce90_m(&position.covariance_enu_m2)) - 1;
    let mut cells = cells_of(position.point.lat_lon, incident.footprint.as_ref());
    for place in &incident.places {
        cells.extend(cells_of(place.position.point.lat_lon, place.footprint.as_ref()));
    }
    widened(&cells, ring)
}

/// Returns the cells under which an incident may be entered that this observation may be of.
pub fn cells_asked(observation: &Observation, config: &DedupeConfig) -> BTreeSet<u64> {
    let Ok(Checked::Located(sighting)) = check(observation.clone(), config) else {
        return BTreeSet::new();
    };
    let own = cells_of(sighting.position.point.lat_lon, sighting.footprint.as_ref());
    numbers(&widened(&own, ring_for(ce90_m(&sighting.position.covariance_enu_m2))))
}

/// Returns the cells under which an incident may be entered that turns out to be one with this incident.
pub fn cells_beside(incident: &Incident) -> BTreeSet<u64> {
    let Some(position) = incident.position.as_ref().filter(|_| incident.is_open()) else {
        return BTreeSet::new();
    };
    numbers(&widened(&cells_of(position.point.lat_lon, incident.footprint.as_ref()), 1))
}

/// Returns the district (H3 resolution 8) that a cell lies in; none for what is no cell.
pub fn district_of_cell(cell: u64) -> Option<u64> {
    CellIndex::try_from(cell).ok()?.parent(DISTRICT).map(u64::from)
}

/// Returns a box that holds the ground a frame shows; none when it is not known.
pub fn bounds_of_view(look: &Look) -> Option<Bounds> {
    let ring = look.footprint.as_deref().filter(|ring| is_ring(ring))?;
    let span = |value: fn(&LatLon) -> f64| {
        let values = ring.iter().map(value);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (south_deg, north_deg) = span(|c| c.lat_deg);
    let (mut west_deg, mut east_deg) = span(|c| c.lon_deg);
    if east_deg - west_deg > 180.0 {
        (west_deg, east_deg) = (-180.0, 180.0);
    }
    Some(Bounds { south_deg, west_deg, north_deg, east_deg })
}

/// Returns the districts that a box of ground lies in, as far as points about 300 m apart tell; only the corners of a box over 20 km across.
pub fn districts_of_bounds(bounds: &Bounds) -> BTreeSet<u64> {
    let steps = |low: f64, high: f64| {
        let count = ((high - low) / STEP_DEG).ceil().max(1.0);
        if count > MAX_STEPS { vec![low, high] } else { stepped(low, high, count) }
    };
    let (lats, lons) = (steps(bounds.south_deg, bounds.north_deg), steps(bounds.west_deg, bounds.east_deg));
    let points = lats.iter().flat_map(|lat_deg| lons.iter().map(|lon_deg| (*lat_deg, *lon_deg)));
    let district = |(lat_deg, lon_deg)| LatLng::new(lat_deg, lon_deg).ok().map(|at| at.to_cell(DISTRICT));
    points.filter_map(district).map(u64::from).collect()
}

/// Distance between points that are looked up, degrees.
const STEP_DEG: f64 = 0.003;
/// Points a side at most.
const MAX_STEPS: f64 = 64.0;

fn stepped(low: f64, high: f64, count: f64) -> Vec<f64> {
    (0..=count as u32).map(|step| low + (high - low) * f64::from(step) / count).collect()
}

fn numbers(cells: &BTreeSet<CellIndex>) -> BTreeSet<u64> {
    cells.iter().map(|cell| u64::from(*cell)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedupe::Deduper;
    use crate::height::EllipsoidHeight;
    use crate::observation::{Location, ModelRef, ObservationId, TimeQuality, TimeSource};
    use crate::position::{GeoPoint, GroundPosition};
    use jiff::Timestamp;
    use nalgebra::Matrix3;
    use uuid::Uuid;

    fn seen(lat_deg: f64, sigma_m: f64) -> Observation {
        let lat_lon = LatLon { lat_deg, lon_deg: 118.86 };
        let point = GeoPoint { lat_lon, height: EllipsoidHeight(80.0) };
        let covariance = Matrix3::from_diagonal_element(sigma_m * sigma_m);
        Observation {
            id: ObservationId(Uuid::from_u128(u128::from(lat_deg.to_bits()))),
            class: "waterlogging".to_owned(),
            source: "drone-1".to_owned(),
            frame_index: 0,
            time: Timestamp::UNIX_EPOCH,
            time_quality: TimeQuality { source: TimeSource::Klv, sigma_millis: 0.0 },
            score: 0.9,
            location: Location::Ground(GroundPosition::new(point, covariance)),
            footprint: None,
            model: ModelRef { pack: "w".to_owned(), version: "1".to_owned(), sha256: String::new() },
        }
    }

    #[test]
    fn a_sighting_asks_for_the_cells_that_its_incident_is_entered_under() {
        let config = DedupeConfig::default();
        for sigma_m in [0.1, 4.0, 20.0] {
            let mut deduper = Deduper::new(config.clone(), Vec::new());
            deduper.absorb_frame(&Look::default(), vec![seen(28.97, sigma_m)]);
            let incident = deduper.into_incidents().remove(0);
            let (entered, beside) = (cells_of_incident(&incident), cells_beside(&incident));
            let asked = cells_asked(&seen(28.970_05, sigma_m), &config);
            assert!(!entered.is_disjoint(&asked) && !entered.is_disjoint(&beside), "{sigma_m}");
            let districts: BTreeSet<_> = entered.iter().filter_map(|cell| district_of_cell(*cell)).collect();
            assert!(!districts.is_empty());
        }
    }

    #[test]
    fn what_cannot_be_used_asks_for_nothing() {
        let config = DedupeConfig::default();
        assert!(cells_asked(&seen(28.97, f64::NAN), &config).is_empty());
        assert!(cells_asked(&seen(f64::NAN, 1.0), &config).is_empty());
        assert_eq!(district_of_cell(7), None);
        assert_eq!(bounds_of_view(&Look::default()), None);
    }

    #[test]
    fn a_view_across_the_antimeridian_has_all_longitudes() {
        let corner = |lat_deg, lon_deg| LatLon { lat_deg, lon_deg };
        let ring = vec![corner(-16.0, 179.9), corner(-16.1, 179.9), corner(-16.1, -179.9)];
        let bounds = bounds_of_view(&Look { footprint: Some(ring), ..Look::default() }).unwrap();
        assert_eq!((bounds.west_deg, bounds.east_deg, bounds.south_deg), (-180.0, 180.0, -16.1));
    }
}
