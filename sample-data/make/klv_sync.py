# SPDX-License-Identifier: Apache-2.0
"""Rewrites the start of flight.ts with synchronous KLV (stream type 0x15): `klv_sync.py flight.ts sync_klv.ts`."""
import struct
import sys
from pathlib import Path

import ts

LIMIT_BYTES, LIMIT_FRAMES = 480_000, 20


def main(source, out):
    """Takes as many whole frames as the limits allow."""
    stream = Path(source).read_bytes()
    video, packets = ts.elementary(stream, ts.VIDEO_PID), ts.elementary(stream, ts.KLV_PID)
    units = [(data, any(data[i + 4] & 0x1F == 5 for i in range(len(data) - 4) if data[i:i + 4] == b"\x00\x00\x00\x01")) for _, data in video[:LIMIT_FRAMES]]
    timed = [(struct.unpack(">Q", data[data.index(b"\x02\x08", 16) + 2:][:8])[0], data) for _, data in packets]
    for count in range(len(units), 0, -1):
        result = ts.mux(units[:count], timed, timed[0][0], synchronous=True)
        if len(result) <= LIMIT_BYTES:
            Path(out).write_bytes(result)
            return
    raise SystemExit(f"{source}: its first frame alone is over {LIMIT_BYTES} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
