//! The EXIF fields used here.

use std::io::Cursor;

use exif::{Context, Exif, In, Reader, Tag, Value};
use gis::LatLon;
use jiff::Timestamp;
use jiff::civil::DateTime;

use crate::telemetry::sample::fix;

const XMP_IN_TIFF: Tag = Tag(Context::Tiff, 700);

/// The EXIF of a picture, if it has any.
pub struct Fields {
    exif: Option<Exif>,
}

/// Reads the EXIF of a JPEG or TIFF file; one without gives no field.
pub fn read(bytes: &[u8]) -> Fields {
    Fields { exif: Reader::new().read_from_container(&mut Cursor::new(bytes)).ok() }
}

impl Fields {
    /// Returns the XMP packet of a TIFF file.
    pub fn xmp_packet(&self) -> Option<Vec<u8>> {
        match self.value(XMP_IN_TIFF)? {
            Value::Byte(bytes) | Value::Undefined(bytes, _) => Some(bytes.clone()),
            _ => None,
        }
    }

    /// Says whether there is a position with a fix.
    pub fn has_position(&self) -> bool {
        self.position().is_some()
    }

    /// Returns the GPS position, `None` without a fix.
    pub fn position(&self) -> Option<LatLon> {
        let lat = self.degrees(Tag::GPSLatitude, Tag::GPSLatitudeRef, 'S')?;
        fix(lat, self.degrees(Tag::GPSLongitude, Tag::GPSLongitudeRef, 'W')?)
    }

    /// Returns the GPS altitude, metres, of a datum EXIF leaves open in practice.
    pub fn altitude_m(&self) -> Option<f64> {
        let below = self.value(Tag::GPSAltitudeRef).and_then(|value| value.get_uint(0)) == Some(1);
        self.real(Tag::GPSAltitude).map(|altitude| if below { -altitude } else { altitude })
    }

    /// Returns the focal length, millimetres.
    pub fn focal_length_mm(&self) -> Option<f64> {
        self.real(Tag::FocalLength).filter(|&focal| focal > 0.0)
    }

    /// Returns the focal length of the same view on 35 mm film, millimetres.
    pub fn focal_length_35mm_mm(&self) -> Option<f64> {
        let focal = self.value(Tag::FocalLengthIn35mmFilm)?.get_uint(0)?;
        (focal > 0).then_some(f64::from(focal))
    }

    /// Returns the digital zoom; EXIF writes 0 for none.
    pub fn digital_zoom(&self) -> Option<f64> {
        self.real(Tag::DigitalZoomRatio).filter(|&zoom| zoom > 0.0)
    }

    /// Returns width and height of the picture as it was taken; tools that scale a copy down leave them.
    pub fn full_size_px(&self) -> Option<[f64; 2]> {
        let size = |tag| self.value(tag)?.get_uint(0).map(f64::from).filter(|&size| size > 0.0);
        Some([size(Tag::PixelXDimension)?, size(Tag::PixelYDimension)?])
    }

    /// Returns the text of the camera's model.
    pub fn model(&self) -> Option<String> {
        self.text(Tag::Model)
    }

    /// Returns the wall clock of the exposure.
    pub fn local_time(&self) -> Option<DateTime> {
        let stamp = exif::DateTime::from_ascii(self.text(Tag::DateTimeOriginal)?.as_bytes()).ok()?;
        let small = |value: u8| i8::try_from(value).ok();
        let date = (i16::try_from(stamp.year).ok()?, small(stamp.month)?, small(stamp.day)?);
        let clock = (small(stamp.hour)?, small(stamp.minute)?, small(stamp.second)?);
        DateTime::new(date.0, date.1, date.2, clock.0, clock.1, clock.2, 0).ok()
    }

    /// Returns the exposure's time in UTC: by the GPS stamps, else by the clock with its stated offset.
    pub fn time(&self) -> Option<Timestamp> {
        self.gps_time().or_else(|| {
            let offset = self.text(Tag::OffsetTimeOriginal)?;
            format!("{}{}", self.local_time()?, offset.trim()).parse().ok()
        })
    }

    fn gps_time(&self) -> Option<Timestamp> {
        let date = self.text(Tag::GPSDateStamp)?.trim().replace(':', "-");
        let clock = self.rationals(Tag::GPSTimeStamp)?;
        let [hour, minute, second] = clock.get(..3)?.try_into().ok()?;
        let start: Timestamp = format!("{date}T00:00:00Z").parse().ok()?;
        let secs: f64 = f64::mul_add(hour, 3600.0, f64::mul_add(minute, 60.0, second));
        let millis = (0.0..=86_400.0).contains(&secs).then_some((secs * 1000.0) as i64)?;
        Timestamp::from_millisecond(start.as_millisecond() + millis).ok()
    }

    fn value(&self, tag: Tag) -> Option<&Value> {
        self.exif.as_ref()?.get_field(tag, In::PRIMARY).map(|field| &field.value)
    }

    fn rationals(&self, tag: Tag) -> Option<Vec<f64>> {
        let values = match self.value(tag)? {
            Value::Rational(values) => values.iter().map(exif::Rational::to_f64).collect(),
            Value::SRational(values) => values.iter().map(exif::SRational::to_f64).collect::<Vec<f64>>(),
            _ => return None,
        };
        values.iter().all(|value| value.is_finite()).then_some(values)
    }

    fn real(&self, tag: Tag) -> Option<f64> {
        self.rationals(tag)?.first().copied()
    }

    fn text(&self, tag: Tag) -> Option<String> {
        match self.value(tag)? {
            Value::Ascii(lines) => {
                lines.first().map(|line| String::from_utf8_lossy(line).trim_end_matches('\0').to_owned())
            }
            _ => None,
        }
    }

    /// Degrees, minutes and seconds with the letter of the half of the globe.
    fn degrees(&self, tag: Tag, half: Tag, negative: char) -> Option<f64> {
        let parts = self.rationals(tag)?;
        let degrees = parts.iter().rev().fold(0.0, |sum, part| sum / 60.0 + part);
        let is_negative = self.text(half)?.starts_with(negative);
        Some(if is_negative { -degrees } else { degrees })
    }
}
