//! What the columns of an incident's row hold beside the record itself, for both databases.
//!
//! The row's JSON leaves the observations out: an incident that is watched for a day has tens of thousands, and writing them
//! again with each sighting would make every sighting dearer than the last. They are rows of table `sighting`, in order. Only
//! an incident that was merged away keeps its list in the JSON: it never grows again, and its sightings are the survivor's.

use geo::{Coord, LineString, Polygon};
use gis::dedupe::neighbourhood::cells_of_incident;
use gis::{Incident, IncidentState, LatLon, ObservationId};
use wkb::writer::{WriteOptions, write_polygon};

use crate::error::StoreError;
use crate::save::encode;

/// The columns of an incident.
pub(crate) struct IncidentColumns {
    /// The record, without the observations that are rows of their own.
    pub(crate) json: String,
    /// The source that later sightings of an unlocated incident must come from.
    pub(crate) unlocated_source: Option<String>,
    /// Where it lies.
    pub(crate) place: Option<LatLon>,
    /// Its outline as WKB.
    pub(crate) outline_wkb: Option<Vec<u8>>,
    /// H3 cells (resolution 11) under which it is found while it is open. An H3 index has its top bit clear.
    pub(crate) cells: Vec<i64>,
}

impl IncidentColumns {
    /// Returns the columns of an incident.
    ///
    /// # Errors
    /// [`StoreError::NotStorable`].
    pub(crate) fn of(incident: &Incident) -> Result<Self, StoreError> {
        let place = incident.position.as_ref().map(|position| position.point.lat_lon);
        let source = incident.sources.first().filter(|_| incident.state == IncidentState::Unlocated);
        Ok(Self {
            json: encode(&stored_form(incident), "incident", &incident.id)?,
            unlocated_source: source.cloned(),
            place,
            outline_wkb: incident.footprint.as_ref().and_then(|footprint| wkb_from_ring(&footprint.ring)),
            cells: cells_of_incident(incident).into_iter().map(u64::cast_signed).collect(),
        })
    }
}

/// Returns the observations that are rows of table `sighting`: none for what was merged away.
pub(crate) fn listed(incident: &Incident) -> &[ObservationId] {
    if incident.merged_into.is_some() { &[] } else { &incident.observations }
}

fn stored_form(incident: &Incident) -> Incident {
    let mut form = incident.clone();
    if form.merged_into.is_none() {
        form.observations = Vec::new();
    }
    form
}

/// Returns a ring as WKB polygon in GeoJSON order of coordinates; none for what is no ring.
fn wkb_from_ring(ring: &[LatLon]) -> Option<Vec<u8>> {
    let coord = |corner: &LatLon| Coord { x: corner.lon_deg, y: corner.lat_deg };
    let coords: Vec<Coord<f64>> = ring.iter().map(coord).collect();
    if coords.len() < 3 {
        return None;
    }
    // The constructor closes the ring.
    let polygon = Polygon::new(LineString::new(coords), Vec::new());
    let mut bytes = Vec::new();
    write_polygon(&mut bytes, &polygon, &WriteOptions::default()).ok()?;
    Some(bytes)
}
