//! No bytes make the reader of DJI's messages panic or hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pipeline::telemetry::{Kind, read_as};

fuzz_target!(|bytes: &[u8]| {
    let _ = read_as(Kind::DjiOsd, "fuzz.jsonl", bytes);
    let _ = read_as(Kind::DjiOsd, "fuzz.jsonl", &[b"{\"data\":{\"attitude_head\":", bytes].concat());
});
