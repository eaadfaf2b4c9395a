//! The camera behind one frame: lens, pose and, where no terrain is known, the ground the telemetry speaks of.

use std::time::Duration;

use gis::camera::{
    CameraError, Distortion, HeadingSource, Intrinsics, Pose, PoseSigma, PositionSource, Readout,
    RollingShutter,
};
use gis::geodesy::LocalFrame;
use gis::geoid;
use gis::mount::MountBias;
use gis::terrain::FlatGround;
use gis::{EllipsoidHeight, GeoPoint, GeoidHeight, GeoidModel, LatLon, NotLocated, Terrain};
use models::SizePx;

use crate::place::micros;
use crate::telemetry::{RecordedLens, Sample};

/// One standard deviation of ground that is taken as level because no terrain is known, metres.
const LEVEL_GROUND_SIGMA_M: f64 = 5.0;

/// Sine of the angle below the horizon above which a range finder is not believed to touch the ground: 5 degrees.
const LEAST_SINK: f64 = 0.087;

/// Least standard deviation of a flying camera's east and north, metres.
const LEAST_LEVEL_SIGMA_M: f64 = 0.03;
/// Least standard deviation of a flying camera's height, metres.
const LEAST_UP_SIGMA_M: f64 = 0.05;

/// What is known of a source's camera before any telemetry.
#[derive(Debug, Clone, Default)]
pub struct CameraSetup {
    /// Lens, where known; else the telemetry's field of view counts.
    pub intrinsics: Option<Intrinsics>,
    /// Geoid above the ellipsoid at the place, metres; EGM96 when absent.
    pub undulation_m: Option<f64>,
    /// Height of the ground at take-off, for telemetry that tells its height above it only.
    pub takeoff: Option<EllipsoidHeight>,
    /// Constant errors of the aircraft's camera, added to what its telemetry says.
    pub mount: Option<MountBias>,
    /// One standard deviation of the clock of the telemetry against that of the video, where it was calibrated, seconds.
    pub clock_sigma_secs: Option<f64>,
    /// How long the camera reads a picture, where its rows are not of one moment.
    pub readout: Option<Readout>,
}

impl CameraSetup {
    /// Returns the moment of the telemetry that belongs to a frame, microseconds since the first frame.
    pub(crate) fn telemetry_us(&self, elapsed: Duration) -> i64 {
        micros(elapsed).saturating_add((self.mount.map_or(0.0, |mount| mount.time_offset_secs) * 1e6) as i64)
    }
}

/// The camera at the moment of one frame.
#[derive(Debug, Clone)]
pub struct FrameCamera {
    /// Lens, for the size of the frame.
    pub intrinsics: Intrinsics,
    /// Place and direction.
    pub pose: Pose,
    /// Level ground out of the telemetry, for where no terrain model covers.
    pub ground: Option<FlatGround>,
    /// What a range finder along the optical axis measured.
    pub laser: Option<LaserRange>,
    /// The shutter, where it reads row after row while the camera moves.
    pub shutter: Option<RollingShutter>,
}

/// A measured distance along the optical axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LaserRange {
    /// Distance, metres.
    pub range_m: f64,
    /// One standard deviation, metres.
    pub sigma_m: f64,
}

impl LaserRange {
    /// Returns the range with the usual error of range finders on aircraft.
    ///
    /// # References
    /// DJI Zenmuse H20T, specifications: 0.2 m + 0.15 % of the distance.
    fn usual(range_m: f64) -> Self {
        Self { range_m, sigma_m: 0.2 + 0.0015 * range_m }
    }
}

impl FrameCamera {
    /// Returns a camera of which nothing but lens and pose is known, as a fixed one.
    pub fn still(intrinsics: Intrinsics, pose: Pose) -> Self {
        Self { intrinsics, pose, ground: None, laser: None, shutter: None }
    }

