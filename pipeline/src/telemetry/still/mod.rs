//! Still pictures: DJI's XMP and the EXIF of JPEG and TIFF files.
//!
//! | read | from |
//! | --- | --- |
//! | gimbal and flight angles, relative and absolute altitude, RTK, laser, lens | XMP `drone-dji:` |
//! | position, where XMP has none | EXIF GPS |
//! | focal lengths, digital zoom, wall clock | EXIF |
//! | time in UTC | `drone-dji:UTCAtExposure`, EXIF GPS stamps, EXIF offset, `xmp:CreateDate`, first found |
//!
//! An absolute altitude is ellipsoidal when RTK made it (`RtkFlag` of 16 or more); otherwise its datum is not stated,
//! and the same holds for EXIF's `GPSAltitude`.

mod exif;
pub mod jpeg;
mod to_record;
pub mod xmp;

use super::error::{Problem, TelemetryError};
use super::record::Reading;

const KIND: &str = "a picture";

/// Reads the telemetry of one JPEG or TIFF file.
///
/// # Errors
/// When it holds neither a drone's XMP nor an EXIF position, as after many tools that cut and scale pictures.
pub fn read(name: &str, bytes: &[u8]) -> Result<Reading, TelemetryError> {
    let mut problems = Vec::new();
    let exif = exif::read(bytes);
    let packet = jpeg::xmp_packet(bytes).map(<[u8]>::to_vec).or_else(|| exif.xmp_packet());
    let properties = packet.map_or_else(xmp::Properties::default, |packet| {
        xmp::properties(&packet).unwrap_or_else(|error| {
            problems.push(Problem::at_byte(0, format!("cannot read the XMP: {error}")));
            xmp::Properties::default()
        })
    });
    if !properties.has_dji() && !exif.has_position() {
        let reason = match problems.first() {
            Some(problem) => problem.what.clone(),
            None => "neither an XMP of the drone nor an EXIF position".to_owned(),
        };
        return Err(TelemetryError::NoTelemetry { name: name.to_owned(), kind: KIND, reason });
    }
    let record = to_record::record(&properties, &exif, &mut problems);
    Ok(Reading::new(KIND, vec![record], problems))
}
