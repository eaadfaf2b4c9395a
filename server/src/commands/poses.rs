//! Tables of poses (CSV), one row a picture, as `georef` and `calibrate mount` read them.
//!
//! | column | what |
//! |---|---|
//! | `image` | path or base name of the picture |
//! | `lat_deg`, `lon_deg` | WGS-84 |
//! | `ellipsoid_height_m`, `geoid_height_m`, `above_takeoff_m`, `unknown_datum_height_m` | height of the camera, at least one |
//! | `heading_deg`, `pitch_deg`, `roll_deg` | the camera's own, against true north and the horizon |
//! | `sigma_east_m`, `sigma_north_m`, `sigma_up_m` | one standard deviation of the place; all three or none |
//! | `width_px`, `height_px`, `focal_px` | picture and lens; all three or none, then another file names the lens |
//! | `time` | of the picture, RFC 3339 |

use std::path::Path;

use anyhow::{anyhow, bail};
use gis::{AboveTakeoffHeight, Attitude, EllipsoidHeight, GeoidHeight, LatLon};
use jiff::Timestamp;
use models::SizePx;
use pipeline::telemetry::{RecordedLens, Sample};
use serde::Deserialize;

use super::georef::input::{finite, rows};

/// A picture whose pose a table tells.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordedPose {
    /// Path or base name.
    pub image: String,
    /// Line of the table.
    pub line: u64,
    /// Pose, and lens where the table tells it.
    pub sample: Sample,
    /// Size of the picture, where the table tells it.
    pub size: Option<SizePx>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct PoseRow {
    image: String,
    lat_deg: f64,
    lon_deg: f64,
    ellipsoid_height_m: Option<f64>,
    geoid_height_m: Option<f64>,
    above_takeoff_m: Option<f64>,
    unknown_datum_height_m: Option<f64>,
    heading_deg: f64,
    pitch_deg: f64,
    roll_deg: f64,
    sigma_east_m: Option<f64>,
    sigma_north_m: Option<f64>,
    sigma_up_m: Option<f64>,
    width_px: Option<u32>,
    height_px: Option<u32>,
    focal_px: Option<f64>,
    time: Option<Timestamp>,
}

/// Reads the poses in the order of the file.
///
/// # Errors
/// When a row cannot be read, a number is not finite or off the globe, a height is missing, a group of columns is given in part, or a
/// picture comes twice; the message names line and column.
pub fn read(path: &Path) -> anyhow::Result<Vec<RecordedPose>> {
    let mut all: Vec<RecordedPose> = Vec::new();
    for (line, row) in rows::<PoseRow>(path)? {
        let place = format!("{}: line {line}", path.display());
        if all.iter().any(|pose| pose.image == row.image) {
            bail!("{place}: image: {:?} comes a second time", row.image);
        }
        finite(path, line, &row.numbers())?;
        let sample = row.sample().map_err(|reason| anyhow!("{place}: {reason}"))?;
        let size = row.width_px.zip(row.height_px).map(|(width, height)| SizePx { width, height });
        all.push(RecordedPose { image: row.image, line, sample, size });
    }
    Ok(all)
}