    /// Returns the camera of a sample, for a picture of this size.
    ///
    /// # Errors
    /// What the sample lacks.
    pub fn from_sample(sample: &Sample, setup: &CameraSetup, picture: SizePx) -> Result<Self, NotLocated> {
        let position = sample.position.ok_or(NotLocated::NoPosition)?;
        let intrinsics = lens(sample, setup, picture)?;
        let Heights { camera, ground } = heights(sample, setup, position)?;
        let point = GeoPoint { lat_lon: position, height: camera };
        let pose = pose(sample, point)?;
        let pose = setup.mount.map_or(pose, |mount| MountBias { height_m: 0.0, ..mount }.applied(&pose));
        let laser = sample.laser_range_m.map(LaserRange::usual);
        let touched = laser.and_then(|laser| touched(&intrinsics, &pose, laser));
        let ground = touched.or(ground).map(|height| FlatGround { height, sigma_m: LEVEL_GROUND_SIGMA_M });
        Ok(Self { intrinsics, pose, ground, laser, shutter: None })
    }

    /// Returns the ground that rays of this camera meet: the terrain model where it covers, else the level of the telemetry.
    pub fn ground<'a>(&'a self, model: Option<&'a dyn Terrain>) -> Option<&'a dyn Terrain> {
        let covers = |terrain: &&dyn Terrain| terrain.height(self.pose.point.lat_lon).is_some();
        let level = self.ground.as_ref().map(|level| level as &dyn Terrain);
        model.filter(covers).or(level).or(model)
    }

    /// Returns the same camera for pictures of another size.
    ///
    /// # Errors
    /// [`NotLocated::NoIntrinsics`] when the lens cannot be scaled to it.
    pub fn resized(&self, picture: SizePx) -> Result<Self, NotLocated> {
        let scaled = self.intrinsics.scaled_to(f64::from(picture.width), f64::from(picture.height));
        let intrinsics = scaled.map_err(|_| NotLocated::NoIntrinsics)?;
        Ok(Self { intrinsics, ..self.clone() })
    }
}

/// Height of what the range finder touched; `None` near the horizon and above it, where that is hardly the ground.
fn touched(lens: &Intrinsics, pose: &Pose, laser: LaserRange) -> Option<EllipsoidHeight> {
    let axis = pose.enu_from_camera * lens.ray_in_camera(lens.cx_px, lens.cy_px)?;
    let end = LocalFrame::at(pose.point).point_from_enu(&(axis * laser.range_m));
    (axis.z < -LEAST_SINK && end.height.0.is_finite()).then_some(end.height)
}

fn lens(sample: &Sample, setup: &CameraSetup, picture: SizePx) -> Result<Intrinsics, NotLocated> {
    let (width, height) = (f64::from(picture.width), f64::from(picture.height));
    let lens = match (&setup.intrinsics, &sample.lens, sample.hfov_deg, sample.focal_length_35mm_mm) {
        (Some(known), ..) => known.scaled_to(width, height),
        (_, Some(recorded), ..) => recorded_lens(recorded, width, height),
        (_, _, Some(hfov_deg), _) => Intrinsics::from_fov(width, height, hfov_deg, sample.vfov_deg),
        (_, _, _, Some(equivalent_mm)) => {
            let zoom = sample.digital_zoom.filter(|zoom| *zoom >= 1.0).unwrap_or(1.0);
            Intrinsics::from_focal_35mm(width, height, equivalent_mm * zoom)
        }
        _ => return Err(NotLocated::NoIntrinsics),
    };
    lens.map_err(|_| NotLocated::NoIntrinsics)
}

fn recorded_lens(lens: &RecordedLens, width_px: f64, height_px: f64) -> Result<Intrinsics, CameraError> {
    let ([k1, k2, k3], [p1, p2]) = (lens.radial, lens.tangential);
    let [full_width_px, full_height_px] = lens.full_px.unwrap_or([width_px, height_px]);
    Intrinsics {
        width_px: full_width_px,
        height_px: full_height_px,
        fx_px: lens.fx_px,
        fy_px: lens.fy_px,
        cx_px: full_width_px / 2.0 + lens.cx_offset_px,
        cy_px: full_height_px / 2.0 + lens.cy_offset_px,
        distortion: Distortion { k1, k2, k3, p1, p2, ..Distortion::default() },
        ..Intrinsics::centred(full_width_px, full_height_px, lens.fx_px)?
    }
    .scaled_to(width_px, height_px)
}

