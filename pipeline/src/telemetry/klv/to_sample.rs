//! From the tags of a packet to a sample.

use gis::{Attitude, EllipsoidHeight, GeoidHeight, LatLon};

use super::{Packet, Value};
use crate::telemetry::sample::{Sample, fix};

/// The fifth bit of tag 47.
const MEASURED_RANGE: i64 = 1 << 4;

impl Packet {
    /// Returns the sample, or `None` unless the checksum is right and the packet speaks of the camera.
    pub fn sample(&self) -> Option<Sample> {
        (self.checksum.is_right() && !self.targets_only).then(|| self.unverified_sample())
    }

    /// Returns what the packet says even when its checksum is wrong, to be shown and not to be used.
    pub fn unverified_sample(&self) -> Sample {
        Sample {
            time: self.time(),
            position: self.position(13, 14),
            ellipsoid_height: self.number(75).map(EllipsoidHeight),
            geoid_height: self.number(15).map(GeoidHeight),
            platform: self.platform(),
            camera_relative: self.camera_relative(),
            hfov_deg: self.number(16).filter(|&deg| deg > 0.0),
            vfov_deg: self.number(17).filter(|&deg| deg > 0.0),
            slant_range_m: self.number(21),
            laser_range_m: self.number(21).filter(|&metres| metres > 0.0 && self.range_is_measured()),
            frame_center: self.position(23, 24),
            frame_center_elevation: self.number(25).map(GeoidHeight),
            frame_center_ellipsoid_height: self.number(78).map(EllipsoidHeight),
            corners: [
                self.corner(82, 83, 26, 27),
                self.corner(84, 85, 28, 29),
                self.corner(86, 87, 30, 31),
                self.corner(88, 89, 32, 33),
            ],
            ..Sample::default()
        }
    }

    /// Bit 5 of the generic flags: the slant range was measured and not calculated.
    ///
    /// # References
    /// MISB ST 0601, tag 47.
    fn range_is_measured(&self) -> bool {
        matches!(self.value(47), Some(Value::Integer(flags)) if flags & MEASURED_RANGE != 0)
    }

    fn time(&self) -> Option<jiff::Timestamp> {
        if self.targets_only {
            return self.vmti.as_ref()?.time;
        }
        match self.value(2)? {
            Value::Time(time) => Some(*time),
            _ => None,
        }
    }

    pub(crate) fn position(&self, lat_tag: u32, lon_tag: u32) -> Option<LatLon> {
        fix(self.number(lat_tag)?, self.number(lon_tag)?)
    }

    /// Heading with pitch and roll, the full-range tags 90 and 91 before the short ones 6 and 7.
    fn platform(&self) -> Option<Attitude> {
        Some(Attitude {
            heading_deg: self.number(5)?,
            pitch_deg: self.number(90).or_else(|| self.number(6))?,
            roll_deg: self.number(91).or_else(|| self.number(7))?,
        })
    }

    /// Azimuth, elevation and roll of the camera against the platform; a camera without a roll tag has none.
    fn camera_relative(&self) -> Option<Attitude> {
        Some(Attitude {
            heading_deg: self.number(18)?,
            pitch_deg: self.number(19)?,
            roll_deg: self.number(20).unwrap_or(0.0),
        })
    }

    /// A corner: the full tags 82 to 89 before the offsets from the picture's centre (26 to 33).
    fn corner(&self, lat: u32, lon: u32, lat_offset: u32, lon_offset: u32) -> Option<LatLon> {
        self.position(lat, lon).or_else(|| {
            let center = self.position(23, 24)?;
            let lon_deg = center.lon_deg + self.number(lon_offset)?;
            let east_of_180 = if lon_deg > 180.0 { lon_deg - 360.0 } else { lon_deg };
            let wrapped = if east_of_180 < -180.0 { east_of_180 + 360.0 } else { east_of_180 };
            LatLon::new(center.lat_deg + self.number(lat_offset)?, wrapped)
        })
    }
}
