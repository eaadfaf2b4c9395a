//! What `georef` prints: CSV or GeoJSON.

use geojson::{Feature, FeatureCollection, Geometry, GeometryValue, JsonObject};
use gis::error_ellipse::{ce90_m, error_ellipse, le90_m};
use gis::{GroundPosition, NotLocated};
use serde::Serialize;
use serde_json::{Value, json};

use super::{Answer, Reason};
use crate::cli::PointFormat;

/// Datum of every height printed.
const DATUM: &str = "wgs84_ellipsoid";

#[derive(Serialize)]
struct Row<'a> {
    image: &'a str,
    u: f64,
    v: f64,
    lat_deg: Option<String>,
    lon_deg: Option<String>,
    height_m: Option<String>,
    datum: Option<&'a str>,
    ce90_m: Option<String>,
    le90_m: Option<String>,
    reason: Option<String>,
}

/// Prints all answers.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(answers: &[Answer], format: PointFormat) -> anyhow::Result<()> {
    let text = match format {
        PointFormat::Csv => csv(answers)?,
        PointFormat::Geojson => serde_json::to_string(&geojson(answers))?,
    };
    Ok(crate::output::print(text.trim_end())?)
}

fn csv(answers: &[Answer]) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for answer in answers {
        writer.serialize(row(answer))?;
    }
    Ok(String::from_utf8(writer.into_inner().map_err(csv::IntoInnerError::into_error)?)?)
}

fn row(answer: &Answer) -> Row<'_> {
    let found = answer.found.as_ref().ok();
    // 1e-8 degrees are 1 mm.
    let degrees = |value: f64| format!("{value:.8}");
    let metres = |value: f64| format!("{value:.3}");
    let with =
        |value: fn(&GroundPosition) -> f64, text: &dyn Fn(f64) -> String| found.map(|p| text(value(p)));
    Row {
        image: &answer.pixel.image,
        u: answer.pixel.u_px,
        v: answer.pixel.v_px,
        lat_deg: with(|p| p.point.lat_lon.lat_deg, &degrees),
        lon_deg: with(|p| p.point.lat_lon.lon_deg, &degrees),
        height_m: with(|p| p.point.height.0, &metres),
        datum: found.map(|_| DATUM),
        ce90_m: with(|p| ce90_m(&p.covariance_enu_m2), &metres),
        le90_m: with(|p| le90_m(&p.covariance_enu_m2), &metres),
        reason: answer.found.as_ref().err().map(|reason| reason_text(*reason)),
    }
}

fn geojson(answers: &[Answer]) -> FeatureCollection {
    let feature = |answer: &Answer| Feature {
        geometry: answer.found.as_ref().ok().map(|found| {
            let point = found.point;
            let position = vec![point.lat_lon.lon_deg, point.lat_lon.lat_deg, point.height.0];
            Geometry::new(GeometryValue::new_point(position))
        }),
        properties: Some(properties(answer)),
        ..Feature::default()
    };
    FeatureCollection { bbox: None, features: answers.iter().map(feature).collect(), foreign_members: None }
}

fn properties(answer: &Answer) -> JsonObject {
    let pixel = &answer.pixel;
    let value = match &answer.found {
        Ok(found) => {
            let ellipse = error_ellipse(&found.covariance_enu_m2);
            json!({
                "image": pixel.image, "u": pixel.u_px, "v": pixel.v_px,
                "height_m": found.point.height.0, "datum": DATUM, "terrain_kind": answer.kind,
                "ce90_m": ce90_m(&found.covariance_enu_m2), "le90_m": le90_m(&found.covariance_enu_m2),
                "error_ellipse": ellipse,
            })
        }
        Err(reason) => json!({
            "image": pixel.image, "u": pixel.u_px, "v": pixel.v_px, "reason": reason_text(*reason),
        }),
    };
    match value {
        Value::Object(properties) => properties,
        _ => JsonObject::new(),
    }
}

fn reason_text(reason: Reason) -> String {
    let named = |reason: NotLocated| serde_json::to_value(reason).ok()?.as_str().map(str::to_owned);
    match reason {
        Reason::UnknownImage => "unknown_image".to_owned(),
        Reason::OutsidePicture => "outside_picture".to_owned(),
        Reason::NoTerrain => "no_terrain".to_owned(),
        Reason::NotLocated(reason) => named(reason).unwrap_or_default(),
    }
}
