//! What `calibrate camera` prints and writes.

use std::fmt::Write as _;

use anyhow::Context;
use comfy_table::{Table, presets};
use gis::calibrate::{Calibration, LeftOut};

use crate::wire::camera::CameraFile;

/// Returns the residuals as a table, and below it how sure the camera is.
///
/// `on_terrain` holds, one a point, how far its ray ends from it on a terrain model.
pub fn text(found: &Calibration, left_out: &[LeftOut], on_terrain: Option<&[Option<f64>]>) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header([
        "point",
        "right px",
        "down px",
        "range m",
        "ground m",
        "left out px",
        "left out ground m",
        "terrain m",
        "",
    ]);
    let number =
        |value: Option<f64>, digits: usize| value.map_or_else(|| "-".to_owned(), |v| format!("{v:.digits$}"));
    for (i, (mark, left)) in found.residuals.iter().zip(left_out).enumerate() {
        table.add_row([
            mark.name.clone(),
            number(mark.off_px.map(|off| off[0]), 1),
            number(mark.off_px.map(|off| off[1]), 1),
            format!("{:.1}", mark.range_m),
            number(mark.ground_m, 2),
            number(left.off_px, 1),
            number(left.ground_m, 2),
            number(on_terrain.and_then(|all| all.get(i).copied().flatten()), 2),
            if mark.blunder { "blunder?" } else { "" }.to_owned(),
        ]);
    }
    let mut text = table.to_string();
    let left: Vec<f64> = left_out.iter().filter_map(|left| left.ground_m).collect();
    // Writing to a string cannot fail.
    let _ = write!(
        text,
        "\n{} points, median {:.2} px; left out: median {} m on the ground at their heights ({} of {} meet it)",
        found.residuals.len(),
        found.median_px(),
        number(median(left.clone()), 2),
        left.len(),
        left_out.len()
    );
    if let Some(all) = on_terrain {
        let met: Vec<f64> = all.iter().copied().flatten().collect();
        let _ = write!(
            text,
            "\non the terrain: median {} m, {} of {} rays meet it",
            number(median(met.clone()), 2),
            met.len(),
            all.len()
        );
    }
    for name in &found.parameters {
        let _ = write!(text, "\n{name}: standard deviation {:.4}", found.sigma(name).unwrap_or(f64::NAN));
    }
    text
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

/// Returns the file's text with its origin in a comment.
///
/// # Errors
/// When it cannot be written as TOML.
pub fn toml(file: &CameraFile, found: &Calibration) -> anyhow::Result<String> {
    let body = toml::to_string(file).context("cannot write the camera as TOML")?;
    Ok(format!(
        "# Calibrated from {} points, median residual {:.2} px. WGS-84; heading clockwise from true north (from y in a local \
         frame); pixels from the outer corner of the top-left pixel.\n{body}",
        found.residuals.len(),
        found.median_px()
    ))
}
