//! Where a camera is, which way it looks, and how well both are known.

use nalgebra::{Rotation3, SMatrix, Unit, Vector3};
use serde::{Deserialize, Serialize};

use super::attitude::Attitude;
use crate::position::GeoPoint;

/// Where a camera's position comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionSource {
    /// Real-time kinematic GNSS, ambiguities fixed.
    RtkFixed,
    /// Real-time kinematic GNSS, ambiguities not fixed.
    RtkFloat,
    /// Stand-alone GNSS, height from GNSS or barometer.
    Gnss,
    /// Surveyed point, as of a camera on a mast.
    Surveyed,
}

/// Where a camera's heading comes from; pitch and roll come from the same instruments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadingSource {
    /// Two GNSS antennas and a stabilised gimbal.
    DualAntenna,
    /// Magnetic compass and a stabilised gimbal.
    Compass,
    /// Navigation-grade inertial unit, as of a crewed aircraft.
    Inertial,
    /// Calibrated from known points in the picture.
    Calibrated,
}

/// Names of the parameters of a [`CalibrationCovariance`], with their units, in order.
pub const CALIBRATED: [&str; 11] =
    ["x_m", "y_m", "z_m", "heading_deg", "pitch_deg", "roll_deg", "fx_px", "cx_px", "cy_px", "k1", "k2"];

/// Covariance of pose and lens of a camera calibrated from points, in the order and units of [`CALIBRATED`]: x, y, z are east, north,
/// up. Its parts hang together: a turn that the principal point makes good moves nothing on the ground.
pub type CalibrationCovariance = SMatrix<f64, 11, 11>;

/// Standard deviations of a pose.
///
/// The attitude's errors are small turns about three axes that never coincide, also straight down: `heading` about the
/// vertical, `pitch` about the level axis to the right of the picture, `roll` about the level axis at right angles to both.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PoseSigma {
    /// Position: east, north, up, metres.
    pub position_enu_m: [f64; 3],
    /// Attitude: heading, pitch, roll, degrees.
    pub attitude_deg: [f64; 3],
    /// What of these errors lasts over a flight.
    #[serde(default)]
    pub bias_share: BiasShare,
    /// What a wrong offset between the clocks of video and telemetry adds, where the camera's velocity is known.
    #[serde(default)]
    pub time_offset: Option<TimeOffset>,
    /// The joint errors of a calibrated camera, which then count instead of the deviations above; all of them last.
    #[serde(skip)]
    pub calibrated: Option<CalibrationCovariance>,
}

/// Shares of variances that are the same in all frames of one flight, 0 to 1: averaging over frames does not shrink them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BiasShare {
    /// Position: east, north, up.
    pub position_enu: [f64; 3],
    /// Attitude: heading, pitch, roll.
    pub attitude: [f64; 3],
}

impl Default for BiasShare {
    /// Instruments of an unknown kind: most of their error lasts.
    fn default() -> Self {
        Self { position_enu: [0.8; 3], attitude: [0.8; 3] }
    }
}

impl BiasShare {
    /// Returns the usual shares for instruments of a kind.
    ///
    /// | instrument | lasts over a flight | differs between frames |
    /// |---|---|---|
    /// | stand-alone GNSS | ionosphere, troposphere, orbits (correlated over tens of minutes), zero and drift of the barometer | multipath, noise |
    /// | RTK | place of the base, lever arm of the antenna; afloat also the ambiguities | multipath, noise |
    /// | compass, gimbal | deviation by the aircraft's iron, declination, mounting of camera and gimbal | what the gimbal lags behind |
    /// | two antennas, inertial unit | mounting against the camera, slow drift | noise |
    /// | mast | everything: the camera does not move | nothing |
    ///
    /// The shares are judgements from these lists, not measurements.
    ///
    /// # References
    /// Correlation times of GPS errors: Olynik (2002), Temporal characteristics of GPS error sources and their impact on
    /// relative positioning, UCGE report 20162.
    pub fn usual(position: PositionSource, heading: HeadingSource) -> Self {
        let position_enu = match position {
            PositionSource::Surveyed => [1.0; 3],
            PositionSource::RtkFixed => [0.5; 3],
            PositionSource::RtkFloat => [0.8; 3],
            PositionSource::Gnss => [0.8, 0.8, 0.9],
        };
        let attitude = match heading {
            HeadingSource::Calibrated => [1.0; 3],
            HeadingSource::Inertial | HeadingSource::DualAntenna => [0.7; 3],
            HeadingSource::Compass => [0.9, 0.8, 0.8],
        };
        Self { position_enu, attitude }
    }

    fn is_usable(&self) -> bool {
        self.position_enu.iter().chain(&self.attitude).all(|share| (0.0..=1.0).contains(share))
    }
}

/// An unknown offset between the times of video and telemetry while the camera moves: the position is wrong along the track
/// by velocity times offset and the direction by turn times offset, in all frames by the same offset.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TimeOffset {
    /// Velocity of the camera: east, north, up, metres a second.
    pub velocity_enu_m_per_s: [f64; 3],
    /// Turn of the camera about east, north, up, radians a second.
    #[serde(default)]
    pub turn_enu_rad_per_s: [f64; 3],
    /// Standard deviation of the offset, seconds.
    pub sigma_secs: f64,
}

