//! Cameras: attitude, lens and pose.

pub mod attitude;
pub mod distortion;
pub mod error;
mod fisheye;
pub mod intrinsics;
pub mod pose;
pub mod ptz;
pub mod shutter;

pub use attitude::Attitude;
pub use distortion::Distortion;
pub use error::CameraError;
pub use intrinsics::{Intrinsics, PixelRay, Projection};
pub use pose::{
    BiasShare, CALIBRATED, CalibrationCovariance, HeadingSource, Pose, PoseSigma, PositionSource, TimeOffset,
};
pub use ptz::{PanTilt, PtzError, PtzHead, ZoomStep};
pub use shutter::{CameraMotion, Readout, RollingShutter};
