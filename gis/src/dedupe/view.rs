//! Which incidents lie on the ground that a frame shows.

use rstar::primitives::GeomWithData;
use rstar::{AABB, RTree};
use std::collections::BTreeMap;

use super::outline::{is_ring, ring_contains};
use crate::position::LatLon;

type Entry = GeomWithData<[f64; 2], usize>;

/// Positions of incidents in an R-tree, degrees of latitude and longitude.
#[derive(Debug, Clone, Default)]
pub(super) struct Places {
    tree: RTree<Entry>,
    place_by_slot: BTreeMap<usize, LatLon>,
}

impl Places {
    /// Enters an incident at this place and no other.
    pub(super) fn put(&mut self, slot: usize, at: LatLon) {
        if self.place_by_slot.get(&slot) == Some(&at) {
            return;
        }
        self.remove(slot);
        self.tree.insert(entry(slot, at));
        self.place_by_slot.insert(slot, at);
    }

    /// Takes an incident out.
    pub(super) fn remove(&mut self, slot: usize) {
        if let Some(at) = self.place_by_slot.remove(&slot) {
            self.tree.remove(&entry(slot, at));
        }
    }

    /// Returns the incidents inside the ring, sorted.
    pub(super) fn inside(&self, ring: &[LatLon]) -> Vec<usize> {
        if !is_ring(ring) {
            return Vec::new();
        }
        let bounds = AABB::from_points(corners(ring).iter());
        let inside = |found: &&Entry| {
            let [lat_deg, lon_deg] = *found.geom();
            ring_contains(ring, LatLon { lat_deg, lon_deg })
        };
        let found = self.tree.locate_in_envelope(bounds).filter(inside);
        let mut slots: Vec<usize> = found.map(|found| found.data).collect();
        slots.sort_unstable();
        slots
    }
}

/// Returns points whose box holds the ring; of a ring across the antimeridian that of all longitudes.
fn corners(ring: &[LatLon]) -> Vec<[f64; 2]> {
    let mut corners: Vec<[f64; 2]> = ring.iter().map(|c| [c.lat_deg, c.lon_deg]).collect();
    let west = corners.iter().map(|c| c[1]).fold(f64::INFINITY, f64::min);
    let east = corners.iter().map(|c| c[1]).fold(f64::NEG_INFINITY, f64::max);
    if east - west > 180.0 {
        let lat_deg = corners.first().map_or(0.0, |c| c[0]);
        corners.extend([[lat_deg, -180.0], [lat_deg, 180.0]]);
    }
    corners
}

fn entry(slot: usize, at: LatLon) -> Entry {
    GeomWithData::new([at.lat_deg, at.lon_deg], slot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(lat_deg: f64, lon_deg: f64) -> Vec<LatLon> {
        [(-0.001, -0.001), (-0.001, 0.001), (0.001, 0.001), (0.001, -0.001)]
            .map(|(lat, lon)| {
                let lon_deg = (lon_deg + lon + 180.0_f64).rem_euclid(360.0) - 180.0;
                LatLon { lat_deg: lat_deg + lat, lon_deg }
            })
            .to_vec()
    }

    #[test]
    fn finds_what_lies_inside_also_across_the_antimeridian() {
        let mut places = Places::default();
        places.put(1, LatLon { lat_deg: 28.97, lon_deg: 118.86 });
        places.put(2, LatLon { lat_deg: 28.975, lon_deg: 118.86 });
        places.put(3, LatLon { lat_deg: -16.0, lon_deg: -179.999_5 });
        assert_eq!(places.inside(&ring(28.97, 118.86)), [1]);
        assert_eq!(places.inside(&ring(-16.0, 180.0)), [3]);
        places.remove(1);
        assert!(places.inside(&ring(28.97, 118.86)).is_empty());
        assert!(places.inside(&[LatLon { lat_deg: f64::NAN, lon_deg: 0.0 }; 4]).is_empty());
    }
}
