//! The points of `route`: a CSV file whose columns are found by their names, each row for itself.

use std::path::Path;

use anyhow::{Context, bail};
use csv::StringRecord;
use dispatch::{RuleSet, Severity};
use gis::{EllipsoidHeight, GeoPoint, GroundPosition, LatLon};
use jiff::Timestamp;
use jiff::civil::DateTime;
use nalgebra::{Matrix3, Vector3};

/// Columns that there may be.
const COLUMNS: [&str; 10] = [
    "id",
    "lat_deg",
    "lon_deg",
    "class",
    "area_m2",
    "severity",
    "time",
    "ce90_m",
    "sigma_east_m",
    "sigma_north_m",
];
/// Columns that there must be.
const NEEDED: [&str; 3] = ["lat_deg", "lon_deg", "class"];
/// 90 % radius of a circular error of one standard deviation 1 (Rayleigh distribution).
const CE90_OF_SIGMA: f64 = 2.145_966;

/// One point that is asked about.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Line in the file.
    pub line: u64,
    /// As in the file; empty where it has none.
    pub id: String,
    /// Class of the finding.
    pub class: String,
    /// Where it lies; exact where no error is given.
    pub position: GroundPosition,
    /// Its area.
    pub area_m2: Option<f64>,
    /// Its severity, where the area does not say it.
    pub severity: Option<Severity>,
    /// When it was seen.
    pub time: Option<Timestamp>,
}

/// The points of a file, and the rows that are none.
#[derive(Debug)]
pub struct Points {
    /// Points in the order of the file.
    pub points: Vec<Point>,
    /// What is wrong with the other rows, each with its line and value.
    pub faults: Vec<String>,
}

/// Reads the points; a row that cannot be read is a fault and the rest goes on.
///
/// # Errors
/// When the file cannot be read, or its head lacks a column or has one that is not known.
pub fn points(path: &Path, rules: &RuleSet) -> anyhow::Result<Points> {
    let name = path.display();
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .flexible(true)
        .from_path(path)
        .with_context(|| format!("cannot read {name}"))?;
    let head: Vec<String> = reader
        .headers()
        .with_context(|| format!("cannot read {name}"))?
        .iter()
        .map(|column| column.trim_start_matches('\u{feff}').to_owned())
        .collect();
    check_head(&head).with_context(|| format!("{name}: line 1"))?;
    let mut read = Points { points: Vec::new(), faults: Vec::new() };
    for record in reader.records() {
        match record {
            Ok(record) => {
                let line = record.position().map_or(0, csv::Position::line);
                match point(line, &head, &record, rules) {
                    Ok(point) => read.points.push(point),
                    Err(fault) => read.faults.push(format!("{name}: line {line}: {fault}")),
                }
            }
            // A row that is no text is lost, the reader goes on after it; a file that breaks off is not.
            Err(error) if matches!(error.kind(), csv::ErrorKind::Utf8 { .. }) => {
                let line = error.position().map_or(0, csv::Position::line);
                read.faults.push(format!("{name}: line {line}: is not UTF-8"));
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {name}")),
        }
    }
    Ok(read)
}

fn check_head(head: &[String]) -> anyhow::Result<()> {
    if let Some(column) = head.iter().find(|column| !COLUMNS.contains(&column.as_str())) {
        bail!("column {column:?} is not known; known are {}", COLUMNS.join(", "));
    }
    if let Some(column) = NEEDED.iter().find(|column| head.iter().all(|found| found != *column)) {
        bail!("there is no column {column}; there are {}", head.join(", "));
    }
    if let Some((_, column)) =
        head.iter().enumerate().find(|(index, column)| head.iter().take(*index).any(|other| other == *column))
    {
        bail!("column {column} comes twice");
    }
    Ok(())
}

/// A row by the names of its columns; empty cells are absent.
struct Row<'a> {
    head: &'a [String],
    record: &'a StringRecord,
}

