//! Checks an observation at the door and prepares what the matcher needs of it.

use nalgebra::{Matrix2, Matrix3};

use super::config::DedupeConfig;
use super::fuse::moved;
use super::outline::extent_m;
use super::plane::Plane;
use crate::error_ellipse::error_ellipse;
use crate::incident::PoseBias;
use crate::observation::{Footprint, Location, NotLocated, Observation};
use crate::position::{BiasModes, GroundPosition, LatLon, is_zero};

/// CE90 of a circular normal distribution in standard deviations: the root of the 90 % point of a chi-square of two degrees.
const CE90_PER_SIGMA: f64 = 2.145_966;
/// Largest entry of a covariance that is accepted, square metres: 100 km of error is no position.
const MAX_VARIANCE_M2: f64 = 1e10;
/// Asymmetry of a covariance that is accepted, as a share of its largest entry.
const MAX_ASYMMETRY: f64 = 1e-6;

/// An observation that was checked.
#[derive(Debug, Clone)]
pub(super) enum Checked {
    /// It can be placed on the ground.
    Located(Box<Sighting>),
    /// It cannot be placed.
    Unlocated {
        /// Place of its source, if configured.
        place: Option<LatLon>,
        /// Reason.
        reason: NotLocated,
        /// The reason in words.
        words: String,
        /// The observation.
        observation: Box<Observation>,
    },
}

/// A located observation.
#[derive(Debug, Clone)]
pub(super) struct Sighting {
    /// The observation, without its footprint and with its location.
    pub(super) observation: Observation,
    /// Position as observed, with a symmetric covariance.
    pub(super) raw: GroundPosition,
    /// Position freed of what is known of the errors of its flight.
    pub(super) position: GroundPosition,
    /// Part of the covariance that other frames of the source do not share, square metres.
    pub(super) independent_m2: Matrix3<f64>,
    /// Part of the covariance that all frames of the source share and no mode explains, square metres.
    pub(super) shared_m2: Matrix3<f64>,
    /// Outline, if it has one of positive area, moved as the position.
    pub(super) footprint: Option<Footprint>,
    /// What was known of the errors of its flight.
    pub(super) pose_bias: Option<PoseBias>,
}

impl Sighting {
    /// Returns how the lasting errors of its flight displace it.
    pub(super) fn modes_m(&self) -> &BiasModes {
        &self.raw.bias_modes_enu_m
    }

    /// Returns true when it is known cause by cause how its flight's errors displace it.
    pub(super) fn has_modes(&self) -> bool {
        !is_zero(self.modes_m())
    }

    /// Frees position and outline of what is known of the errors of the flight.
    pub(super) fn correct(&mut self, known: &PoseBias) {
        if !self.has_modes() {
            return;
        }
        let step_m = -known.displacement_m(self.modes_m());
        self.position.point = moved(self.raw.point, step_m);
        self.position.covariance_enu_m2 =
            self.independent_m2 + self.shared_m2 + known.covariance_m2(self.modes_m());
        if let Some(footprint) = &mut self.footprint {
            for corner in &mut footprint.ring {
                *corner = Plane::at(*corner).lat_lon_from_plane(step_m.x, step_m.y);
            }
        }
        self.pose_bias = Some(*known);
    }

    /// Returns true when the outline goes on beyond the picture.
    pub(super) fn truncated(&self) -> bool {
        self.footprint.as_ref().is_some_and(|f| f.truncated)
    }
}

/// Returns the horizontal part of a covariance.
pub(super) fn horizontal(covariance: &Matrix3<f64>) -> Matrix2<f64> {
    covariance.fixed_view::<2, 2>(0, 0).into_owned()
}

/// Returns the mean variance of a horizontal direction, square metres.
pub(super) fn mean_variance_m2(covariance: &Matrix3<f64>) -> f64 {
    horizontal(covariance).trace() / 2.0
}

