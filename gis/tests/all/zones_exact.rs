//! The index answers as exact polygons do, boundary included, wherever a point lies.

use std::f64::consts::TAU;

use geo::coordinate_position::{CoordPos, CoordinatePosition};
use geo::{Coord, LineString, LinesIter, MultiPolygon, Polygon};
use gis::LatLon;
use gis::zones::{Zone, ZoneIndex, ZoneLevel, ZoneOrigin};
use proptest::prelude::*;

fn zone(code: String, level: ZoneLevel, polygon: MultiPolygon<f64>) -> Zone {
    let (name_zh, name_en) = (code.clone(), code.clone());
    Zone { code, level, kind: None, name_zh, name_en, parent: None, polygon, origin: ZoneOrigin::default() }
}

/// A star around a place: no two edges of it cross, and it is as jagged as its radii say.
fn star(centre: Coord<f64>, radii: &[f64]) -> LineString<f64> {
    let corner = |(index, radius): (usize, &f64)| {
        let (sin, cos) = (TAU * index as f64 / radii.len() as f64).sin_cos();
        Coord { x: centre.x + radius * cos, y: centre.y + radius * sin }
    };
    let mut ring: Vec<Coord<f64>> = radii.iter().enumerate().map(corner).collect();
    ring.push(ring[0]);
    LineString::new(ring)
}

/// On whole numbers, so that points meet corners, level edges and the lines between cells.
fn rectangle(west: i32, south: i32, width: i32, height: i32) -> LineString<f64> {
    let (east, north) = (west + width, south + height);
    let corners = [(west, south), (east, south), (east, north), (west, north), (west, south)];
    LineString::from(corners.map(|(x, y)| (f64::from(x), f64::from(y))).to_vec())
}

/// The lowest code of a level that has the point inside or on its boundary; a point where two parts of a zone touch is on it.
fn exact(zones: &[Zone], point: LatLon, level: ZoneLevel) -> Option<String> {
    let coord = Coord { x: point.lon_deg, y: point.lat_deg };
    let holds =
        |zone: &&Zone| zone.polygon.iter().any(|part| part.coordinate_position(&coord) != CoordPos::Outside);
    zones.iter().filter(|zone| zone.level == level).filter(holds).map(|zone| zone.code.clone()).min()
}

fn check(zones: &[Zone], points: impl IntoIterator<Item = LatLon>) -> Result<(), TestCaseError> {
    let index = ZoneIndex::new(zones.to_vec());
    for point in points {
        for level in [ZoneLevel::District, ZoneLevel::Township] {
            let found = index.containing(point, level).map(|zone| zone.code.clone());
            prop_assert_eq!(&found, &exact(zones, point, level), "{:?} {:?}", level, point);
        }
    }
    Ok(())
}

/// Corners, middles of edges, and their neighbours in the last digit.
fn points_at_boundaries(zones: &[Zone]) -> Vec<LatLon> {
    let lines = zones.iter().flat_map(|zone| zone.polygon.lines_iter());
    let places = lines.flat_map(|line| {
        let middle = (line.start + line.end) / 2.0;
        [
            line.start,
            middle,
            Coord { x: middle.x.next_up(), y: middle.y },
            Coord { x: line.start.x, y: line.start.y.next_down() },
        ]
    });
    places.map(|at| LatLon { lat_deg: at.y, lon_deg: at.x }).collect()
}

prop_compose! {
    fn jagged()(
        x in 0.0..3.0_f64, y in 0.0..3.0_f64, size in 0.001..2.0_f64,
        radii in proptest::collection::vec(0.3..1.0_f64, 3..60), hole in any::<bool>(), level in any::<bool>(),
    ) -> (MultiPolygon<f64>, ZoneLevel) {
        let centre = Coord { x: 120.0 + x, y: 30.0 + y };
        let outer: Vec<f64> = radii.iter().map(|radius| radius * size).collect();
        let inner: Vec<f64> = radii.iter().rev().map(|radius| radius * size * 0.1).collect();
        let holes = if hole && radii.len() > 8 { vec![star(centre, &inner)] } else { Vec::new() };
        let level = if level { ZoneLevel::District } else { ZoneLevel::Township };
        (Polygon::new(star(centre, &outer), holes).into(), level)
    }
}

