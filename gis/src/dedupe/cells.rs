//! H3 cells find the incidents that may be meant; they decide nothing.
//!
//! A thing is entered under the cells its outline covers, and asked for with a ring around the cells of the sighting. The
//! rings are sized so that two positions whose distance is within what both errors allow always meet.

use std::collections::{BTreeMap, BTreeSet};

use h3o::{CellIndex, LatLng, Resolution};

use super::outline::index_points;
use crate::observation::Footprint;
use crate::position::LatLon;

/// Resolution of the index: cells of about 29 m edge, which with the first ring miss nothing up to a CEP of 8 m.
const RESOLUTION: Resolution = Resolution::Eleven;
/// Smallest edge of a cell of that resolution anywhere on the globe, metres, rounded down (H3's distortion is under 1.6 times).
const MIN_EDGE_M: f64 = 18.0;
/// Largest ring; it covers the worst position that is accepted.
const MAX_RING: u32 = 12;

/// Returns the H3 cell of a position, or `None` when it is not finite.
pub(super) fn cell_at(at: LatLon) -> Option<CellIndex> {
    LatLng::new(at.lat_deg, at.lon_deg).ok().map(|place| place.to_cell(RESOLUTION))
}

/// Returns the H3 cell of a position at the resolution of the index, 15 hexadecimal digits; none when it is not finite.
pub fn h3_cell_of(at: LatLon) -> Option<String> {
    cell_at(at).map(|cell| cell.to_string())
}

/// Returns the ring that covers all positions within twice the CE90, at least the first.
///
/// A disk of `k` rings reaches at least `1.5 k - 0.5` edges from any point of its middle cell. Twice the CE90 is 4.3
/// standard deviations: three of the difference of two positions as bad as the worse one.
pub(super) fn ring_for(ce90_m: f64) -> u32 {
    let edges = 2.0 * ce90_m.max(0.0) / MIN_EDGE_M;
    (((edges + 0.5) / 1.5).ceil() as u32).clamp(1, MAX_RING)
}

/// Returns the cells that an outline, or the position alone, lies in, sorted.
pub(super) fn cells_of(at: LatLon, footprint: Option<&Footprint>) -> BTreeSet<CellIndex> {
    let outline = footprint.map(|f| index_points(&f.ring)).unwrap_or_default();
    outline.into_iter().chain([at]).filter_map(cell_at).collect()
}

/// Returns the cells together with `ring` rings around them, sorted.
pub(super) fn widened(cells: &BTreeSet<CellIndex>, ring: u32) -> BTreeSet<CellIndex> {
    if ring == 0 {
        return cells.clone();
    }
    cells.iter().flat_map(|cell| cell.grid_disk_safe(ring)).collect()
}

/// Which incidents lie where.
#[derive(Debug, Clone, Default)]
pub(super) struct CellIndexOfIncidents {
    slots_by_cell: BTreeMap<CellIndex, BTreeSet<usize>>,
    cells_by_slot: BTreeMap<usize, BTreeSet<CellIndex>>,
}

impl CellIndexOfIncidents {
    /// Enters an incident under these cells and no others.
    pub(super) fn put(&mut self, slot: usize, cells: BTreeSet<CellIndex>) {
        if self.cells_by_slot.get(&slot) == Some(&cells) {
            return;
        }
        self.remove(slot);
        for cell in &cells {
            self.slots_by_cell.entry(*cell).or_default().insert(slot);
        }
        self.cells_by_slot.insert(slot, cells);
    }

    /// Takes an incident out.
    pub(super) fn remove(&mut self, slot: usize) {
        for cell in self.cells_by_slot.remove(&slot).unwrap_or_default() {
            if let Some(slots) = self.slots_by_cell.get_mut(&cell) {
                slots.remove(&slot);
                if slots.is_empty() {
                    self.slots_by_cell.remove(&cell);
                }
            }
        }
    }

    /// Returns the incidents entered under any of the cells, sorted.
    pub(super) fn find(&self, cells: &BTreeSet<CellIndex>) -> BTreeSet<usize> {
        cells.iter().filter_map(|cell| self.slots_by_cell.get(cell)).flatten().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedupe::plane::Plane;

    #[test]
    fn ring_grows_with_the_error() {
        assert_eq!([0.0, 5.0, 9.0, 12.0, 30.0, 1e9].map(ring_for), [1, 1, 1, 2, 3, MAX_RING]);
    }

    #[test]
    fn ring_reaches_twice_the_ce90_in_every_direction() {
        for lat_deg in [0.0, 28.97, 58.3, 80.0] {
            for ce90_m in [5.0, 9.0, 20.0, 50.0] {
                let centre = LatLon { lat_deg, lon_deg: 118.86 };
                let plane = Plane::at(centre);
                for offset in 0..40 {
                    let from = plane.lat_lon_from_plane(f64::from(offset) * 1.7, f64::from(offset) * 0.9);
                    let found = widened(&cells_of(from, None), ring_for(ce90_m));
                    let around = Plane::at(from);
                    for degree in (0..360).step_by(15) {
                        let (sin, cos) = f64::from(degree).to_radians().sin_cos();
                        let there = around.lat_lon_from_plane(2.0 * ce90_m * cos, 2.0 * ce90_m * sin);
                        assert!(found.contains(&cell_at(there).unwrap()), "{lat_deg} {ce90_m} {degree}");
                    }
                }
            }
        }
    }

    #[test]
    fn index_forgets_what_is_taken_out() {
        let mut index = CellIndexOfIncidents::default();
        let cells = cells_of(LatLon { lat_deg: 28.97, lon_deg: 118.86 }, None);
        index.put(3, cells.clone());
        assert_eq!(index.find(&cells), BTreeSet::from([3]));
        index.remove(3);
        assert!(index.find(&cells).is_empty() && index.slots_by_cell.is_empty());
    }
}
