//! No bytes make the reader of PX4 logs panic or hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pipeline::telemetry::{Kind, read_as};

fuzz_target!(|bytes: &[u8]| {
    let _ = read_as(Kind::Ulog, "fuzz.ulg", bytes);
    let _ = read_as(Kind::Ulog, "fuzz.ulg", &[b"ULog\x01\x12\x35\x01\0\0\0\0\0\0\0\0", bytes].concat());
});