fn pose(sample: &Sample, point: GeoPoint) -> Result<Pose, NotLocated> {
    let sigma = sigma(sample);
    match (sample.camera_absolute, sample.platform, sample.camera_relative) {
        (Some(camera), _, _) => Ok(Pose::from_attitude(point, camera, sigma)),
        (None, Some(platform), Some(camera)) => Ok(Pose::from_platform(point, platform, camera, sigma)),
        _ => Err(NotLocated::NoAttitude),
    }
}

/// The sample's own figures win over what is usual for its instruments, down to what the lever arm between antenna and
/// lens and the timing of the frame leave.
fn sigma(sample: &Sample) -> PoseSigma {
    let position = sample.position_source.unwrap_or(PositionSource::Gnss);
    let usual = PoseSigma::usual(position, sample.heading_source.unwrap_or(HeadingSource::Compass));
    let stated = sample.position_sigma_m.filter(|sigma| sigma.iter().all(|m| m.is_finite() && *m >= 0.0));
    let [east, north, up] = stated.unwrap_or(usual.position_enu_m);
    let position_enu_m =
        [east.max(LEAST_LEVEL_SIGMA_M), north.max(LEAST_LEVEL_SIGMA_M), up.max(LEAST_UP_SIGMA_M)];
    PoseSigma { position_enu_m, ..usual }
}

struct Heights {
    camera: EllipsoidHeight,
    ground: Option<EllipsoidHeight>,
}

/// Puts the camera on the ellipsoid: as recorded, else from mean sea level, else from take-off.
///
/// The level ground is the recorded height of the picture's centre, else the height of take-off.
fn heights(sample: &Sample, setup: &CameraSetup, at: LatLon) -> Result<Heights, NotLocated> {
    // Autopilots, DJI and MISB ST 0601 count heights above mean sea level from EGM96.
    let undulation_m = || setup.undulation_m.or_else(|| geoid::undulation_m(GeoidModel::Egm96, at));
    let on_ellipsoid = |height: GeoidHeight| undulation_m().map(|m| height.to_ellipsoid(m));
    let bias_m = setup.mount.map_or(0.0, |mount| mount.height_m);
    let biased = |height: EllipsoidHeight| EllipsoidHeight(height.0 + bias_m);
    let recorded = sample.ellipsoid_height.or_else(|| sample.geoid_height.and_then(on_ellipsoid)).map(biased);
    let above_takeoff_m = sample.above_takeoff.map(|h| h.0);
    let from_takeoff = || Some(EllipsoidHeight(setup.takeoff?.0 + above_takeoff_m? + bias_m));
    let camera = recorded.or_else(from_takeoff).ok_or(NotLocated::NoHeight)?;
    let takeoff = || match recorded {
        Some(_) => above_takeoff_m.map(|m| EllipsoidHeight(camera.0 - m)),
        None => setup.takeoff,
    };
    let centre = || sample.frame_center_elevation.and_then(on_ellipsoid);
    let ground = sample.frame_center_ellipsoid_height.or_else(centre).or_else(takeoff);
    Ok(Heights { camera, ground })
}

#[cfg(test)]
mod tests {
    use gis::{AboveTakeoffHeight, Attitude};

    use super::*;

    const PICTURE: SizePx = SizePx { width: 960, height: 540 };

    fn sample() -> Sample {
        Sample {
            position: LatLon::new(28.97, 118.87),
            geoid_height: Some(GeoidHeight(150.0)),
            camera_absolute: Some(Attitude { heading_deg: 90.0, pitch_deg: -60.0, roll_deg: 0.0 }),
            hfov_deg: Some(60.0),
            ..Sample::default()
        }
    }

    fn reason(sample: &Sample) -> NotLocated {
        FrameCamera::from_sample(sample, &CameraSetup::default(), PICTURE).unwrap_err()
    }

