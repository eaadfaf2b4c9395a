# SPDX-License-Identifier: Apache-2.0
"""A small MPEG transport stream writer (ISO 13818-1): one H.264 stream and one KLV stream, synchronous or not."""

PMT_PID, VIDEO_PID, KLV_PID = 0x1000, 0x100, 0x101
PTS_START = 90_000
PCR_LEAD = 18_000


def crc32_mpeg(data):
    """CRC-32/MPEG-2 of a section."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


def section(table_id, body):
    """A PSI section: header, body and CRC."""
    out = bytes([table_id]) + (0xB000 | len(body) + 9).to_bytes(2, "big") + b"\x00\x01\xC1\x00\x00" + body
    return out + crc32_mpeg(out).to_bytes(4, "big")


def pat():
    """Programme association: programme 1."""
    return section(0x00, b"\x00\x01" + (0xE000 | PMT_PID).to_bytes(2, "big"))


def pmt(synchronous):
    """Programme map: H.264 and KLV, as stream type 0x15 (synchronous) or 0x06 with registration KLVA."""
    if synchronous:
        # metadata_descriptor (2.6.60): application format 0x0100, format and identifier KLVA, service 0.
        kind = 0x15
        info = b"\x26\x09\x01\x00\xFFKLVA\x00\x0F"
        # metadata_std_descriptor (2.6.62): leak rates and buffer size, each 22 bits after two reserved ones.
        info += b"\x27\x09" + (0xC00000 | 250).to_bytes(3, "big") + (0xC00000 | 10).to_bytes(3, "big") + (0xC00000).to_bytes(3, "big")
    else:
        kind, info = 0x06, b"\x05\x04KLVA"
    body = (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xF0\x00"
    body += b"\x1B" + (0xE000 | VIDEO_PID).to_bytes(2, "big") + b"\xF0\x00"
    body += bytes([kind]) + (0xE000 | KLV_PID).to_bytes(2, "big") + (0xF000 | len(info)).to_bytes(2, "big") + info
    return section(0x02, body)


def pes(stream_id, pts, data, bounded):
    """A PES packet with a PTS."""
    stamp = bytes([
        0x21 | pts >> 29 & 0x0E, pts >> 22 & 0xFF, 0x01 | pts >> 14 & 0xFE, pts >> 7 & 0xFF, 0x01 | pts << 1 & 0xFE])
    head = b"\x84\x80\x05" + stamp
    size = len(head) + len(data) if bounded else 0
    return b"\x00\x00\x01" + bytes([stream_id]) + size.to_bytes(2, "big") + head + data


def metadata_cell(sequence, data):
    """A metadata access unit cell (2.12.4): a whole unit, random access."""
    return bytes([0, sequence & 0xFF, 0xDF]) + len(data).to_bytes(2, "big") + data


class Writer:
    """Cuts sections and PES packets into transport packets."""

    def __init__(self):
        self.counters, self.out = {}, bytearray()

    def put(self, pid, data, pcr=None, key=False):
        """Writes one PES packet (or a section that begins with its pointer byte)."""
        first = True
        while data:
            field = b""
            if first and (pcr is not None or key):
                flags = (0x10 if pcr is not None else 0) | (0x40 if key else 0)
                field = bytes([flags])
                if pcr is not None:
                    field += (pcr << 15 | 0x7E00).to_bytes(6, "big")
            room = 184 - (1 + len(field) if field else 0)
            piece, data = data[:room], data[room:]
            if len(piece) < room:
                pad = room - len(piece)
                if not field:
                    field = b"" if pad == 1 else b"\x00"
                    pad -= 1 if pad == 1 else 2
                    field += b"\xFF" * pad
                    control = bytes([len(field)]) + field
                else:
                    field += b"\xFF" * pad
                    control = bytes([len(field)]) + field
            else:
                control = bytes([len(field)]) + field if field else b""
            counter = self.counters.get(pid, 0)
            self.counters[pid] = counter + 1 & 0x0F
            head = bytes([0x47, (0x40 if first else 0) | pid >> 8, pid & 0xFF, (0x30 if control else 0x10) | counter])
            self.out += head + control + piece
            assert len(self.out) % 188 == 0
            first = False


def access_units(stream):
    """Splits an H.264 byte stream into access units: (bytes, whether it holds an IDR slice)."""
    starts, i = [], 0
    while (i := stream.find(b"\x00\x00\x01", i)) >= 0:
        starts.append(i + 3)
        i += 3
    nals = []
    for a, b in zip(starts, starts[1:] + [len(stream) + 3]):
        nals.append(stream[a:b - 3].rstrip(b"\x00"))
    units, unit, picture = [], [], False
    for nal in nals:
        kind = nal[0] & 0x1F
        first_slice = kind in (1, 5) and nal[1] & 0x80  # first_mb_in_slice is ue(v): 0 is a single 1 bit
        if picture and (kind in (6, 7, 8, 9) or first_slice):
            units.append(unit)
            unit, picture = [], False
        if kind != 9:
            unit.append(nal)
        picture |= kind in (1, 5)
    units.append(unit)
    return [(b"\x00\x00\x00\x01\x09\xF0" + b"".join(b"\x00\x00\x00\x01" + n for n in u), any(n[0] & 0x1F == 5 for n in u)) for u in units]


def mux(units, packets, start_us, synchronous):
    """The transport stream of access units at 10 frames/s and KLV packets, whose PTS are both counted from `start_us`."""
    writer = Writer()
    tables = [(0, b"\x00" + pat()), (PMT_PID, b"\x00" + pmt(synchronous))]
    for n, ((unit, key), (time_us, klv)) in enumerate(zip(units, packets)):
        pts = PTS_START + (time_us - start_us) * 9 // 100
        for pid, data in tables:
            writer.put(pid, data + b"\xFF" * (184 - len(data)))
        writer.put(VIDEO_PID, pes(0xE0, pts, unit, False), pcr=pts - PCR_LEAD, key=key)
        if synchronous:
            writer.put(KLV_PID, pes(0xFC, pts, metadata_cell(n, klv), True))
        else:
            writer.put(KLV_PID, pes(0xBD, pts, klv, True))
    return bytes(writer.out)


def elementary(stream, pid):
    """The PES payloads of one PID: (PTS, bytes) in file order."""
    packets, current = [], None
    for i in range(0, len(stream), 188):
        head = stream[i:i + 188]
        if (head[1] & 0x1F) << 8 | head[2] != pid:
            continue
        at = 5 + head[4] if head[3] & 0x20 else 4
        if head[1] & 0x40:
            if current:
                packets.append(current)
            current = bytearray()
        if current is not None:
            current += head[at:]
    packets.append(current)
    out = []
    for p in packets:
        s = p[9:14]
        pts = (s[0] & 0x0E) << 29 | s[1] << 22 | (s[2] & 0xFE) << 14 | s[3] << 7 | s[4] >> 1
        out.append((pts, bytes(p[9 + p[8]:])))
    return out
