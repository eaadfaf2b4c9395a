//! KLV tapped from transport streams, asynchronous and synchronous, in pieces and damaged.

use pipeline::telemetry::klv::{self, UAS_KEY};
use pipeline::telemetry::mpegts::{TsKlv, TsTap, signed_pts_difference};
use proptest::prelude::*;

use crate::mux::Mux;

const KLVA: &[u8] = b"\x05\x04KLVA";
const ASYNCHRONOUS: u8 = 0x06;
const SYNCHRONOUS: u8 = 0x15;

/// A packet with a mission id of so many bytes.
fn set(text_bytes: usize, mark: u8) -> Vec<u8> {
    let mut bytes = UAS_KEY.to_vec();
    let body = 3 + text_bytes + 4;
    bytes.push(0x82);
    bytes.extend(u16::try_from(body).unwrap().to_be_bytes());
    bytes.extend([3, 0x81, u8::try_from(text_bytes).unwrap()]);
    bytes.extend(vec![mark; text_bytes]);
    bytes.extend([1, 2]);
    let sum = klv::running_sum(&bytes);
    bytes.extend(sum.to_be_bytes());
    assert!(klv::decode(&bytes).unwrap().checksum.is_right());
    bytes
}

fn cell(sequence: u8, fragment: u8, data: &[u8]) -> Vec<u8> {
    let mut cell = vec![0, sequence, (fragment << 6) | 0x1F];
    cell.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    cell.extend(data);
    cell
}

fn tap(stream: &[u8], piece: usize) -> (Vec<TsKlv>, Vec<String>, TsTap) {
    let (mut tap, mut found) = (TsTap::new(), Vec::new());
    for bytes in stream.chunks(piece) {
        tap.push(bytes, &mut found);
    }
    tap.finish(&mut found);
    let problems = tap.take_problems().iter().map(ToString::to_string).collect();
    (found, problems, tap)
}

fn sets(found: &[TsKlv]) -> Vec<Vec<u8>> {
    found.iter().map(|found| found.klv.clone()).collect()
}

#[test]
fn asynchronous_klv_is_found_in_pieces_of_any_size() {
    let mut mux = Mux::new(ASYNCHRONOUS, KLVA);
    let packets = [set(20, b'a'), set(200, b'b'), set(90, b'c')];
    for (index, packet) in packets.iter().enumerate() {
        mux.video(90_000 + 3600 * index as u64);
        mux.klv(0xBD, Some(90_000 + 3600 * index as u64 + 900), packet, index as u8, true);
    }
    for piece in [1, 7, 188, 189, 4000] {
        let (found, problems, tap) = tap(mux.bytes(), piece);
        assert_eq!((sets(&found), problems.len()), (packets.to_vec(), 0), "{piece}: {problems:?}");
        assert_eq!(tap.first_video_pts_90k(), Some(90_000));
        assert!(tap.announces_klv());
        let elapsed: Vec<_> = found.iter().map(|found| found.elapsed_us.unwrap()).collect();
        assert_eq!(elapsed, [10_000, 50_000, 90_000]);
    }
}

#[test]
fn klv_without_its_own_time_takes_that_of_the_newest_picture() {
    let mut mux = Mux::new(ASYNCHRONOUS, KLVA);
    mux.klv(0xBD, None, &set(20, b'a'), 0, true);
    mux.video(5000);
    mux.video(8600);
    mux.klv(0xBD, None, &set(20, b'b'), 0, true);
    let (found, _, _) = tap(mux.bytes(), 188);
    let times: Vec<_> =
        found.iter().map(|found| (found.pts_90k, found.video_pts_90k, found.elapsed_us)).collect();
    assert_eq!(times, [(None, None, None), (None, Some(8600), Some(40_000))]);
}

#[test]
fn several_sets_in_one_payload_are_given_one_by_one() {
    let mut mux = Mux::new(ASYNCHRONOUS, KLVA);
    mux.klv(0xBD, None, &[set(20, b'a'), set(30, b'b')].concat(), 0, true);
    assert_eq!(sets(&tap(mux.bytes(), 188).0), [set(20, b'a'), set(30, b'b')]);
}

#[test]
fn private_data_without_registration_is_taken_only_when_it_starts_with_a_label() {
    let mut mux = Mux::new(ASYNCHRONOUS, &[]);
    mux.klv(0xBD, None, b"teletext", 0, true);
    mux.klv(0xBD, None, &set(20, b'a'), 0, true);
    let (found, problems, _) = tap(mux.bytes(), 188);
    assert_eq!((sets(&found), problems), (vec![set(20, b'a')], vec![]));
}

#[test]
fn synchronous_klv_is_taken_out_of_whole_several_and_split_cells() {
    let mut mux = Mux::new(SYNCHRONOUS, &[]);
    mux.video(90_000);
    let (a, b, c) = (set(20, b'a'), set(200, b'b'), set(250, b'c'));
    mux.klv(0xFC, Some(90_000), &cell(0, 3, &a), 0, true);
    let split = [cell(1, 3, &b), cell(2, 2, &c[..100])].concat();
    mux.klv(0xFC, Some(93_600), &split, 0, true);
    mux.klv(0xFC, Some(97_200), &cell(3, 0, &c[100..150]), 0, true);
    mux.klv(0xFC, Some(97_200), &cell(4, 1, &c[150..]), 0, true);
    let (found, problems, _) = tap(mux.bytes(), 100);
    assert_eq!((sets(&found), problems.len()), (vec![a, b, c], 0), "{problems:?}");
    let elapsed: Vec<_> = found.iter().map(|found| found.elapsed_us).collect();
    assert_eq!(elapsed, [Some(0), Some(40_000), Some(80_000)]);
}

