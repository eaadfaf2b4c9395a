//! When the light of a live frame fell: the sender's clock by RTCP, else the time of arrival.

use gis::{TimeQuality, TimeSource};
use gstreamer as gst;
use jiff::{SignedDuration, Timestamp};
use pipeline::CaptureTime;

/// Seconds from the NTP epoch (1900) to the Unix epoch (1970).
///
/// # References
/// RFC 5905, figure 4.
const NTP_TO_UNIX_SECS: i64 = 2_208_988_800;

/// Standard deviation of sender-report time: cameras keep their clocks by NTP and stamp at the encoder, not the sensor.
const RTCP_SIGMA_MILLIS: f64 = 50.0;

/// Standard deviation of arrival as capture time: encoder, network and buffers take some tenths of a second.
const ARRIVAL_SIGMA_MILLIS: f64 = 500.0;

/// A live frame cannot be older or newer than this against its arrival: then the sender's clock is wrong.
const MOST_PLAUSIBLE: SignedDuration = SignedDuration::from_secs(60);

/// Returns the capture time, from the sender when its clock is plausible, else from the arrival.
pub fn capture_time(sender: Option<Timestamp>, arrival: Option<Timestamp>) -> Option<CaptureTime> {
    let plausible = |sent: &Timestamp| {
        arrival.is_none_or(|arrived| arrived.duration_since(*sent).abs() <= MOST_PLAUSIBLE)
    };
    let stamp =
        |time, source, sigma_millis| CaptureTime { time, quality: TimeQuality { source, sigma_millis } };
    match (sender.filter(plausible), arrival) {
        (Some(time), _) => Some(stamp(time, TimeSource::RtcpSenderReport, RTCP_SIGMA_MILLIS)),
        (None, Some(time)) => Some(stamp(time, TimeSource::Arrival, ARRIVAL_SIGMA_MILLIS)),
        (None, None) => None,
    }
}

/// Returns the sender's NTP time of a buffer, if a sender report has come before it.
pub fn sender_time(buffer: &gst::BufferRef) -> Option<Timestamp> {
    buffer
        .iter_meta::<gst::ReferenceTimestampMeta>()
        .find(|meta| meta.reference().structure(0).is_some_and(|s| s.name() == "timestamp/x-ntp"))
        .and_then(|meta| unix_from_ntp(meta.timestamp().nseconds()))
}

/// Returns when the buffer's first packet came in: now, less the time it has spent in this pipeline.
pub fn arrival_time(now: Timestamp, age: Option<gst::ClockTime>) -> Timestamp {
    let age = age.and_then(|age| i64::try_from(age.nseconds()).ok()).unwrap_or(0);
    now.checked_sub(SignedDuration::from_nanos(age)).unwrap_or(now)
}

fn unix_from_ntp(ntp_ns: u64) -> Option<Timestamp> {
    let unix_ns = i128::from(ntp_ns) - i128::from(NTP_TO_UNIX_SECS) * 1_000_000_000;
    Timestamp::from_nanosecond(unix_ns).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[track_caller]
    fn check(sender: Option<Timestamp>, arrival: Option<Timestamp>, source: TimeSource, time: &str) {
        let capture = capture_time(sender, arrival).unwrap();
        assert_eq!((capture.quality.source, capture.time), (source, time.parse().unwrap()));
    }

    #[test]
    fn ntp_counts_from_1900() {
        // RFC 5905, figure 4: 1 Jan 1970 is second 2 208 988 800 of era 0; 1 Jan 1972 is 2 272 060 800.
        assert_eq!(unix_from_ntp(2_272_060_800_500_000_000), Some(at("1972-01-01T00:00:00.5Z")));
    }

    #[test]
    fn a_sender_with_a_wrong_clock_is_not_believed() {
        use TimeSource::{Arrival, RtcpSenderReport};
        let arrival = Some(at("2026-05-01T10:00:00Z"));
        check(Some(at("2026-05-01T09:59:59.7Z")), arrival, RtcpSenderReport, "2026-05-01T09:59:59.7Z");
        check(Some(at("2000-01-01T00:00:10Z")), arrival, Arrival, "2026-05-01T10:00:00Z");
        check(None, arrival, Arrival, "2026-05-01T10:00:00Z");
        check(Some(at("2000-01-01T00:00:10Z")), None, RtcpSenderReport, "2000-01-01T00:00:10Z");
        assert!(capture_time(None, None).is_none());
    }

    #[test]
    fn arrival_lies_before_now_by_the_age_of_the_frame() {
        let now = "2026-05-01T10:00:00Z".parse().unwrap();
        assert_eq!(
            arrival_time(now, Some(gst::ClockTime::from_mseconds(250))),
            "2026-05-01T09:59:59.75Z".parse().unwrap()
        );
        assert_eq!(arrival_time(now, None), now);
    }
}
