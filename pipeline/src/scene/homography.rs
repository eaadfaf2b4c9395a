//! What a homography does to the places of a picture.

use models::SizePx;
use nalgebra::{Matrix3, Vector3};

/// Places along each side of a picture at which homographies are compared.
const STEPS: u32 = 8;
/// Depth, as a share of that of the first pixel, below which a place counts as beyond the horizon.
const NEAREST_HORIZON: f64 = 1e-3;

/// Returns where a homography takes a place, or `None` beyond its horizon.
pub fn mapped(homography: &Matrix3<f64>, (u_px, v_px): (f64, f64)) -> Option<(f64, f64)> {
    let at = homography * Vector3::new(u_px, v_px, 1.0);
    let usable =
        at.z > NEAREST_HORIZON * homography[(2, 2)].abs() && at.iter().all(|value| value.is_finite());
    usable.then(|| (at.x / at.z, at.y / at.z))
}

/// Returns the root mean square distance of where two homographies take the places of a picture, as a share of its width.
///
/// Infinite where one of them takes a place beyond its horizon.
pub fn difference(a: &Matrix3<f64>, b: &Matrix3<f64>, size: SizePx) -> f64 {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let share = |step: u32| (f64::from(step) + 0.5) / f64::from(STEPS);
    let places = (0..STEPS).flat_map(|row| (0..STEPS).map(move |column| (share(column), share(row))));
    let mut sum = 0.0;
    for (x, y) in places {
        let place = (x * width, y * height);
        let (Some(to), Some(from)) = (mapped(a, place), mapped(b, place)) else { return f64::INFINITY };
        sum += (to.0 - from.0).powi(2) + (to.1 - from.1).powi(2);
    }
    (sum / f64::from(STEPS * STEPS)).sqrt() / width
}

/// A homography in words: how far the middle of the picture went, how much larger it became, how far it turned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Distance that the middle went, as a share of the width.
    pub share_of_width: f64,
    /// Scale at the middle; 1 is none.
    pub zoom: f64,
    /// Turn about the optical axis, clockwise on the picture, degrees.
    pub turn_deg: f64,
}

/// Returns what a homography does in the middle of a picture; `None` where it takes that beyond its horizon.
pub fn shift(homography: &Matrix3<f64>, size: SizePx) -> Option<Shift> {
    let (width, height) = (f64::from(size.width), f64::from(size.height));
    let (u, v) = (width / 2.0, height / 2.0);
    let middle = mapped(homography, (u, v))?;
    let step = |du: f64, dv: f64| {
        let at = mapped(homography, (u + du, v + dv))?;
        Some((at.0 - middle.0, at.1 - middle.1))
    };
    let ((xx, yx), (xy, yy)) = (step(1.0, 0.0)?, step(0.0, 1.0)?);
    Some(Shift {
        share_of_width: (middle.0 - u).hypot(middle.1 - v) / width,
        zoom: (xx * yy - xy * yx).abs().sqrt(),
        turn_deg: (yx - xy).atan2(xx + yy).to_degrees(),
    })
}