    #[test]
    fn each_missing_part_is_named() {
        assert_eq!(reason(&Sample { position: None, ..sample() }), NotLocated::NoPosition);
        assert_eq!(reason(&Sample { camera_absolute: None, ..sample() }), NotLocated::NoAttitude);
        assert_eq!(reason(&Sample { hfov_deg: None, ..sample() }), NotLocated::NoIntrinsics);
        assert_eq!(reason(&Sample { geoid_height: None, ..sample() }), NotLocated::NoHeight);
    }

    #[test]
    fn a_height_above_sea_level_is_put_on_the_ellipsoid_by_the_configured_undulation() {
        let setup = CameraSetup { undulation_m: Some(10.5), ..CameraSetup::default() };
        let view = FrameCamera::from_sample(&sample(), &setup, PICTURE).unwrap();
        assert!((view.pose.point.height.0 - 160.5).abs() < 1e-9);
    }

    #[test]
    fn a_height_above_take_off_counts_from_the_ground_there_and_gives_level_ground() {
        let setup = CameraSetup { takeoff: Some(EllipsoidHeight(70.0)), ..CameraSetup::default() };
        let height = Some(AboveTakeoffHeight(80.0));
        let view = FrameCamera::from_sample(
            &Sample { geoid_height: None, above_takeoff: height, ..sample() },
            &setup,
            PICTURE,
        )
        .unwrap();
        assert!((view.pose.point.height.0 - 150.0).abs() < 1e-9);
        assert!((view.ground.unwrap().height.0 - 70.0).abs() < 1e-9);
    }

    fn check_sigma(sample: &Sample, position_enu_m: [f64; 3], heading_deg: f64) {
        let sigma = FrameCamera::from_sample(sample, &CameraSetup::default(), PICTURE).unwrap().pose.sigma;
        let differences =
            sigma.position_enu_m.iter().zip(position_enu_m).map(|(found, expected)| found - expected);
        let heading = sigma.attitude_deg[0] - heading_deg;
        let largest =
            differences.chain([heading]).fold(0.0, |most, difference| f64::max(most, difference.abs()));
        assert!(largest < 1e-12, "{sigma:?} is not {position_enu_m:?} {heading_deg}");
    }

    #[test]
    fn deviations_follow_the_instruments_and_stated_ones_win_down_to_the_lever_arm() {
        check_sigma(&sample(), [1.5, 1.5, 3.0], 2.0);
        let fixed = Sample {
            position_source: Some(PositionSource::RtkFixed),
            heading_source: Some(HeadingSource::DualAntenna),
            ..sample()
        };
        check_sigma(&fixed, [0.05, 0.05, 0.08], 0.6);
        let stated = |sigma| Sample { position_sigma_m: Some(sigma), ..fixed.clone() };
        check_sigma(&stated([0.011, 0.2, 0.02]), [0.03, 0.2, 0.05], 0.6);
        check_sigma(&stated([f64::NAN, 0.2, 0.02]), [0.05, 0.05, 0.08], 0.6);
    }

    #[test]
    fn an_aircrafts_biases_are_added_to_its_telemetry() {
        let mount = MountBias { heading_deg: 3.0, pitch_deg: 1.5, height_m: -4.0, ..MountBias::default() };
        let sample = Sample { ellipsoid_height: Some(EllipsoidHeight(200.0)), ..sample() };
        let setup = CameraSetup { mount: Some(mount), ..CameraSetup::default() };
        let view = FrameCamera::from_sample(&sample, &setup, PICTURE).unwrap();
        let attitude = view.pose.attitude();
        assert!((view.pose.point.height.0 - 196.0).abs() < 1e-9);
        assert!((attitude.heading_deg - 93.0).abs() < 1e-9 && (attitude.pitch_deg + 58.5).abs() < 1e-9);
    }

    #[test]
    fn a_recorded_ellipsoidal_height_is_believed_before_sea_level() {
        let sample = Sample { ellipsoid_height: Some(EllipsoidHeight(200.0)), ..sample() };
        let view = FrameCamera::from_sample(&sample, &CameraSetup::default(), PICTURE).unwrap();
        assert!((view.pose.point.height.0 - 200.0).abs() < 1e-9);
    }
}
