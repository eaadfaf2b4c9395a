//! PROJ's own tests (gie files) through the projections the product uses.
//!
//! The product reads coordinates by EPSG code with `proj4rs`; PROJ's pipelines, axis swaps and unit conversions are no part of it.

use std::collections::BTreeMap;

use gis::crs::as_proj4rs_reads;
use proj4rs::Proj;
use proj4rs::transform::transform;

use crate::reference::text;
use crate::row::Row;

const FILES: [&str; 6] =
    ["axisswap", "unitconvert", "ellipsoid", "builtins", "more_builtins", "4D-API_cs2cs-style"];
/// Blocks of `builtins` that boundary files, terrain and surveys come in, and the whole file of ellipsoids.
const NEEDED: [&str; 6] = ["utm", "tmerc", "merc", "webmerc", "lcc", "cart"];
/// Keys that describe the ellipsoid.
const ELLIPSOID: [&str; 9] = ["ellps", "a", "b", "rf", "f", "R", "es", "e", "datum"];

/// One expectation of a gie file.
struct Case {
    file: &'static str,
    operation: String,
    tolerance_m: f64,
    inverse: bool,
    accept: Option<Vec<f64>>,
    expect: Option<Vec<f64>>,
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    let text = text.split('#').next()?.replace('_', "");
    text.split_whitespace().map(|cell| cell.parse().ok()).collect()
}

fn tolerance(text: &str) -> f64 {
    let mut parts = text.split_whitespace();
    let value: f64 = parts.next().and_then(|value| value.parse().ok()).unwrap_or(0.5e-3);
    let unit = match parts.next() {
        Some("nm") => 1e-9,
        Some("um") => 1e-6,
        Some("mm") => 1e-3,
        Some("cm") => 1e-2,
        _ => 1.0,
    };
    value * unit
}

fn cases(file: &'static str) -> Option<Vec<Case>> {
    let text = text(&format!("vectors/proj_gie/{file}.gie"))?;
    let (mut operation, mut tolerance_m, mut inverse, mut accept) = (String::new(), 0.5e-3, false, None);
    let mut cases = Vec::new();
    let mut within = false;
    for line in text.lines() {
        let (word, rest) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), ""));
        match word {
            "<gie-strict>" | "<gie>" => within = true,
            "</gie-strict>" | "</gie>" => within = false,
            _ if !within => {}
            "operation" => {
                rest.trim().clone_into(&mut operation);
                (tolerance_m, inverse, accept) = (0.5e-3, false, None);
            }
            "tolerance" => tolerance_m = tolerance(rest),
            "direction" => inverse = rest.trim().starts_with("inv"),
            "accept" => accept = numbers(rest),
            "expect" => cases.push(Case {
                file,
                operation: operation.clone(),
                tolerance_m,
                inverse,
                accept: accept.clone(),
                expect: if rest.trim().starts_with("failure") { None } else { numbers(rest) },
            }),
            _ if word.starts_with('+') && !operation.is_empty() => {
                operation = format!("{operation} {}", line.trim());
            }
            _ => {}
        }
    }
    Some(cases)
}

enum Outcome {
    Met,
    Missed,
    /// The library has no such operation.
    Unknown,
}

fn projection(operation: &str) -> Option<&str> {
    operation.split_whitespace().find_map(|word| word.trim_start_matches('+').strip_prefix("proj="))
}

fn run(case: &Case) -> Outcome {
    let words: Vec<String> =
        case.operation.split_whitespace().map(|word| format!("+{}", word.trim_start_matches('+'))).collect();
    let plain = as_proj4rs_reads(&words.join(" ")).replace("+proj=cart", "+proj=geocent");
    let ellipsoid: Vec<&String> = words
        .iter()
        .filter(|word| ELLIPSOID.contains(&word.trim_start_matches('+').split('=').next().unwrap_or("")))
        .collect();
    let ellipsoid = ellipsoid.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" ");
    let ellipsoid = if ellipsoid.is_empty() { "+ellps=GRS80" } else { &ellipsoid };
    let to = Proj::from_proj_string(&if plain.contains(ellipsoid) {
        plain
    } else {
        format!("{plain} {ellipsoid}")
    });
    let from = Proj::from_proj_string(&format!("+proj=longlat {ellipsoid}"));
    let (Ok(from), Ok(to)) = (from, to) else {
        return if case.expect.is_none() { Outcome::Met } else { Outcome::Unknown };
    };
    let found = case.accept.as_ref().and_then(|at| forward(&from, &to, at, case.inverse));
    match (found, &case.expect) {
        (None, None) => Outcome::Met,
        (Some(found), Some(expect)) => {
            let off = found.iter().zip(expect).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let off_m = if case.inverse { off * 111_000.0 } else { off };
            if off_m <= case.tolerance_m.max(1e-6) { Outcome::Met } else { Outcome::Missed }
        }
        _ => Outcome::Missed,
    }
}

