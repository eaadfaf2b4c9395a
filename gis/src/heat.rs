//! H3 cells to count incidents by on a map of the whole city.

use h3o::{LatLng, Resolution};

use crate::position::LatLon;

/// A cell of the map.
#[derive(Debug, Clone, PartialEq)]
pub struct HeatCell {
    /// H3 index, 15 hexadecimal digits.
    pub index: String,
    /// Corners, counter-clockwise seen from above, not closed.
    pub ring: Vec<LatLon>,
}

/// Returns the cell of resolution 9 (0.1 square kilometres on average) that holds a place; none for what is no place.
///
/// # References
/// H3 4.1, table of cell areas.
pub fn heat_cell(at: LatLon) -> Option<HeatCell> {
    let cell = LatLng::new(at.lat_deg, at.lon_deg).ok()?.to_cell(Resolution::Nine);
    let ring = cell.boundary().iter().filter_map(|corner| LatLon::new(corner.lat(), corner.lng())).collect();
    Some(HeatCell { index: cell.to_string(), ring })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cell_of_a_place_is_a_hexagon_around_it() {
        let cell = heat_cell(LatLon::new(30.745, 120.908).unwrap()).unwrap();
        assert_eq!((cell.ring.len(), cell.index.len()), (6, 15));
        let mean = cell.ring.iter().map(|c| c.lat_deg).sum::<f64>() / 6.0;
        assert!((mean - 30.745).abs() < 0.003);
        assert_eq!(heat_cell(LatLon { lat_deg: f64::NAN, lon_deg: 0.0 }), None);
    }
}
