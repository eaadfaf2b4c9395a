//! A small MPEG transport stream writer, enough to carry pictures' time stamps and KLV.

/// PID of the video.
pub const VIDEO: u16 = 0x100;
/// PID of the KLV.
pub const KLV: u16 = 0x101;
const PMT: u16 = 0x20;

/// Writes transport packets of one program.
pub struct Mux {
    bytes: Vec<u8>,
    counters: std::collections::BTreeMap<u16, u8>,
}

impl Mux {
    /// Starts a program with H.264 video and one stream of KLV of the given type and descriptors.
    pub fn new(klv_type: u8, klv_descriptors: &[u8]) -> Self {
        let mut mux = Self { bytes: Vec::new(), counters: std::collections::BTreeMap::new() };
        mux.section(0, 0, 1, &[0, 1, 0xE0, 0x20]);
        let mut pmt = vec![0xE1, 0x00, 0xF0, 0];
        pmt.extend([0x1B, 0xE1, 0x00, 0xF0, 0]);
        pmt.extend([klv_type, 0xE1, 0x01, 0xF0, u8::try_from(klv_descriptors.len()).unwrap()]);
        pmt.extend(klv_descriptors);
        mux.section(PMT, 2, 1, &pmt);
        mux
    }

    /// The stream so far.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// A picture of no content.
    pub fn video(&mut self, pts_90k: u64) {
        self.pes(VIDEO, 0xE0, Some(pts_90k), &[0, 0, 0, 1, 9, 16], 0, true);
    }

    /// A KLV payload in one PES packet with `stuffing` bytes in its header.
    pub fn klv(&mut self, stream_id: u8, pts_90k: Option<u64>, payload: &[u8], stuffing: u8, bounded: bool) {
        self.pes(KLV, stream_id, pts_90k, payload, stuffing, bounded);
    }

    /// Loses the next packet of the KLV stream.
    pub fn skip_klv_counter(&mut self) {
        *self.counters.entry(KLV).or_default() += 1;
    }

    fn pes(&mut self, pid: u16, id: u8, pts: Option<u64>, payload: &[u8], stuffing: u8, bounded: bool) {
        let stamp = pts.map(stamp).unwrap_or_default();
        let header_length = u8::try_from(stamp.len()).unwrap() + stuffing;
        let length = if bounded { 3 + usize::from(header_length) + payload.len() } else { 0 };
        let mut pes = vec![0, 0, 1, id];
        pes.extend(u16::try_from(length).unwrap().to_be_bytes());
        pes.extend([0x84, if pts.is_some() { 0x80 } else { 0 }, header_length]);
        pes.extend(stamp);
        pes.extend(vec![0xFF; usize::from(stuffing)]);
        pes.extend(payload);
        self.packets(pid, &pes);
    }

    fn section(&mut self, pid: u16, table: u8, id: u16, body: &[u8]) {
        let length = u16::try_from(body.len() + 9).unwrap() | 0xB000;
        let mut section = vec![table];
        section.extend(length.to_be_bytes());
        section.extend(id.to_be_bytes());
        section.extend([0xC1, 0, 0]);
        section.extend(body);
        section.extend(crc(&section).to_be_bytes());
        section.insert(0, 0);
        section.resize(184, 0xFF);
        self.packets(pid, &section);
    }

    fn packets(&mut self, pid: u16, data: &[u8]) {
        for (index, chunk) in data.chunks(184).enumerate() {
            let start = if index == 0 { 0x4000 } else { 0 };
            let counter = self.counters.entry(pid).or_default();
            let fill = 184 - chunk.len();
            self.bytes.push(0x47);
            self.bytes.extend((start | pid).to_be_bytes());
            self.bytes.push(if fill > 0 { 0x30 } else { 0x10 } | (*counter & 15));
            *counter += 1;
            if fill > 0 {
                self.bytes.push(u8::try_from(fill - 1).unwrap());
                self.bytes.extend((1..fill).map(|at| if at == 1 { 0 } else { 0xFF }));
            }
            self.bytes.extend(chunk);
        }
    }
}

fn stamp(pts: u64) -> Vec<u8> {
    let bits = |shift: u32, mask: u64| u8::try_from((pts >> shift) & mask).unwrap();
    vec![
        0x21 | (bits(30, 7) << 1),
        bits(22, 0xFF),
        (bits(15, 0x7F) << 1) | 1,
        bits(7, 0xFF),
        (bits(0, 0x7F) << 1) | 1,
    ]
}

/// CRC-32 of ISO/IEC 13818-1, annex A.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ (u32::from(*byte) << 24), |crc, _| {
            (crc << 1) ^ if crc >> 31 == 1 { 0x04C1_1DB7 } else { 0 }
        })
    })
}
