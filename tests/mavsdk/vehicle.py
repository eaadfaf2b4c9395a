"""A vehicle whose protocol is MAVSDK's: lists, commands, modes and parameters are answered by its server plug-ins.

Only what a body would do is here: it goes from item to item, a fifth of a second each, and reports where it is. Prints a line for each thing
that came, JSON. Usage: vehicle.py PORT LAT LON
"""

import ctypes
import json
import sys
import threading
import time

from mavsdk.cmavsdk_loader import _cmavsdk_lib
from mavsdk.component_type import ComponentType
from mavsdk.mavsdk import Configuration, Mavsdk
from mavsdk.plugins.action_server import ActionServer
from mavsdk.plugins.action_server.action_server import AllowableFlightModes, FlightMode
from mavsdk.plugins.mission_raw_server import MissionRawServer
from mavsdk.plugins.param_server import ParamServer
from mavsdk.plugins.telemetry_server import TelemetryServer
from mavsdk.plugins.telemetry_server.telemetry_server import (
    Battery,
    FixType,
    GpsInfo,
    Heading,
    LandedState,
    Position,
    RawGps,
    VelocityNed,
    VtolState,
)

PORT, LAT_DEG, LON_DEG = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
WAYPOINT, TAKEOFF, RETURN = 16, 22, 20
QUADROTOR = 2


def say(**what):
    print(json.dumps(what), flush=True)


class Body:
    """Where it is and what it does."""

    def __init__(self):
        self.lock = threading.Lock()
        self.lat_deg, self.lon_deg, self.height_m = LAT_DEG, LON_DEG, 0.0
        self.armed, self.mode, self.items, self.current = False, "hold", [], 0

    def airborne(self):
        return self.height_m > 0.1


def main():
    configuration = Configuration.create_with_component_type(ComponentType.AUTOPILOT)
    # The wrapper has no name for it; without it the vehicle says that it is of no kind.
    _cmavsdk_lib.mavsdk_configuration_set_mav_type(ctypes.c_void_p(configuration._handle), ctypes.c_uint8(QUADROTOR))
    sdk = Mavsdk(configuration)
    result = sdk.add_any_connection(f"udpin://127.0.0.1:{PORT}")
    component = sdk.server_component()
    telemetry, action = TelemetryServer(component), ActionServer(component)
    params, mission = ParamServer(component), MissionRawServer(component)
    params.provide_param_int("NAV_DLL_ACT", 0)
    params.provide_param_int("CAL_ACC0_ID", 1)
    params.provide_param_int("CAL_GYRO0_ID", 1)
    params.provide_param_int("CAL_MAG0_ID", 1)
    params.provide_param_int("SYS_HITL", 0)
    params.provide_param_int("MIS_TAKEOFF_ALT", 0)
    body = Body()
    listen(mission, action, body)
    action.set_allow_takeoff(True)
    action.set_armable(True, True)
    action.set_disarmable(True, True)
    action.set_allowable_flight_modes(AllowableFlightModes(True, True, True, True, True, True, True))
    action.set_flight_mode(FlightMode.HOLD)
    say(listening=PORT, result=str(result), version=sdk.version())
    ticks = 0
    while True:
        time.sleep(0.1)
        ticks += 1
        with body.lock:
            if ticks % 2 == 0:
                fly(body, mission, action)
            publish(body, telemetry, slow=ticks % 5 == 0)


def listen(mission, action, body):
    def came(result, plan, _):
        with body.lock:
            body.items = list(plan.mission_items)
            body.current = 0
        say(mission=len(plan.mission_items), result=result.name, seqs=[item.seq for item in plan.mission_items])

    def armed(result, what, _):
        with body.lock:
            body.armed = what.arm
        say(arm=what.arm, result=result.name)

    def mode(result, which, _):
        names = {FlightMode.MISSION: "mission", FlightMode.RETURN_TO_LAUNCH: "return", FlightMode.LAND: "land"}
        with body.lock:
            body.mode = names.get(which, "hold")
        say(mode=FlightMode(which).name, result=result.name)

    def current(item, _):
        with body.lock:
            body.current = item.seq

    def cleared(*_):
        with body.lock:
            body.items = []
        say(cleared=True)

    mission.subscribe_incoming_mission(came)
    mission.subscribe_current_item_changed(current)
    mission.subscribe_clear_all(cleared)
    action.subscribe_arm_disarm(armed)
    action.subscribe_flight_mode_change(mode)


def fly(body, mission, action):
    if not body.armed:
        return
    if body.mode == "mission" and body.current < len(body.items):
        item = body.items[body.current]
        if item.command in (TAKEOFF, WAYPOINT):
            body.height_m = item.z
        if item.command == WAYPOINT:
            body.lat_deg, body.lon_deg = item.x / 1e7, item.y / 1e7
        if item.command == RETURN:
            body.mode = "return"
            action.set_flight_mode(FlightMode.RETURN_TO_LAUNCH)
        body.lock.release()
        try:
            # It calls back with the next.
            mission.set_current_item_complete()
        finally:
            body.lock.acquire()
    elif body.mode in ("return", "land") and body.airborne():
        if body.mode == "return":
            body.lat_deg, body.lon_deg = LAT_DEG, LON_DEG
        body.height_m = max(0.0, body.height_m - 20.0)
        if not body.airborne():
            body.height_m, body.armed = 0.0, False
            action.set_armed_state(False)
            action.set_flight_mode(FlightMode.HOLD)
            say(landed=True)


def publish(body, telemetry, slow):
    position = Position(body.lat_deg, body.lon_deg, 60.0 + body.height_m, body.height_m)
    telemetry.publish_position(position, VelocityNed(0.0, 0.0, 0.0), Heading(0.0))
    if slow:
        landed = LandedState.IN_AIR if body.airborne() else LandedState.ON_GROUND
        telemetry.publish_extended_sys_state(VtolState.UNDEFINED, landed)
        telemetry.publish_sys_status(Battery(16.0, 0.93), False, True, True, True, True)
        gps = RawGps(0, body.lat_deg, body.lon_deg, 60.0, 1.0, 1.0, 0.0, 0.0, 60.0, 1.0, 1.0, 1.0, 1.0, 0.0)
        telemetry.publish_raw_gps(gps, GpsInfo(12, FixType.FIX_3D))


if __name__ == "__main__":
    main()