fn forward(from: &Proj, to: &Proj, at: &[f64], inverse: bool) -> Option<Vec<f64>> {
    let (first, second) = (*at.first()?, *at.get(1)?);
    let third = at.get(2).copied().unwrap_or(0.0);
    let cartesian = to.projname() == "geocent";
    let mut point =
        if inverse { (first, second, third) } else { (first.to_radians(), second.to_radians(), third) };
    let done = if inverse { transform(to, from, &mut point) } else { transform(from, to, &mut point) };
    done.ok()?;
    let (x, y) = if inverse { (point.0.to_degrees(), point.1.to_degrees()) } else { (point.0, point.1) };
    (x.is_finite() && y.is_finite()).then(|| if cartesian { vec![x, y, point.2] } else { vec![x, y] })
}

/// What no definition of the EPSG list asks for: spheres derived from an ellipsoid, ellipsoids flat as a lens, HEALPix, a named
/// algorithm, places a quarter of the earth from the axis of a sphere, and the pole itself less a rounding.
fn is_exotic(case: &Case) -> bool {
    let words = ["R_", "b=6000000", "healpix", "algo=evenden"];
    let far = |at: &Vec<f64>| {
        at.first().is_some_and(|lon| lon.abs() > 90.0) || at.get(1).is_some_and(|lat| lat.abs() > 89.999)
    };
    let on_sphere = case.operation.contains("R=") || case.operation.contains("proj=merc");
    words.iter().any(|word| case.operation.contains(word))
        || (on_sphere && case.accept.as_ref().is_some_and(far))
}

/// Why an operation is not there: the product reaches WGS-84 from EPSG codes by `proj4rs` and runs no pipelines of steps.
fn absence(name: &str) -> &'static str {
    match name {
        "axisswap" => "axis swaps (files are read east first, whatever order EPSG lists)",
        "unitconvert" => "unit conversions (units are part of a projection's definition)",
        "pipeline" | "set" | "push" | "pop" | "" => "pipelines and their steps",
        "helmert" | "molodensky" | "molobadekas" | "affine" | "topocentric" | "deformation" | "defmodel" => {
            "shifts between datums"
        }
        "hgridshift" | "vgridshift" | "xyzgridshift" | "gridshift" | "tinshift" => "shifts by grids",
        _ => "projections that proj4rs has not",
    }
}

/// Every expectation, with what the needed blocks miss.
pub fn gie() -> Row {
    let Some(all) = FILES.into_iter().map(cases).collect::<Option<Vec<_>>>() else {
        return Row::missing("vectors/proj_gie");
    };
    let mut row = Row::default();
    // Met, missed, not there: of all, of the needed blocks, of those what is exotic.
    let mut counts = [[0; 3]; 3];
    let mut absent: BTreeMap<&str, u32> = BTreeMap::new();
    for case in all.iter().flatten() {
        let name = projection(&case.operation).unwrap_or("");
        let is_needed = (case.file == "builtins" && NEEDED.contains(&name)) || case.file == "ellipsoid";
        let outcome = run(case);
        let column = match outcome {
            Outcome::Met => 0,
            Outcome::Missed => 1,
            Outcome::Unknown => {
                *absent.entry(absence(name)).or_default() += 1;
                2
            }
        };
        counts[0][column] += 1;
        if is_needed {
            counts[if is_exotic(case) { 2 } else { 1 }][column] += 1;
            if column > 0 && !is_exotic(case) {
                row = row.note(format!("missed: {}: {} {:?}", case.file, case.operation, case.accept));
            }
        }
    }
    let [all, needed, exotic] = counts;
    for (why, count) in absent {
        row = row.note(format!("not there: {count} {why}"));
    }
    row.at_least(
        "expectations of the needed blocks",
        f64::from(needed[0]),
        f64::from(needed.iter().sum::<i32>()),
        "",
    )
    .note(format!(
        "of those blocks, what no EPSG definition asks for: {} of {} met",
        exotic[0],
        exotic.iter().sum::<i32>()
    ))
    .note(format!(
        "all six files: {} met, {} missed, {} of operations that are not there",
        all[0], all[1], all[2]
    ))
}