impl TimeOffset {
    fn is_usable(&self) -> bool {
        self.velocity_enu_m_per_s.iter().chain(&self.turn_enu_rad_per_s).all(|speed| speed.is_finite())
            && self.sigma_secs.is_finite()
            && self.sigma_secs >= 0.0
    }
}

impl PoseSigma {
    /// Returns the deviations of instruments of an unknown kind: east, north, up in metres; heading, pitch, roll in degrees.
    pub fn new(position_enu_m: [f64; 3], attitude_deg: [f64; 3]) -> Self {
        Self {
            position_enu_m,
            attitude_deg,
            bias_share: BiasShare::default(),
            time_offset: None,
            calibrated: None,
        }
    }

    /// Returns the usual figures for instruments of a kind; used where the telemetry states none of its own.
    ///
    /// # References
    /// Position: makers' hovering and RTK specifications (DJI M300 RTK: 1 cm + 1 ppm and 1.5 cm + 1 ppm; GNSS 1.5 m and
    /// 0.5 m hovering, to which the barometer's drift over a flight is added); the antenna's lever arm adds some
    /// centimetres. Attitude: gimbals read 0.1 degree finer than they are mounted; compasses on small aircraft stay
    /// within 2 to 3 degrees after calibration.
    pub fn usual(position: PositionSource, heading: HeadingSource) -> Self {
        let position_enu_m = match position {
            PositionSource::Surveyed => [0.02, 0.02, 0.03],
            PositionSource::RtkFixed => [0.05, 0.05, 0.08],
            PositionSource::RtkFloat => [0.5, 0.5, 0.8],
            PositionSource::Gnss => [1.5, 1.5, 3.0],
        };
        let attitude_deg = match heading {
            HeadingSource::Calibrated => [0.05, 0.05, 0.05],
            HeadingSource::Inertial => [0.15, 0.1, 0.1],
            HeadingSource::DualAntenna => [0.6, 0.5, 0.5],
            HeadingSource::Compass => [2.0, 0.7, 0.7],
        };
        Self { bias_share: BiasShare::usual(position, heading), ..Self::new(position_enu_m, attitude_deg) }
    }

    /// Returns true if every figure is finite and not negative, and every share one.
    pub fn is_usable(&self) -> bool {
        let figures = self.position_enu_m.iter().chain(&self.attitude_deg);
        figures.into_iter().all(|sigma| sigma.is_finite() && *sigma >= 0.0)
            && self.bias_share.is_usable()
            && self.time_offset.is_none_or(|offset| offset.is_usable())
            && self.calibrated.is_none_or(|joint| joint.iter().all(|value| value.is_finite()))
    }
}

/// A camera's place and direction at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pose {
    /// Centre of projection.
    pub point: GeoPoint,
    /// Rotation from the camera (x right, y down, z forward) into east, north, up at `point`.
    pub enu_from_camera: Rotation3<f64>,
    /// Standard deviations.
    pub sigma: PoseSigma,
}

impl Pose {
    /// Returns the pose of a camera whose own absolute attitude is known, as of a stabilised gimbal.
    pub fn from_attitude(point: GeoPoint, camera: Attitude, sigma: PoseSigma) -> Self {
        Self { point, enu_from_camera: camera.enu_from_camera(), sigma }
    }

    /// Returns the pose of a camera mounted on a platform: the platform's attitude and the camera's relative to it.
    pub fn from_platform(point: GeoPoint, platform: Attitude, sensor: Attitude, sigma: PoseSigma) -> Self {
        Self { point, enu_from_camera: platform.enu_from_mounted_camera(&sensor), sigma }
    }

    /// Returns the camera's absolute attitude.
    pub fn attitude(&self) -> Attitude {
        Attitude::of_camera(&self.enu_from_camera)
    }

    /// Returns the three axes, in east, north, up, about which the attitude's errors turn: heading, pitch, roll.
    pub fn error_axes_in_enu(&self) -> [Unit<Vector3<f64>>; 3] {
        let level = |axis: Vector3<f64>| Unit::try_new(Vector3::new(axis.x, axis.y, 0.0), 1e-6);
        let right = level(self.enu_from_camera * Vector3::x())
            .or_else(|| level(self.enu_from_camera * Vector3::y()))
            .unwrap_or_else(Vector3::x_axis);
        let up = Vector3::z_axis();
        [-up, right, Unit::new_unchecked(up.cross(&right))]
    }

    /// Returns true if every number is finite and the rotation is one.
    pub fn is_usable(&self) -> bool {
        let point = &self.point;
        let m = self.enu_from_camera.matrix();
        LATITUDES.contains(&point.lat_lon.lat_deg)
            && LONGITUDES.contains(&point.lat_lon.lon_deg)
            && point.height.0.is_finite()
            && (m * m.transpose() - nalgebra::Matrix3::identity()).norm() < 1e-6
            && self.sigma.is_usable()
    }
}

const LATITUDES: std::ops::RangeInclusive<f64> = -90.0..=90.0;
const LONGITUDES: std::ops::RangeInclusive<f64> = -180.0..=180.0;