/// Returns the radius that holds 90 % of positions, metres, from the longer axis of the error ellipse (never too small).
pub(super) fn ce90_m(covariance: &Matrix3<f64>) -> f64 {
    CE90_PER_SIGMA * error_ellipse(covariance).major_m
}

/// Returns the prepared observation, or why it cannot be used.
pub(super) fn check(observation: Observation, config: &DedupeConfig) -> Result<Checked, String> {
    if observation.class.is_empty() {
        return Err("class is empty".to_owned());
    }
    if !(0.0..=1.0).contains(&observation.score) {
        return Err(format!("score {} is not between 0 and 1", observation.score));
    }
    if !observation.time_quality.sigma_millis.is_finite() {
        return Err(format!("time error {} ms is not finite", observation.time_quality.sigma_millis));
    }
    check_footprint(observation.footprint.as_ref(), config)?;
    match observation.location.clone() {
        Location::Unlocated { reason, place } => {
            place.map_or(Ok(()), |at| check_lat_lon("place", at))?;
            let words = format!("not located: {}", words_of(reason));
            Ok(Checked::Unlocated { place, reason, words, observation: Box::new(observation) })
        }
        Location::Ground(position) => check_located(observation, position, config),
    }
}

fn check_located(
    observation: Observation,
    mut position: GroundPosition,
    config: &DedupeConfig,
) -> Result<Checked, String> {
    check_lat_lon("position", position.point.lat_lon)?;
    if !position.point.height.0.is_finite() {
        return Err(format!("height {} m is not finite", position.point.height.0));
    }
    position.covariance_enu_m2 = symmetric(&position.covariance_enu_m2)?;
    position.bias_covariance_enu_m2 = bias(&position)?;
    let ce90_m = ce90_m(&position.covariance_enu_m2);
    if ce90_m > config.max_ce90_m {
        let words = format!("not located: CE90 of {ce90_m:.0} m is over {:.0} m", config.max_ce90_m);
        let place = Some(position.point.lat_lon);
        let (reason, observation) = (NotLocated::Degenerate, Box::new(observation));
        return Ok(Checked::Unlocated { place, reason, words, observation });
    }
    let (independent_m2, shared_m2) = match modes_part(&position)? {
        Some(explained_m2) => (
            position.covariance_enu_m2 - position.bias_covariance_enu_m2 + floor_m2(),
            position.bias_covariance_enu_m2 - explained_m2,
        ),
        None => split_error(
            &position.covariance_enu_m2,
            &position.bias_covariance_enu_m2,
            config.bias_sigma_of(&observation.source),
            config.bias_share,
        ),
    };
    let footprint = observation.footprint.clone().filter(|f| f.area_m2 > 0.0);
    let (raw, pose_bias) = (position, None);
    let sighting = Sighting { observation, raw, position, independent_m2, shared_m2, footprint, pose_bias };
    Ok(Checked::Located(Box::new(sighting)))
}

/// Standard deviation below which no sighting is believed, metres; it keeps all covariances invertible.
const MIN_SIGMA_M: f64 = 0.05;
/// Largest share of an observation's variance that counts as shared: something always differs between frames.
const MAX_BIAS_SHARE: f64 = 0.95;

/// Returns the part of a covariance that differs between frames, and the part that averaging over a source's frames keeps.
///
/// What differs is as the configuration asks, in the shape of the covariance: one bias of heading or height moves hits to
/// different sides when the view changes, so frames are weighed and matched by more than the errors that are drawn anew.
/// What is kept is the bias that the position states, and of the rest so much that the whole reaches the configured bias and
/// share. Where more is stated than configured the parts overlap: one sighting alone is then taken for worse than it is,
/// several are not.
fn split_error(
    covariance_m2: &Matrix3<f64>,
    bias_m2: &Matrix3<f64>,
    bias_sigma_m: f64,
    bias_share: f64,
) -> (Matrix3<f64>, Matrix3<f64>) {
    let variance_m2 = mean_variance_m2(covariance_m2).max(MIN_SIGMA_M * MIN_SIGMA_M);
    let wanted = (bias_sigma_m * bias_sigma_m / variance_m2).max(bias_share).min(MAX_BIAS_SHARE);
    let stated = mean_variance_m2(bias_m2) / variance_m2;
    let rest_m2 = covariance_m2 - bias_m2;
    let share = if stated < wanted { (wanted - stated) / (1.0 - stated) } else { 0.0 };
    (covariance_m2 * (1.0 - wanted) + floor_m2(), bias_m2 + rest_m2 * share)
}