impl PoseRow {
    fn heights(&self) -> [(&'static str, Option<f64>); 4] {
        [
            ("ellipsoid_height_m", self.ellipsoid_height_m),
            ("geoid_height_m", self.geoid_height_m),
            ("above_takeoff_m", self.above_takeoff_m),
            ("unknown_datum_height_m", self.unknown_datum_height_m),
        ]
    }

    fn sigmas(&self) -> [(&'static str, Option<f64>); 3] {
        [
            ("sigma_east_m", self.sigma_east_m),
            ("sigma_north_m", self.sigma_north_m),
            ("sigma_up_m", self.sigma_up_m),
        ]
    }

    /// Every number that is there, by its column.
    fn numbers(&self) -> Vec<(&'static str, f64)> {
        let always = [
            ("lat_deg", self.lat_deg),
            ("lon_deg", self.lon_deg),
            ("heading_deg", self.heading_deg),
            ("pitch_deg", self.pitch_deg),
            ("roll_deg", self.roll_deg),
        ];
        let given = self.heights().into_iter().chain(self.sigmas()).chain([("focal_px", self.focal_px)]);
        always.into_iter().chain(given.filter_map(|(name, value)| Some((name, value?)))).collect()
    }

    fn sample(&self) -> Result<Sample, String> {
        if self.heights().iter().all(|(_, value)| value.is_none()) {
            let names = self.heights().map(|(name, _)| name).join(", ");
            return Err(format!("no height; give one of {names}"));
        }
        let position = LatLon::new(self.lat_deg, self.lon_deg).ok_or_else(|| {
            format!("lat_deg {}, lon_deg {} is not on the globe", self.lat_deg, self.lon_deg)
        })?;
        Ok(Sample {
            time: self.time,
            position: Some(position),
            ellipsoid_height: self.ellipsoid_height_m.map(EllipsoidHeight),
            geoid_height: self.geoid_height_m.map(GeoidHeight),
            above_takeoff: self.above_takeoff_m.map(AboveTakeoffHeight),
            unknown_datum_height_m: self.unknown_datum_height_m,
            camera_absolute: Some(Attitude {
                heading_deg: self.heading_deg,
                pitch_deg: self.pitch_deg,
                roll_deg: self.roll_deg,
            }),
            position_sigma_m: whole(self.sigmas())?,
            lens: self.lens()?,
            ..Sample::default()
        })
    }

    fn lens(&self) -> Result<Option<RecordedLens>, String> {
        let sides =
            [("width_px", self.width_px.map(f64::from)), ("height_px", self.height_px.map(f64::from))];
        let [width, height] = sides;
        let Some([width_px, height_px, focal_px]) = whole([width, height, ("focal_px", self.focal_px)])?
        else {
            return Ok(None);
        };
        let wrong = [("width_px", width_px), ("height_px", height_px), ("focal_px", focal_px)];
        if let Some((name, value)) = wrong.into_iter().find(|(_, value)| *value <= 0.0) {
            return Err(format!("{name} is {value}, expected a number above 0"));
        }
        Ok(Some(RecordedLens {
            full_px: Some([width_px, height_px]),
            fx_px: focal_px,
            fy_px: focal_px,
            cx_offset_px: 0.0,
            cy_offset_px: 0.0,
            radial: [0.0; 3],
            tangential: [0.0; 2],
        }))
    }
}

/// Returns three values that belong together, nothing where none is given, and an error where one lacks.
fn whole(values: [(&str, Option<f64>); 3]) -> Result<Option<[f64; 3]>, String> {
    match values.map(|(_, value)| value) {
        [Some(a), Some(b), Some(c)] => Ok(Some([a, b, c])),
        [None, None, None] => Ok(None),
        _ => {
            let missing = values.iter().find(|(_, value)| value.is_none()).map_or("", |(name, _)| *name);
            Err(format!("{missing}: missing; {} are given together", values.map(|(name, _)| name).join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "image,lat_deg,lon_deg,geoid_height_m,heading_deg,pitch_deg,roll_deg";

    fn table(head: &str, row: &str) -> Result<Vec<RecordedPose>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("poses.csv");
        std::fs::write(&path, format!("{head}\n{row}\n")).unwrap();
        let shown = format!("{}: ", path.display());
        read(&path).map_err(|error| error.to_string().replace(&shown, ""))
    }

    #[test]
    fn a_row_with_its_lens_and_time_is_whole_by_itself() {
        let head = format!("{HEAD},time,width_px,height_px,focal_px");
        let found = table(&head, "a.jpg,29,118.9,150,90,-45,0,2026-07-01T08:00:00Z,4000,3000,3000").unwrap();
        let pose = found.first().unwrap();
        assert_eq!(pose.size, Some(SizePx { width: 4000, height: 3000 }));
        assert!((pose.sample.lens.unwrap().fx_px - 3000.0).abs() < 1e-12);
        assert_eq!(pose.sample.time.unwrap().to_string(), "2026-07-01T08:00:00Z");
        assert_eq!(pose.sample.geoid_height, Some(GeoidHeight(150.0)));
        assert!(pose.sample.position_sigma_m.is_none());
    }

    #[test]
    fn what_is_wrong_is_named_by_line_and_column() {
        let check = |head: &str, row: &str, expect: &str| assert_eq!(table(head, row).unwrap_err(), expect);
        check(HEAD, "a.jpg,95,118.9,150,90,-45,0", "line 2: lat_deg 95, lon_deg 118.9 is not on the globe");
        check(HEAD, "a.jpg,29,118.9,150,NaN,-45,0", "line 2: heading_deg is NaN, expected a finite number");
        check(HEAD, "a.jpg,29,118.9,150,north,-45,0", "line 2: heading_deg: invalid float literal");
        let sigma = format!("{HEAD},sigma_up_m");
        let expect =
            "line 2: sigma_east_m: missing; sigma_east_m, sigma_north_m, sigma_up_m are given together";
        check(&sigma, "a.jpg,29,118.9,150,90,-45,0,3", expect);
        let lens = format!("{HEAD},width_px,height_px,focal_px");
        check(
            &lens,
            "a.jpg,29,118.9,150,90,-45,0,4000,3000,0",
            "line 2: focal_px is 0, expected a number above 0",
        );
        check(
            HEAD,
            "a.jpg,29,118.9,,90,-45,0",
            "line 2: no height; give one of ellipsoid_height_m, geoid_height_m, above_takeoff_m, unknown_datum_height_m",
        );
        let twice = "a.jpg,29,118.9,150,90,-45,0\na.jpg,29,118.9,150,90,-45,0";
        check(HEAD, twice, "line 3: image: \"a.jpg\" comes a second time");
    }
}
