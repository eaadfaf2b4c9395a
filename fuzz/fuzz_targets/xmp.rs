//! No bytes make the readers of XMP, EXIF and picture files panic or hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pipeline::telemetry::still;

fuzz_target!(|bytes: &[u8]| {
    let _ = still::xmp::properties(bytes);
    let _ = still::read("fuzz.jpg", bytes);
    let _ = still::read("fuzz.tif", &[b"II*\0\x08\0\0\0", bytes].concat());
});