fn floor_m2() -> Matrix3<f64> {
    Matrix3::from_diagonal_element(MIN_SIGMA_M * MIN_SIGMA_M)
}

/// Returns the part of the stated bias that its modes explain, square metres; none without modes.
fn modes_part(position: &GroundPosition) -> Result<Option<Matrix3<f64>>, String> {
    let modes_m = &position.bias_modes_enu_m;
    if is_zero(modes_m) {
        return Ok(None);
    }
    let explained_m2 = symmetric(&(modes_m * modes_m.transpose()))?;
    let smallest = (position.bias_covariance_enu_m2 - explained_m2).symmetric_eigenvalues().min();
    if smallest.is_nan() || smallest < -MAX_ASYMMETRY * position.covariance_enu_m2.abs().max() {
        return Err(format!(
            "the modes of the bias are larger than the bias by a variance of {} m2",
            -smallest
        ));
    }
    Ok(Some(explained_m2))
}

/// Returns the stated bias of a position, never more than its whole error.
fn bias(position: &GroundPosition) -> Result<Matrix3<f64>, String> {
    let bias_m2 = symmetric(&position.bias_covariance_enu_m2)?;
    let rest_m2 = position.covariance_enu_m2 - bias_m2;
    let smallest = rest_m2.symmetric_eigenvalues().min();
    if smallest < -MAX_ASYMMETRY * position.covariance_enu_m2.abs().max() {
        return Err(format!("the bias is larger than the whole error by a variance of {} m2", -smallest));
    }
    Ok(bias_m2)
}

fn symmetric(covariance: &Matrix3<f64>) -> Result<Matrix3<f64>, String> {
    if let Some(entry) = covariance.iter().find(|entry| entry.is_nan() || entry.abs() > MAX_VARIANCE_M2) {
        return Err(format!("covariance entry {entry} m2 is not finite or over {MAX_VARIANCE_M2:e} m2"));
    }
    let asymmetry = (covariance - covariance.transpose()).abs().max();
    if asymmetry > MAX_ASYMMETRY * covariance.abs().max() {
        return Err(format!("covariance is not symmetric: entries differ by {asymmetry} m2"));
    }
    let half = (covariance + covariance.transpose()) / 2.0;
    let smallest = half.symmetric_eigenvalues().min();
    if smallest.is_nan() || smallest < -MAX_ASYMMETRY * half.abs().max() {
        return Err(format!("covariance has the negative variance {smallest} m2"));
    }
    Ok(half)
}

fn check_lat_lon(what: &str, at: LatLon) -> Result<(), String> {
    match LatLon::new(at.lat_deg, at.lon_deg) {
        Some(_) => Ok(()),
        None => Err(format!("{what} {}, {} is not on the globe", at.lat_deg, at.lon_deg)),
    }
}

fn check_footprint(footprint: Option<&Footprint>, config: &DedupeConfig) -> Result<(), String> {
    let Some(footprint) = footprint else { return Ok(()) };
    if footprint.ring.len() < 3 {
        return Err(format!("footprint has {} corners, needs 3", footprint.ring.len()));
    }
    for corner in &footprint.ring {
        check_lat_lon("footprint corner", *corner)?;
    }
    if !(footprint.area_m2 >= 0.0 && footprint.area_m2.is_finite()) {
        return Err(format!("footprint area {} m2 is negative or not finite", footprint.area_m2));
    }
    let extent_m = extent_m(&footprint.ring);
    if extent_m > config.max_extent_m {
        return Err(format!("footprint is {extent_m:.0} m across, over {:.0} m", config.max_extent_m));
    }
    Ok(())
}

