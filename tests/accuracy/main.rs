//! Positions against truth from outside: the table of docs/accuracy.md, one row a reference.
//!
//! Prints every row with its figures and its bar, and fails when one misses. Reference data is read from the folder that
//! `FLYONCE_REFERENCE` names, else from `../shared/reference`; a row without its data says "not measured".

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a table on standard output that fails like a test"
)]

mod boundaries;
mod fixed_cameras;
mod gie;
mod reference;
mod row;
mod surveyed_poses;
mod telemetry_poses;
mod vectors;

use std::process::ExitCode;

use row::Row;

/// Makes one row.
type Measure = fn() -> Row;

fn main() -> ExitCode {
    let only: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let tables: [(&str, Measure); 14] = [
        ("rail2024", surveyed_poses::rail2024),
        ("H20T laser target", telemetry_poses::h20t),
        ("Tuniu P4 RTK oblique", telemetry_poses::tuniu),
        ("Thunderstorm Skydio", telemetry_poses::thunderstorm),
        ("Cheyenne KLV", telemetry_poses::cheyenne),
        ("Cucza resection", fixed_cameras::cucza),
        ("Finse camera", fixed_cameras::finse),
        ("Geul boards", fixed_cameras::geul),
        ("stated CE90 against truth", telemetry_poses::coverage),
        ("boundaries", boundaries::boundaries),
        ("GeodTest", vectors::geodesics),
        ("H3", vectors::h3),
        ("EGM96", vectors::egm96),
        ("PROJ gie", gie::gie),
    ];
    let wanted = |name: &str| only.is_empty() || only.iter().any(|part| name.contains(part.as_str()));
    let rows: Vec<Row> =
        tables.into_iter().filter(|(name, _)| wanted(name)).map(|(name, row)| row().print(name)).collect();
    let measured = rows.iter().filter(|row| row.is_measured()).count();
    let met = rows.iter().filter(|row| row.is_met()).count();
    println!("accuracy: {met} of {measured} rows met, {} not measured", rows.len() - measured);
    if met < measured { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