impl<'a> Row<'a> {
    fn text(&self, column: &str) -> Option<&'a str> {
        let index = self.head.iter().position(|found| found == column)?;
        self.record.get(index).filter(|text| !text.is_empty())
    }

    fn needed(&self, column: &str) -> Result<&'a str, String> {
        self.text(column).ok_or_else(|| format!("{column} is empty"))
    }

    fn number(&self, column: &str) -> Result<Option<f64>, String> {
        self.text(column).map(|text| number(column, text)).transpose()
    }

    /// A number that is not below 0.
    fn measure(&self, column: &str) -> Result<Option<f64>, String> {
        match self.number(column)? {
            Some(value) if value < 0.0 => Err(format!("{column} is {value}, expected 0 or more")),
            other => Ok(other),
        }
    }
}

fn number(column: &str, text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("{column} is {text:?}, expected a number"))?;
    if value.is_finite() { Ok(value) } else { Err(format!("{column} is {text}, expected a finite number")) }
}

fn point(line: u64, head: &[String], record: &StringRecord, rules: &RuleSet) -> Result<Point, String> {
    if record.len() != head.len() {
        return Err(format!("has {} cells, the head has {}", record.len(), head.len()));
    }
    let row = Row { head, record };
    let lat_deg = number("lat_deg", row.needed("lat_deg")?)?;
    let lon_deg = number("lon_deg", row.needed("lon_deg")?)?;
    let lat_lon = LatLon::new(lat_deg, lon_deg)
        .ok_or_else(|| format!("lat_deg {lat_deg} lon_deg {lon_deg} is not on the globe"))?;
    let class = row.needed("class")?.to_owned();
    let (area_m2, severity) = (row.measure("area_m2")?, severity(&row)?);
    if let (Some(area_m2), Some(_)) = (area_m2, severity) {
        return Err(format!(
            "area_m2 {area_m2} and severity stand side by side: the area gives the severity"
        ));
    }
    let height = EllipsoidHeight(0.0);
    let position = GroundPosition::new(GeoPoint { lat_lon, height }, covariance(&row)?);
    let id = row.text("id").unwrap_or_default().to_owned();
    Ok(Point { line, id, class, position, area_m2, severity, time: time(&row, rules)? })
}

fn severity(row: &Row<'_>) -> Result<Option<Severity>, String> {
    let wrong = |text| format!("severity is {text:?}, known are minor, moderate and severe");
    row.text("severity")
        .map(|text| match text {
            "minor" => Ok(Severity::Minor),
            "moderate" => Ok(Severity::Moderate),
            "severe" => Ok(Severity::Severe),
            other => Err(wrong(other)),
        })
        .transpose()
}

/// A moment with its offset, or a time of day in the city.
fn time(row: &Row<'_>, rules: &RuleSet) -> Result<Option<Timestamp>, String> {
    let Some(text) = row.text("time") else { return Ok(None) };
    let local = || {
        let civil: DateTime = text.parse().ok()?;
        rules.calendar.timestamp(civil.date(), civil.time())
    };
    let moment = text.parse().ok().or_else(local);
    moment.map(Some).ok_or_else(|| {
        format!("time is {text:?}, expected one such as 2026-06-20T08:00:00Z or 2026-06-20T16:00 in the time of the city")
    })
}

