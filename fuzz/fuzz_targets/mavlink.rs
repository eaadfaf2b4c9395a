//! No bytes make the reader of MAVLink panic or hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pipeline::telemetry::{Kind, read_as};

fuzz_target!(|bytes: &[u8]| {
    let _ = read_as(Kind::Mavlink, "fuzz.tlog", bytes);
});
