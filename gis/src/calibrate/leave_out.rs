//! How well a calibration foretells points it has not seen.

use super::solve::calibrate;
use super::verdict::ground_error_m;
use super::{Calibration, Mark, Options};

/// One mark under the camera that all others give.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// The mark's name.
    pub name: String,
    /// Length of its error in the picture, pixels; `None` where the others give no camera that sees it.
    pub off_px: Option<f64>,
    /// Horizontal error where its ray meets its height, metres; `None` where it does not.
    pub ground_m: Option<f64>,
}

/// Calibrates once without each mark and holds the camera against it.
pub fn leave_one_out(marks: &[Mark], found: &Calibration, options: &Options) -> Vec<LeftOut> {
    let starts = [found.camera];
    marks
        .iter()
        .enumerate()
        .map(|(out, mark)| {
            let rest: Vec<Mark> =
                marks.iter().enumerate().filter(|(i, _)| *i != out).map(|(_, mark)| mark.clone()).collect();
            let camera = calibrate(&rest, &starts, options).ok().map(|calibration| calibration.camera);
            let seen = camera.and_then(|camera| camera.project(&mark.point));
            LeftOut {
                name: mark.name.clone(),
                off_px: seen.map(|[u, v]| (u - mark.pixel[0]).hypot(v - mark.pixel[1])),
                ground_m: camera.and_then(|camera| ground_error_m(&camera, mark)),
            }
        })
        .collect()
}
