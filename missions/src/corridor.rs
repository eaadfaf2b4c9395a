//! Roads and rivers: lanes beside a line until its width is seen.

use geo::Coord;
use geojson::{GeoJson, GeometryValue, Position};
use gis::LatLon;

use crate::area::AreaError;
use crate::optics::Geometry;
use crate::plan::LegKind;
use crate::plane::{Plane, distance_m};
use crate::planner::Stretch;

/// Lines in metres on a plane around the first of their corners.
#[derive(Debug, Clone, PartialEq)]
pub struct Lines {
    /// The plane.
    pub plane: Plane,
    /// Their corners.
    pub lines: Vec<Vec<Coord<f64>>>,
}

/// Corners nearer to each other than this are one, metres.
const SAME_M: f64 = 0.5;
/// A lane's corner lies no farther out than this many offsets, as at a hairpin it would without end.
const MOST_MITER: f64 = 2.0;
/// Share of what one picture shows across that is counted on.
const SURE: f64 = 0.9;
const MOST_EXTENT_M: f64 = 120_000.0;

impl Lines {
    /// Reads LineStrings of a GeoJSON text.
    ///
    /// # Errors
    /// When there are none, or a position is none.
    pub fn from_geojson(text: &str) -> Result<Self, AreaError> {
        let read: GeoJson =
            text.parse().map_err(|error: geojson::Error| AreaError::NotJson(error.to_string()))?;
        let geometries: Vec<GeometryValue> = match read {
            GeoJson::FeatureCollection(all) => {
                all.features.into_iter().filter_map(|f| f.geometry).map(|g| g.value).collect()
            }
            GeoJson::Feature(feature) => feature.geometry.map(|g| g.value).into_iter().collect(),
            GeoJson::Geometry(geometry) => vec![geometry.value],
        };
        let mut degrees: Vec<Vec<LatLon>> = Vec::new();
        for (feature, geometry) in geometries.into_iter().enumerate() {
            match geometry {
                GeometryValue::LineString { coordinates } => degrees.push(places(feature, &coordinates)?),
                GeometryValue::MultiLineString { coordinates } => {
                    for line in &coordinates {
                        degrees.push(places(feature, line)?);
                    }
                }
                other => {
                    let found = format!("{}, not a LineString", other.type_name());
                    return Err(AreaError::NotPolygon { feature, found });
                }
            }
        }
        let origin = degrees.iter().flatten().next().copied().ok_or(AreaError::Empty)?;
        let plane = Plane::around(origin);
        let mut lines = Vec::new();
        for line in degrees {
            let mut metres: Vec<Coord<f64>> = line.into_iter().map(|at| plane.metres(at)).collect();
            metres.dedup_by(|b, a| distance_m(*a, *b) < SAME_M);
            if metres.len() < 2 {
                return Err(AreaError::Empty);
            }
            let far_m = metres.iter().map(|c| c.x.abs().max(c.y.abs())).fold(0.0, f64::max);
            if far_m.is_nan() || far_m > MOST_EXTENT_M {
                return Err(AreaError::Huge { extent_m: far_m });
            }
            lines.push(metres);
        }
        Ok(Self { plane, lines })
    }
}

fn places(feature: usize, positions: &[Position]) -> Result<Vec<LatLon>, AreaError> {
    let place = |(position, numbers): (usize, &Position)| {
        let bad = || AreaError::BadPosition { feature, position, value: format!("{:?}", numbers.as_slice()) };
        let [lon_deg, lat_deg, ..] = *numbers.as_slice() else { return Err(bad()) };
        LatLon::new(lat_deg, lon_deg).ok_or_else(bad)
    };
    positions.iter().enumerate().map(place).collect()
}

/// Returns the lanes that see `width_m` around lines, flown to and fro.
pub fn lanes(lines: &Lines, width_m: f64, geometry: &Geometry) -> Vec<Stretch> {
    let offsets = offsets(width_m, geometry);
    let mut stretches = Vec::new();
    for line in &lines.lines {
        for (lane, offset_m) in offsets.iter().enumerate() {
            let mut way = beside(line, *offset_m);
            if lane % 2 == 1 {
                way.reverse();
            }
            stretches.push(Stretch { way, kind: LegKind::Corridor, serves: Vec::new(), geometry: *geometry });
        }
    }
    stretches
}

fn offsets(width_m: f64, geometry: &Geometry) -> Vec<f64> {
    let seen_m = geometry.across_m * SURE;
    if width_m <= seen_m {
        return vec![0.0];
    }
    let gaps = ((width_m - seen_m) / geometry.spacing_m).ceil().max(1.0);
    let step_m = (width_m - seen_m) / gaps;
    (0..=gaps as usize).map(|k| k as f64 * step_m - (width_m - seen_m) / 2.0).collect()
}

/// A line moved to its left by an offset, corners mitred.
fn beside(line: &[Coord<f64>], offset_m: f64) -> Vec<Coord<f64>> {
    let normal = |a: Coord<f64>, b: Coord<f64>| {
        let length_m = distance_m(a, b);
        Coord { x: -(b.y - a.y) / length_m, y: (b.x - a.x) / length_m }
    };
    let last = line.len() - 1;
    (0..=last)
        .map(|k| {
            let before = normal(line[k.max(1) - 1], line[k.max(1)]);
            let after = normal(line[k.min(last - 1)], line[k.min(last - 1) + 1]);
            let sum = Coord { x: before.x + after.x, y: before.y + after.y };
            let square = sum.x * sum.x + sum.y * sum.y;
            // The bisector of both pieces, long enough to keep the distance from each.
            let reach = if square > 1e-9 { (2.0 / square).min(MOST_MITER / square.sqrt()) } else { 0.0 };
            Coord { x: line[k].x + sum.x * reach * offset_m, y: line[k].y + sum.y * reach * offset_m }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GEOMETRY: Geometry = Geometry {
        height_m: 70.0,
        across_m: 100.0,
        along_m: 75.0,
        spacing_m: 40.0,
        trigger_m: 20.0,
        speed_mps: 12.0,
    };

    #[test]
    fn a_narrow_road_is_one_lane_and_a_wide_one_several() {
        let text = r#"{"type":"LineString","coordinates":[[118.86,28.95],[118.87,28.95],[118.87,28.96]]}"#;
        let lines = Lines::from_geojson(text).unwrap();
        assert_eq!(lanes(&lines, 60.0, &GEOMETRY).len(), 1);
        let wide = lanes(&lines, 200.0, &GEOMETRY);
        assert_eq!(wide.len(), 4);
        // To and fro: each lane begins where the one before ends.
        for pair in wide.windows(2) {
            assert!(distance_m(*pair[0].way.last().unwrap(), pair[1].way[0]) < 60.0);
        }
        // The outer lane keeps its distance at the corner.
        let outer = &wide[0].way;
        assert!((outer[0].y + 55.0).abs() < 1e-9, "{outer:?}");
        assert!((outer[1].x - lines.lines[0][1].x - 55.0).abs() < 1e-6, "{outer:?}");
    }

    #[test]
    fn what_is_no_line_is_refused() {
        let refused = |text: &str| Lines::from_geojson(text).is_err();
        assert!(refused(r#"{"type":"LineString","coordinates":[[0,0],[0,0]]}"#));
        assert!(refused(r#"{"type":"Point","coordinates":[0,0]}"#));
        assert!(refused(r#"{"type":"LineString","coordinates":[[0,0],[90,0]]}"#));
        assert!(refused(r#"{"type":"LineString","coordinates":[[0,0],[0,91]]}"#));
    }
}
