//! No bytes make the readers of KLV panic or hang, raw or in a transport stream.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pipeline::telemetry::Record;
use pipeline::telemetry::klv;
use pipeline::telemetry::mpegts::TsTap;

fuzz_target!(|bytes: &[u8]| {
    let (found, _) = klv::scan(bytes);
    for found in &found {
        let record = Record::from_packet(&found.packet, None);
        assert_eq!(record.usable().is_some(), found.packet.checksum.is_right());
    }
    let _ = klv::decode(&[&klv::UAS_KEY, bytes].concat());
    let (mut tap, mut sets) = (TsTap::new(), Vec::new());
    tap.push(bytes, &mut sets);
    tap.finish(&mut sets);
});