fn words_of(reason: NotLocated) -> &'static str {
    match reason {
        NotLocated::NoTelemetry => "the feed carries no telemetry",
        NotLocated::NoPosition => "the telemetry holds no position",
        NotLocated::NoAttitude => "the telemetry holds no camera attitude",
        NotLocated::NoIntrinsics => "the lens is not known",
        NotLocated::StalePose => "the nearest pose is too old",
        NotLocated::CameraMoving => "the camera was panning, tilting or zooming",
        NotLocated::PoseUnknown => "the camera was moved and where it looks now is not known",
        NotLocated::NoHeight => "the height of the camera has no usable datum",
        NotLocated::NearHorizon => "it lies too close to the horizon",
        NotLocated::OutsideTerrain => "it lies outside the terrain model",
        NotLocated::BelowGround => "the camera lies below the ground",
        NotLocated::Degenerate => "the result is not finite",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ce90_of_a_circular_error_is_2_146_sigma() {
        let covariance = Matrix3::from_diagonal_element(4.0);
        assert!((ce90_m(&covariance) - 4.291_932).abs() < 1e-6);
    }

    #[test]
    fn shared_part_holds_the_bias_and_both_parts_sum_up() {
        let covariance = Matrix3::from_diagonal_element(4.0);
        let none = Matrix3::zeros();
        let (independent, shared) = split_error(&covariance, &none, 1.5, 0.5);
        assert!((shared[(0, 0)] - 2.25).abs() < 1e-12);
        assert!((independent[(0, 0)] + shared[(0, 0)] - 4.0).abs() < 0.01);
        let (independent, _) = split_error(&none, &none, 0.0, 0.5);
        assert!(independent.try_inverse().is_some());
    }

    #[test]
    fn shared_part_holds_at_least_the_bias_that_a_position_states() {
        let covariance = Matrix3::from_diagonal(&nalgebra::Vector3::new(9.0, 1.0, 4.0));
        for share in [0.0, 0.3, 0.8, 0.99, 1.0] {
            let bias = covariance * share;
            let (independent, shared) = split_error(&covariance, &bias, 1.5, 0.5);
            assert!((shared - bias).symmetric_eigenvalues().min() > -1e-9, "{share}: {shared}");
            assert!(independent.try_inverse().is_some() && independent[(1, 1)] >= 0.05);
            assert!(mean_variance_m2(&shared) >= 0.5 * mean_variance_m2(&covariance) - 1e-9);
        }
    }

    #[test]
    fn bias_larger_than_the_whole_error_is_refused() {
        let point = crate::position::GeoPoint {
            lat_lon: LatLon { lat_deg: 28.97, lon_deg: 118.85 },
            height: crate::height::EllipsoidHeight(70.0),
        };
        let covariance = Matrix3::from_diagonal_element(4.0);
        let with = |bias_covariance_enu_m2| {
            bias(&GroundPosition { bias_covariance_enu_m2, ..GroundPosition::new(point, covariance) })
        };
        assert!(with(covariance).is_ok());
        assert!(with(covariance * 1.1).is_err());
        assert!(with(Matrix3::from_element(f64::NAN)).is_err());
    }

    #[test]
    fn indefinite_asymmetric_and_nan_covariances_are_refused() {
        for bad in [
            Matrix3::from_diagonal(&nalgebra::Vector3::new(1.0, -1.0, 1.0)),
            Matrix3::new(1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0),
            Matrix3::from_element(f64::NAN),
            Matrix3::from_diagonal_element(f64::INFINITY),
        ] {
            assert!(symmetric(&bad).is_err(), "{bad}");
        }
    }
}
