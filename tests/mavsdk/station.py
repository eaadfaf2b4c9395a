"""A ground station whose protocol is MAVSDK's: it reads a .plan, sends it, reads it back, and flies it. Usage: station.py ADDRESS PLAN

Prints one JSON line: how many items the plan has, whether what came back is the same, and how the flight ended.
"""

import json
import sys
import time

from mavsdk.component_type import ComponentType
from mavsdk.mavsdk import Configuration, Mavsdk
from mavsdk.plugins.action import Action
from mavsdk.plugins.mission_raw import MissionRaw
from mavsdk.plugins.telemetry import Telemetry

PATIENCE_SECS = 60


def wait(what, holds):
    end = time.monotonic() + PATIENCE_SECS
    while not holds():
        if time.monotonic() > end:
            sys.exit(f"{what}: not within {PATIENCE_SECS} s")
        time.sleep(0.1)


def same(sent, kept):
    # What has no value is no number, which is not itself; whole degrees and heights must be.
    return (sent.seq, sent.command, sent.x, sent.y, sent.z) == (kept.seq, kept.command, kept.x, kept.y, kept.z)


def main():
    address, plan = sys.argv[1], sys.argv[2]
    sdk = Mavsdk(Configuration.create_with_component_type(ComponentType.GROUND_STATION))
    sdk.add_any_connection(address.replace("mavlink:udp://", "udpout://"))
    system = sdk.first_autopilot(float(PATIENCE_SECS))
    mission, action, telemetry = MissionRaw(system), Action(system), Telemetry(system)
    items = mission.import_qgroundcontrol_mission(plan).mission_items
    mission.upload_mission(items)
    kept = mission.download_mission()
    equal = len(items) == len(kept) and all(same(a, b) for a, b in zip(items, kept))
    action.arm()
    mission.start_mission()
    wait("take-off", telemetry.in_air)
    wait("landing", lambda: not telemetry.in_air())
    print(json.dumps({"items": len(items), "same": equal, "landed": not telemetry.in_air()}), flush=True)


if __name__ == "__main__":
    main()
