//! Areas to be seen, from GeoJSON.

use geo::{
    Area as _, BooleanOps, BoundingRect, Coord, LineString, MultiPolygon, Polygon, Validation, unary_union,
};
use geojson::{Feature, GeoJson, GeometryValue, JsonObject, Position};
use gis::LatLon;
use gis::dedupe::neighbourhood::Bounds;

use crate::plane::Plane;

/// Least area of a polygon, square metres.
const LEAST_M2: f64 = 1.0;
/// Greatest extent of an area, metres: beyond it the plane no longer holds.
const MOST_EXTENT_M: f64 = 120_000.0;
/// Most corners of all rings together.
const MOST_CORNERS: usize = 200_000;

/// An area in metres on a plane around its centre.
#[derive(Debug, Clone, PartialEq)]
pub struct Area {
    /// The plane.
    pub plane: Plane,
    /// Its polygons, which do not overlap.
    pub shape: MultiPolygon<f64>,
}

/// A polygon of a file with what is said of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// Properties of its feature.
    pub properties: JsonObject,
    /// In degrees, x = longitude.
    pub degrees: MultiPolygon<f64>,
}

/// Why an area cannot be flown.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum AreaError {
    /// It is no GeoJSON.
    #[error("not GeoJSON: {0}")]
    NotJson(String),
    /// A geometry of another kind.
    #[error("feature {feature} is a {found}; give a Polygon or MultiPolygon")]
    NotPolygon {
        /// Index of the feature.
        feature: usize,
        /// What it is.
        found: String,
    },
    /// Nothing in it.
    #[error("it holds no polygon")]
    Empty,
    /// A position is none.
    #[error("feature {feature}: position {position} is {value}; give longitude and latitude in degrees")]
    BadPosition {
        /// Index of the feature.
        feature: usize,
        /// Index in its ring.
        position: usize,
        /// What is there.
        value: String,
    },
    /// A polygon that is none.
    #[error("feature {feature}: {reason}")]
    Invalid {
        /// Index of the feature.
        feature: usize,
        /// What is wrong.
        reason: String,
    },
    /// Across the antimeridian.
    #[error(
        "feature {feature} spans {span_deg:.1} degrees of longitude; cut an area at the antimeridian and plan each side"
    )]
    Antimeridian {
        /// Index of the feature.
        feature: usize,
        /// Its span.
        span_deg: f64,
    },
    /// Too small to be seen.
    #[error("feature {feature} has {area_m2:.3} square metres; the least is {LEAST_M2}")]
    Tiny {
        /// Index of the feature.
        feature: usize,
        /// Its area.
        area_m2: f64,
    },
    /// Too large for one plan.
    #[error("the area is {extent_m:.0} m across; the most is {MOST_EXTENT_M} m, plan its parts")]
    Huge {
        /// How large.
        extent_m: f64,
    },
    /// Too many corners.
    #[error("{0} corners are too many; simplify to {MOST_CORNERS} or fewer")]
    Corners(usize),
}

impl Area {
    /// Reads all polygons of a Feature, FeatureCollection or geometry as one area.
    ///
    /// # Errors
    /// When the text is no GeoJSON of polygons that can be flown.
    pub fn from_geojson(text: &str) -> Result<Self, AreaError> {
        Self::of(&asked_from_geojson(text)?)
    }

    /// Returns the union of polygons.
    ///
    /// # Errors
    /// When they are too small or too far apart.
    pub fn of(asked: &[Asked]) -> Result<Self, AreaError> {
        let degrees: Vec<&Polygon<f64>> = asked.iter().flat_map(|a| &a.degrees.0).collect();
        let whole = MultiPolygon::new(degrees.into_iter().cloned().collect());
        let rect = whole.bounding_rect().ok_or(AreaError::Empty)?;
        let centre = rect.center();
        let plane = Plane::around(LatLon { lat_deg: centre.y, lon_deg: centre.x });
        for (feature, asked) in asked.iter().enumerate() {
            for polygon in &plane.metres_of(&asked.degrees).0 {
                let area_m2 = polygon.unsigned_area();
                if area_m2.is_nan() || area_m2 < LEAST_M2 {
                    return Err(AreaError::Tiny { feature, area_m2 });
                }
            }
        }
        let metres = plane.metres_of(&whole);
        let rect = metres.bounding_rect().ok_or(AreaError::Empty)?;
        let extent_m = rect.width().max(rect.height());
        if extent_m.is_nan() || extent_m > MOST_EXTENT_M {
            return Err(AreaError::Huge { extent_m });
        }
        let shape = if metres.0.len() > 1 { unary_union(&metres.0) } else { metres };
        Ok(Self { plane, shape })
    }

    /// Returns the area without other polygons in metres.
    #[must_use]
    pub fn without(&self, others: &MultiPolygon<f64>) -> Self {
        Self { plane: self.plane, shape: self.shape.difference(others) }
    }

    /// Returns the box around it.
    pub fn bounds(&self) -> Option<Bounds> {
        let rect = self.plane.degrees_of(&self.shape).bounding_rect()?;
        let (least, most) = (rect.min(), rect.max());
        Some(Bounds { south_deg: least.y, west_deg: least.x, north_deg: most.y, east_deg: most.x })
    }

    /// Returns its size, square metres.
    pub fn size_m2(&self) -> f64 {
        self.shape.unsigned_area()
    }
}