fn covariance(row: &Row<'_>) -> Result<Matrix3<f64>, String> {
    let (ce90_m, east_m, north_m) =
        (row.measure("ce90_m")?, row.measure("sigma_east_m")?, row.measure("sigma_north_m")?);
    let (east_m, north_m) = match (ce90_m, east_m, north_m) {
        (None, None, None) => (0.0, 0.0),
        (Some(ce90_m), None, None) => (ce90_m / CE90_OF_SIGMA, ce90_m / CE90_OF_SIGMA),
        (None, Some(east_m), Some(north_m)) => (east_m, north_m),
        (None, Some(_), None) => return Err("sigma_north_m is empty beside sigma_east_m".to_owned()),
        (None, None, Some(_)) => return Err("sigma_east_m is empty beside sigma_north_m".to_owned()),
        (Some(ce90_m), _, _) => {
            return Err(format!(
                "ce90_m {ce90_m} and a standard deviation stand side by side: give one of them"
            ));
        }
    };
    Ok(Matrix3::from_diagonal(&Vector3::new(east_m.powi(2), north_m.powi(2), 0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> anyhow::Result<Points> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.csv");
        std::fs::write(&path, text).unwrap();
        let rules = RuleSet::from_toml(include_str!("../../../../configs/rules.toml")).unwrap();
        points(&path, &rules)
    }

    #[test]
    fn columns_are_found_by_name_and_the_rest_is_absent() {
        let read = read("class,lon_deg,lat_deg,time\nfume,118.8,28.9,2026-06-20T16:00\n").unwrap();
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let point = &read.points[0];
        assert_eq!((point.line, point.class.as_str()), (2, "fume"));
        assert_eq!(point.time, Some("2026-06-20T08:00:00Z".parse().unwrap()));
        assert_eq!((point.area_m2, point.severity), (None, None));
        assert!(point.position.covariance_enu_m2.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn bad_rows_are_named_by_line_and_value_and_the_rest_goes_on() {
        let read = read(
            "id,lat_deg,lon_deg,class,area_m2,severity,time,ce90_m,sigma_east_m,sigma_north_m\n\
             a,28.9,118.8,fume,,,,,,\n\
             b,95,118.8,fume,,,,,,\n\
             c,28.9,118.8,,,,,,,\n\
             d,28.9,118.8,fume,-3,,,,,\n\
             e,28.9,118.8,fume,3,minor,,,,\n\
             f,28.9,118.8,fume,,bad,,,,\n\
             g,28.9,118.8,fume,,,noon,,,\n\
             h,28.9,118.8,fume,,,,3,1,1\n\
             i,28.9,118.8,fume,,,,,1,\n\
             j,nan,118.8,fume,,,,,,\n\
             k,28.9,118.8\n\
             l,28.9,118.8,fume,12,,2026-06-20T08:00:00Z,4.292,,\n",
        )
        .unwrap();
        let lines: Vec<u64> = read.points.iter().map(|point| point.line).collect();
        assert_eq!(lines, [2, 13]);
        let sigma_m = read.points[1].position.covariance_enu_m2[(0, 0)].sqrt();
        assert!((sigma_m - 2.0).abs() < 1e-3, "{sigma_m}");
        let expect = [
            "line 3: lat_deg 95 lon_deg 118.8 is not on the globe",
            "line 4: class is empty",
            "line 5: area_m2 is -3, expected 0 or more",
            "line 6: area_m2 3 and severity stand side by side",
            "line 7: severity is \"bad\"",
            "line 8: time is \"noon\"",
            "line 9: ce90_m 3 and a standard deviation",
            "line 10: sigma_north_m is empty beside sigma_east_m",
            "line 11: lat_deg is nan, expected a finite number",
            "line 12: has 3 cells, the head has 10",
        ];
        assert_eq!(read.faults.len(), expect.len(), "{:#?}", read.faults);
        for (fault, expect) in read.faults.iter().zip(expect) {
            assert!(fault.contains(expect), "{fault} for {expect}");
        }
    }

    #[test]
    fn head_without_a_needed_column_or_with_an_unknown_one_is_refused() {
        let refused = |text: &str| format!("{:#}", read(text).unwrap_err());
        assert!(refused("lat_deg,lon_deg\n1,2\n").contains("there is no column class"));
        assert!(refused("lat,lon,class\n1,2,fume\n").contains("column \"lat\" is not known"));
        assert!(refused("lat_deg,lon_deg,class,class\n").contains("column class comes twice"));
    }
}