prop_compose! {
    fn square()(west in 0..12, south in 0..12, width in 2..6, height in 2..6, hole in any::<bool>(), island in any::<bool>())
        -> MultiPolygon<f64> {
        let holes = if hole && width > 2 && height > 2 { vec![rectangle(west + 1, south + 1, 1, 1)] } else { Vec::new() };
        let filled = !holes.is_empty() && island;
        let mut parts = vec![Polygon::new(rectangle(west, south, width, height), holes)];
        // A part that touches the other in one corner, and one that fills the hole.
        parts.push(Polygon::new(rectangle(west + width, south + height, 1, 1), Vec::new()));
        if filled {
            parts.push(Polygon::new(rectangle(west + 1, south + 1, 1, 1), Vec::new()));
        }
        MultiPolygon::new(parts)
    }
}

proptest! {
    #[test]
    fn jagged_zones_answer_as_exact_polygons_do(
        shapes in proptest::collection::vec(jagged(), 1..12),
        places in proptest::collection::vec((29.0..36.0_f64, 119.0..126.0_f64), 60),
    ) {
        let zones: Vec<Zone> =
            shapes.into_iter().enumerate().map(|(n, (shape, level))| zone(format!("{n:02}"), level, shape)).collect();
        let places = places.into_iter().map(|(lat_deg, lon_deg)| LatLon { lat_deg, lon_deg });
        check(&zones, places.chain(points_at_boundaries(&zones)))?;
    }

    #[test]
    fn squares_that_share_boundaries_answer_as_exact_polygons_do(
        shapes in proptest::collection::vec(square(), 1..10),
        offset in prop_oneof![Just(0.0), 0.0..1.0_f64],
    ) {
        let zones: Vec<Zone> =
            shapes.into_iter().enumerate().map(|(n, shape)| zone(format!("{n:02}"), ZoneLevel::District, shape)).collect();
        let lattice = (0..40).flat_map(|x| (0..40).map(move |y| (f64::from(x) / 2.0, f64::from(y) / 2.0)));
        let lattice = lattice.map(|(x, y)| LatLon { lat_deg: y + offset, lon_deg: x + offset });
        check(&zones, lattice.chain(points_at_boundaries(&zones)))?;
    }
}

#[test]
fn points_that_are_no_numbers_or_off_the_globe_lie_in_no_zone() {
    let index = ZoneIndex::new(vec![zone(
        "a".into(),
        ZoneLevel::District,
        Polygon::new(rectangle(0, 0, 9, 9), vec![]).into(),
    )]);
    for (lat_deg, lon_deg) in
        [(f64::NAN, 5.0), (5.0, f64::NAN), (f64::INFINITY, 5.0), (5.0, -1e300), (90.0, 180.0)]
    {
        let point = LatLon { lat_deg, lon_deg };
        assert!(index.containing(point, ZoneLevel::District).is_none(), "{point:?}");
        assert!(index.all_containing(point).is_empty());
    }
    assert!(ZoneIndex::new(Vec::new()).all_containing(LatLon { lat_deg: 0.0, lon_deg: 0.0 }).is_empty());
}

#[test]
fn many_points_are_answered_as_each_alone() {
    let squares = (0..3).map(|n| {
        zone(format!("{n}"), ZoneLevel::District, Polygon::new(rectangle(n * 3, 0, 3, 3), vec![]).into())
    });
    let index = ZoneIndex::new(squares.collect());
    let points: Vec<LatLon> = (0..20).map(|x| LatLon { lat_deg: 1.0, lon_deg: f64::from(x) / 2.0 }).collect();
    let alone: Vec<_> = points.iter().map(|point| index.containing(*point, ZoneLevel::District)).collect();
    assert_eq!(index.containing_many(&points, ZoneLevel::District), alone);
}