/// Reads the polygons of a file feature by feature, each checked.
///
/// # Errors
/// When the text is no GeoJSON of valid polygons.
pub fn asked_from_geojson(text: &str) -> Result<Vec<Asked>, AreaError> {
    let text = text.trim_start_matches('\u{feff}');
    let read: GeoJson =
        text.parse().map_err(|error: geojson::Error| AreaError::NotJson(error.to_string()))?;
    let features = match read {
        GeoJson::FeatureCollection(collection) => collection.features,
        GeoJson::Feature(feature) => vec![feature],
        GeoJson::Geometry(geometry) => vec![Feature::from(geometry)],
    };
    let mut corners = 0;
    let mut asked = Vec::new();
    for (index, feature) in features.into_iter().enumerate() {
        let Some(geometry) = feature.geometry else {
            return Err(AreaError::NotPolygon {
                feature: index,
                found: "feature without geometry".to_owned(),
            });
        };
        let degrees = polygons(index, geometry.value, &mut corners)?;
        asked.push(Asked { properties: feature.properties.unwrap_or_default(), degrees });
    }
    if asked.is_empty() { Err(AreaError::Empty) } else { Ok(asked) }
}

fn polygons(
    feature: usize,
    geometry: GeometryValue,
    corners: &mut usize,
) -> Result<MultiPolygon<f64>, AreaError> {
    let polygons = match geometry {
        GeometryValue::Polygon { coordinates } => vec![coordinates],
        GeometryValue::MultiPolygon { coordinates } => coordinates,
        other => return Err(AreaError::NotPolygon { feature, found: other.type_name().to_owned() }),
    };
    *corners += polygons.iter().flatten().map(Vec::len).sum::<usize>();
    if *corners > MOST_CORNERS {
        return Err(AreaError::Corners(*corners));
    }
    let mut read = Vec::new();
    for rings in polygons {
        let mut rings = rings.iter().map(|ring| line(feature, ring));
        let Some(outer) = rings.next() else { return Err(AreaError::Empty) };
        read.push(Polygon::new(outer?, rings.collect::<Result<_, _>>()?));
    }
    let read = MultiPolygon::new(read);
    check(feature, &read)?;
    Ok(read)
}

fn line(feature: usize, ring: &[Position]) -> Result<LineString<f64>, AreaError> {
    let place = |(position, numbers): (usize, &Position)| {
        let bad = || AreaError::BadPosition { feature, position, value: format!("{:?}", numbers.as_slice()) };
        let [lon_deg, lat_deg, ..] = *numbers.as_slice() else { return Err(bad()) };
        LatLon::new(lat_deg, lon_deg).map(|at| Coord { x: at.lon_deg, y: at.lat_deg }).ok_or_else(bad)
    };
    ring.iter().enumerate().map(place).collect::<Result<Vec<_>, _>>().map(LineString::new)
}

fn check(feature: usize, polygons: &MultiPolygon<f64>) -> Result<(), AreaError> {
    let Some(rect) = polygons.bounding_rect() else { return Err(AreaError::Empty) };
    if rect.width() > 180.0 {
        return Err(AreaError::Antimeridian { feature, span_deg: rect.width() });
    }
    polygons.check_validation().map_err(|invalid| AreaError::Invalid { feature, reason: invalid.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(corners: &str) -> String {
        format!(r#"{{"type":"Polygon","coordinates":[[{corners}]]}}"#)
    }

    #[test]
    fn geometry_feature_and_collection_are_read_alike() {
        let polygon = ring("[118.86,28.95],[118.87,28.95],[118.87,28.96],[118.86,28.95]");
        let feature = format!(r#"{{"type":"Feature","properties":null,"geometry":{polygon}}}"#);
        let collection = format!(r#"{{"type":"FeatureCollection","features":[{feature}]}}"#);
        let areas = [&polygon, &feature, &collection].map(|text| Area::from_geojson(text).unwrap());
        assert_eq!(areas[0], areas[1]);
        assert_eq!(areas[0], areas[2]);
        assert!((areas[0].size_m2() - 0.5 * 974.0 * 1108.0).abs() < 5000.0, "{}", areas[0].size_m2());
    }

    #[test]
    fn overlapping_polygons_are_one_area() {
        let square = |x: f64| {
            let corners = format!("[{x},28.95],[{0},28.95],[{0},28.96],[{x},28.96],[{x},28.95]", x + 0.01);
            format!(r#"{{"type":"Feature","properties":{{}},"geometry":{}}}"#, ring(&corners))
        };
        let text =
            format!(r#"{{"type":"FeatureCollection","features":[{},{}]}}"#, square(118.86), square(118.865));
        let one = Area::from_geojson(&square(118.86)).unwrap().size_m2();
        let both = Area::from_geojson(&text).unwrap().size_m2();
        assert!((both / one - 1.5).abs() < 1e-3, "{}", both / one);
    }

    #[test]
    fn what_is_no_area_is_refused_with_the_reason() {
        let refused = |text: &str, part: &str| {
            let error = Area::from_geojson(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        refused("{", "not GeoJSON");
        refused(r#"{"type":"FeatureCollection","features":[]}"#, "no polygon");
        refused(r#"{"type":"Point","coordinates":[1,2]}"#, "feature 0 is a Point");
        refused(&ring("[0,0],[0.01,0.01],[0.01,0],[0,0.01],[0,0]"), "self-intersection");
        refused(&ring("[0,0],[1e-9,0],[0,1e-9],[0,0]"), "square metres");
        refused(&ring("[0,0],[40,0],[40,40],[0,0]"), "m across");
        refused(&ring("[-179.9,0],[179.9,0],[179.9,1],[-179.9,0]"), "antimeridian");
        refused(&ring("[200,0],[1,0],[1,1],[200,0]"), "position 0 is [200.0, 0.0]");
        refused(&ring("[0],[1,0],[1,1],[0]"), "position");
        refused(&ring("[0,0],[1,0]"), "");
        refused(&ring("[0,1e999],[1,0],[1,1],[0,0]"), "");
    }
}