#[test]
fn cells_that_lie_or_lost_their_start_are_said_and_the_next_is_read() {
    let good = set(20, b'a');
    let mut lying = cell(0, 3, &good);
    lying[4] += 1;
    for (bad, what) in [
        (lying, "an access unit cell claims 47 bytes but only 46 are left"),
        (cell(9, 1, &good), "access unit cell 9 continues a unit whose start is missing"),
        (vec![0, 1, 2], "an access unit cell ends inside its header"),
    ] {
        let mut mux = Mux::new(SYNCHRONOUS, &[]);
        mux.klv(0xFC, None, &bad, 0, true);
        mux.klv(0xFC, None, &cell(1, 3, &good), 0, true);
        let (found, problems, _) = tap(mux.bytes(), 188);
        assert_eq!(sets(&found), std::slice::from_ref(&good), "{what}");
        assert_eq!(problems, [format!("byte 376: PID 257: {what}")]);
    }
}

#[test]
fn lost_packets_drop_one_set_and_no_other() {
    let mut mux = Mux::new(ASYNCHRONOUS, KLVA);
    mux.klv(0xBD, None, &set(20, b'a'), 0, true);
    mux.klv(0xBD, None, &set(250, b'b'), 0, true);
    let cut = mux.bytes().len() - 188;
    let mut stream = mux.bytes()[..cut].to_vec();
    mux.klv(0xBD, None, &set(30, b'c'), 0, true);
    stream.extend(&mux.bytes()[cut + 188..]);
    mux.skip_klv_counter();
    let (found, problems, _) = tap(&stream, 188);
    assert_eq!(sets(&found), [set(20, b'a'), set(30, b'c')]);
    assert_eq!(problems, ["byte 752: transport packets of PID 257 are missing"]);
}

#[test]
fn garbage_between_packets_and_a_cut_end_are_said() {
    let mut mux = Mux::new(ASYNCHRONOUS, KLVA);
    mux.klv(0xBD, None, &set(20, b'a'), 0, true);
    let head = mux.bytes().to_vec();
    mux.klv(0xBD, None, &set(30, b'b'), 0, false);
    let stream = [b"noise", &head[..], b"more noise", &mux.bytes()[head.len()..], b"\x47cut"].concat();
    let (found, problems, _) = tap(&stream, 50);
    assert_eq!(sets(&found), [set(20, b'a'), set(30, b'b')]);
    assert_eq!(
        problems,
        [
            "byte 0: 5 bytes are no transport packet",
            "byte 569: 10 bytes are no transport packet",
            "byte 767: the last 4 bytes are no whole transport packet",
        ]
    );
}

#[test]
fn time_goes_on_across_the_wrap_of_33_bits() {
    assert_eq!(signed_pts_difference(5, (1 << 33) - 5), 10);
    assert_eq!(signed_pts_difference((1 << 33) - 5, 5), -10);
    let mut mux = Mux::new(ASYNCHRONOUS, KLVA);
    let start = (1 << 33) - 9000;
    for step in 0..5 {
        mux.video((start + step * 4500) % (1 << 33));
    }
    mux.klv(0xBD, Some(9000), &set(20, b'a'), 0, true);
    let (found, _, tap) = tap(mux.bytes(), 188);
    assert_eq!(found[0].elapsed_us, Some(200_000));
    assert_eq!(tap.first_video_pts_90k(), Some(start));
    assert_eq!(tap.elapsed_us(start - 90), Some(-1000));
}

#[test]
fn pictures_in_decoding_order_give_the_lowest_time_as_the_first() {
    let mut mux = Mux::new(ASYNCHRONOUS, KLVA);
    for pts in [9000, 3000, 6000, 18_000] {
        mux.video(pts);
    }
    let (_, _, tap) = tap(mux.bytes(), 188);
    assert_eq!(tap.first_video_pts_90k(), Some(3000));
    assert_eq!(tap.elapsed_us(18_000), Some(166_666));
}

proptest! {
    #[test]
    fn no_bytes_make_the_tap_panic(
        bytes in proptest::collection::vec(0u8.., 0..1200),
        flips in proptest::collection::vec((0usize..3000, 0u8..), 0..12),
        piece in 1usize..400,
    ) {
        tap(&bytes, piece);
        let mut mux = Mux::new(SYNCHRONOUS, KLVA);
        for index in 0..6_u8 {
            mux.video(3000 * u64::from(index));
            mux.klv(0xFC, None, &cell(index, 3, &set(150, index)), index, index % 2 == 0);
        }
        let mut stream = mux.bytes().to_vec();
        for (at, value) in flips {
            if let Some(byte) = stream.get_mut(at) {
                *byte = value;
            }
        }
        tap(&stream, piece);
    }
}
