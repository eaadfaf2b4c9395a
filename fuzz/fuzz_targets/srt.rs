//! No bytes make the reader of DJI subtitles panic or hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pipeline::telemetry::srt;

fuzz_target!(|bytes: &[u8]| {
    let _ = srt::read("fuzz.srt", bytes);
    let _ = srt::read("fuzz.srt", &[b"1\n00:00:01,000 --> 00:00:02,000\n", bytes].concat());
});
