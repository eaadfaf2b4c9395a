//! The tap's side of the demultiplexer: which streams are kept, and how their packets are put together.

use std::collections::BTreeMap;

use mpeg2ts_reader::StreamType;
use mpeg2ts_reader::demultiplex::{
    DemuxContext, FilterChangeset, FilterRequest, NullPacketFilter, PacketFilter, PatPacketFilter,
    PmtPacketFilter,
};
use mpeg2ts_reader::descriptor::CoreDescriptors;
use mpeg2ts_reader::packet::{Packet as TsPacket, Pid};
use mpeg2ts_reader::pes::{
    ElementaryStreamConsumer, PesContents, PesHeader, PesLength, PesPacketFilter, PesParsedContents, PtsDts,
};
use mpeg2ts_reader::psi::pmt::StreamInfo;
use mpeg2ts_reader::smptera::FormatIdentifier;

use super::cells::CellJoiner;
use super::timeline::Timeline;
use super::{MAX_PROBLEMS, TsKlv};
use crate::telemetry::error::{Place, Problem};
use crate::telemetry::klv;

/// Longest PES payload put together, bytes; one with a stated length has at most 65,535.
const MAX_PES_BYTES: usize = 1 << 20;
/// Start code, stream id and length of a PES packet.
const PES_PREFIX_BYTES: usize = 6;
/// First bytes of every universal label (SMPTE ST 298).
const LABEL_START: [u8; 4] = [0x06, 0x0E, 0x2B, 0x34];

/// What the demultiplexer's filters share.
#[derive(Default)]
pub struct Tap {
    changes: FilterChangeset<Filter>,
    /// Streams that can carry KLV, by PID.
    pub streams: BTreeMap<u16, KlvStream>,
    /// Time stamps of the video.
    pub timeline: Timeline,
    /// Local sets not yet given.
    pub found: Vec<TsKlv>,
    /// Problems not yet given.
    pub problems: Vec<Problem>,
    /// Offset of the transport packet being read.
    pub offset: u64,
    video: Option<Pid>,
    /// Bytes of the transport packet that starts a PES packet, from that packet's first byte on.
    unit_bytes: usize,
}

/// One stream of KLV.
#[derive(Debug, Default)]
pub struct KlvStream {
    /// Announced as KLV; if not, only payloads that start with a universal label are taken.
    announced: bool,
    /// In access unit cells.
    in_cells: bool,
    cells: CellJoiner,
    open: Option<OpenPes>,
}

#[derive(Debug)]
struct OpenPes {
    pts_90k: Option<u64>,
    wanted: Option<usize>,
    payload: Vec<u8>,
}

/// What is done with the packets of one PID.
pub enum Filter {
    Pat(PatPacketFilter<Tap>),
    Pmt(PmtPacketFilter<Tap>),
    Video(PesPacketFilter<Tap, Video>),
    Klv(PesPacketFilter<Tap, Klv>),
    Ignored(NullPacketFilter<Tap>),
}

impl PacketFilter for Filter {
    type Ctx = Tap;

    fn consume(&mut self, tap: &mut Tap, packet: &TsPacket<'_>) {
        match self {
            Self::Pat(filter) => filter.consume(tap, packet),
            Self::Pmt(filter) => filter.consume(tap, packet),
            Self::Video(filter) => filter.consume(tap, packet),
            Self::Klv(filter) => {
                tap.unit_bytes = packet.payload().map_or(0, <[u8]>::len);
                filter.consume(tap, packet);
            }
            Self::Ignored(filter) => filter.consume(tap, packet),
        }
    }
}

impl DemuxContext for Tap {
    type F = Filter;

    fn filter_changeset(&mut self) -> &mut FilterChangeset<Filter> {
        &mut self.changes
    }

    fn construct(&mut self, request: FilterRequest<'_, '_>) -> Filter {
        match request {
            FilterRequest::ByPid(Pid::PAT) => Filter::Pat(PatPacketFilter::default()),
            FilterRequest::Pmt { pid, program_number } => {
                Filter::Pmt(PmtPacketFilter::new(pid, program_number))
            }
            FilterRequest::ByStream { stream_type, stream_info, .. } => self.stream(stream_type, stream_info),
            _ => Filter::Ignored(NullPacketFilter::default()),
        }
    }
}

impl Tap {
    fn stream(&mut self, stream_type: StreamType, info: &StreamInfo<'_>) -> Filter {
        let pid = info.elementary_pid();
        match stream_type {
            StreamType::H222_0_PES_PRIVATE_DATA => self.klv(pid, is_klva(info), false),
            StreamType::METADATA_IN_PES => self.klv(pid, true, true),
            _ if is_video(stream_type) && self.video.is_none_or(|video| video == pid) => {
                self.video = Some(pid);
                Filter::Video(PesPacketFilter::new(Video))
            }
            _ => Filter::Ignored(NullPacketFilter::default()),
        }
    }

    fn klv(&mut self, pid: Pid, announced: bool, in_cells: bool) -> Filter {
        let pid = u16::from(pid);
        self.streams.insert(pid, KlvStream { announced, in_cells, ..KlvStream::default() });
        Filter::Klv(PesPacketFilter::new(Klv { pid }))
    }

