//! The residuals as a picture: where each point was marked, and where the camera sees it, ten times as far off.

use std::path::Path;

use anyhow::Context;
use gis::calibrate::{Calibration, Mark};
use models::RgbImage;
use pipeline_cv::{Arrow, draw_arrows, draw_label, encode_png};

/// Errors are drawn this many times as long.
const LONGER: f64 = 10.0;
const GOOD: [u8; 3] = [40, 220, 90];
const BLUNDER: [u8; 3] = [255, 60, 60];

/// Returns a PNG of the still, or of a grey ground of its size.
///
/// # Errors
/// When the still cannot be read or the picture not be drawn.
pub fn residuals(still: Option<&Path>, marks: &[Mark], found: &Calibration) -> anyhow::Result<Vec<u8>> {
    let picture = ground(still, found)?;
    let arrow = |(mark, residual): (&Mark, &gis::calibrate::Residual)| {
        let [right, down] = residual.off_px.unwrap_or([0.0, 0.0]);
        Arrow {
            from_px: mark.pixel,
            to_px: [mark.pixel[0] + LONGER * right, mark.pixel[1] + LONGER * down],
            colour: if residual.blunder { BLUNDER } else { GOOD },
            label: mark.name.clone(),
        }
    };
    let arrows: Vec<Arrow> = marks.iter().zip(&found.residuals).map(arrow).collect();
    let drawn = draw_arrows(&picture, &arrows)?;
    let text = format!("{} points, median {:.2} px, errors x {LONGER}", marks.len(), found.median_px());
    Ok(encode_png(&draw_label(&drawn, &text)?)?)
}

fn ground(still: Option<&Path>, found: &Calibration) -> anyhow::Result<RgbImage> {
    if let Some(path) = still {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        return pipeline_cv::decode_picture(&bytes)
            .with_context(|| format!("cannot read {}", path.display()));
    }
    let lens = &found.camera.intrinsics;
    let (width, height) = (lens.width_px.round() as u32, lens.height_px.round() as u32);
    RgbImage::new(width, height, vec![60; width as usize * height as usize * 3])
        .context("the picture has no size")
}