    /// Notes a problem at the packet being read.
    pub fn note(&mut self, what: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(Problem { place: Place::Byte(self.offset), what });
        }
    }

    /// Gives every payload that was waiting for its next packet.
    pub fn flush(&mut self) {
        let pids: Vec<u16> = self.streams.keys().copied().collect();
        for pid in pids {
            self.close(pid);
        }
    }

    fn open(&mut self, pid: u16, header: &PesHeader<'_>) {
        let PesContents::Parsed(Some(contents)) = header.contents() else { return };
        let header_bytes = self.unit_bytes.saturating_sub(PES_PREFIX_BYTES + contents.payload().len());
        let wanted = match header.pes_packet_length() {
            PesLength::Bounded(length) => Some(usize::from(length.get()).saturating_sub(header_bytes)),
            PesLength::Unbounded => None,
        };
        if let Some(stream) = self.streams.get_mut(&pid) {
            stream.open = Some(OpenPes { pts_90k: pts_90k(&contents), wanted, payload: Vec::new() });
        }
        self.extend(pid, contents.payload());
    }

    fn extend(&mut self, pid: u16, data: &[u8]) {
        let Some(open) = self.streams.get_mut(&pid).and_then(|stream| stream.open.as_mut()) else { return };
        open.payload.extend_from_slice(data);
        let (length, wanted) = (open.payload.len(), open.wanted);
        if wanted.is_some_and(|wanted| length >= wanted) {
            self.close(pid);
        } else if length > MAX_PES_BYTES {
            self.note(format!("a packet of PID {pid} grows beyond {MAX_PES_BYTES} bytes"));
            self.drop_open(pid);
        }
    }

    /// Ends the open packet and takes the local sets out of it.
    fn close(&mut self, pid: u16) {
        let Some(stream) = self.streams.get_mut(&pid) else { return };
        let Some(mut open) = stream.open.take() else { return };
        let wanted = open.wanted.unwrap_or(open.payload.len());
        if open.payload.len() < wanted {
            let there = open.payload.len();
            stream.cells.reset();
            self.note(format!("a packet of PID {pid} claims {wanted} bytes but holds {there}"));
            return;
        }
        open.payload.truncate(wanted);
        let is_label = open.payload.starts_with(&LABEL_START);
        if stream.in_cells && !is_label {
            let (units, outcome) = stream.cells.push(&open.payload);
            if let Err(what) = outcome {
                self.note(format!("PID {pid}: {what}"));
            }
            for unit in units {
                self.give(open.pts_90k, &unit);
            }
        } else if stream.announced || is_label {
            self.give(open.pts_90k, &open.payload);
        }
    }

    fn drop_open(&mut self, pid: u16) {
        if let Some(stream) = self.streams.get_mut(&pid) {
            stream.open = None;
            stream.cells.reset();
        }
    }

    /// Gives the local sets of one access unit.
    fn give(&mut self, pts_90k: Option<u64>, unit: &[u8]) {
        let (sets, problems) = klv::scan(unit);
        for problem in problems {
            self.note(format!("KLV {problem}"));
        }
        let video_pts_90k = self.timeline.last_video_pts_90k();
        let elapsed_us = pts_90k.or(video_pts_90k).and_then(|pts| self.timeline.elapsed_us(pts));
        let offset = self.offset;
        self.found.extend(sets.iter().map(|set| TsKlv {
            pts_90k,
            video_pts_90k,
            elapsed_us,
            offset,
            klv: set.bytes.to_vec(),
        }));
    }
}

/// Reads the time stamps of video and nothing else of it.
pub struct Video;

impl ElementaryStreamConsumer<Tap> for Video {
    fn start_stream(&mut self, _tap: &mut Tap) {}

    fn begin_packet(&mut self, tap: &mut Tap, header: PesHeader<'_>) {
        if let PesContents::Parsed(Some(contents)) = header.contents()
            && let Some(pts) = pts_90k(&contents)
        {
            tap.timeline.see_video(pts);
        }
    }

    fn continue_packet(&mut self, _tap: &mut Tap, _data: &[u8]) {}

    fn end_packet(&mut self, _tap: &mut Tap) {}

    fn continuity_error(&mut self, _tap: &mut Tap) {}
}

/// Puts the packets of one KLV stream together.
pub struct Klv {
    pid: u16,
}

impl ElementaryStreamConsumer<Tap> for Klv {
    fn start_stream(&mut self, _tap: &mut Tap) {}

    fn begin_packet(&mut self, tap: &mut Tap, header: PesHeader<'_>) {
        tap.open(self.pid, &header);
    }

    fn continue_packet(&mut self, tap: &mut Tap, data: &[u8]) {
        tap.extend(self.pid, data);
    }

    fn end_packet(&mut self, tap: &mut Tap) {
        tap.close(self.pid);
    }

    fn continuity_error(&mut self, tap: &mut Tap) {
        tap.note(format!("transport packets of PID {} are missing", self.pid));
        tap.drop_open(self.pid);
    }
}

fn is_video(stream_type: StreamType) -> bool {
    [StreamType::H262, StreamType::ISO_14496_2_VISUAL, StreamType::H264, StreamType::H265]
        .contains(&stream_type)
}

fn is_klva(info: &StreamInfo<'_>) -> bool {
    info.descriptors::<CoreDescriptors<'_>>().flatten().any(|descriptor| match descriptor {
        CoreDescriptors::Registration(registration) => registration.is_format(FormatIdentifier::KLVA),
        _ => false,
    })
}

fn pts_90k(contents: &PesParsedContents<'_>) -> Option<u64> {
    match contents.pts_dts() {
        Ok(PtsDts::PtsOnly(Ok(pts)) | PtsDts::Both { pts: Ok(pts), .. }) => Some(pts.value()),
        _ => None,
    }
}
