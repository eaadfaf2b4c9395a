#!/usr/bin/env python3
"""A whole mission over the sample city in one go, each step in words: an area becomes a plan, the plan is checked, a person launches it on a
simulated dock, the video of the flight becomes a source, what it shows becomes incidents and tasks, an analyst reviews them, and the coverage
says what was seen and what is to be flown next. Nothing leaves the ground and nothing leaves this machine.

At a terminal a person types the word that launches, and reviews in the browser; elsewhere both are played by accounts named demo.
FLYONCE names the binary, OUT the folder, which is emptied first, FPS how many frames are looked at each second.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("FLYONCE", ROOT / "target/release/flyonce")).resolve()
OUT = Path(os.environ.get("OUT", ROOT / "out/fly")).resolve()
FPS = float(os.environ.get("FPS", 5))
SAMPLE = ROOT / "sample-data/flight"
SERIAL = "7CTDM3D00BRT8K"
CODE = "4711"
HOME = {"lat_deg": 28.96884, "lon_deg": 118.87005}
# The streets that the sample flight saw, and a strip that it did not.
RING = [[118.8697, 28.9695], [118.8712, 28.9695], [118.8712, 28.9705], [118.8697, 28.9705], [118.8697, 28.9695]]
AREA = {"type": "Polygon", "coordinates": [RING]}
GSD_CM = 15.0
PACE = 10
LIMIT_S = 600
INTERACTIVE = sys.stdin.isatty() and sys.stdout.isatty()


def say(text):
    print(text, flush=True)


def step(number, en, zh):
    say(f"\n{number}. {en} {zh}")


def end(reason):
    raise SystemExit(f"fly: {reason}")


def config(port):
    """The sample city without its recorded sources, with a dock whose flights are filmed by the sample video."""
    text = (ROOT / "configs/demo.toml").read_text(encoding="utf-8").split("[[sources]]")[0]
    text = re.sub(r"(?m)^fps = \S+", f"fps = {FPS}", text).replace('"../', f'"{ROOT}/')
    for name in ("departments.toml", "rules.toml"):
        text = text.replace(f'"{name}"', f'"{ROOT}/configs/{name}"')
    return text + f"""
[[vehicles]]
id = "dock-east"
name_zh = "东区机库"
name_en = "East dock"
uri = "dji-dock:mqtt://127.0.0.1:{port}/{SERIAL}"
profile = "{SAMPLE}/aircraft.toml"
organization = "flyonce"
binding_code = "{CODE}"
resource_listen = "127.0.0.1:0"
video = "{SAMPLE}/flight.ts"
recorded = true
"""


class Processes:
    """What runs beside, ended in the end."""

    def __init__(self):
        self.all = []

    def start(self, name, command, **more):
        log = (OUT / f"{name}.log").open("w")
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=log, **more)
        self.all.append(process)
        return process

    def stop(self):
        for process in reversed(self.all):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.all:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


class Server:
    """The interface of a server for one account."""

    def __init__(self, address, token):
        self.address, self.token = address, token

    def call(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.address + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            end(f"{path}: {json.load(error).get('detail', error)}")

    def until(self, what, path, met):
        """Asks until something is so."""
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            found = self.call(path)
            if met(found):
                return found
            time.sleep(0.3)
        end(f"not within {LIMIT_S} s: {what}")


def token(name, *scopes):
    arguments = [value for scope in scopes for value in ("--scope", scope)]
    made = subprocess.run(
        [BINARY, "tokens", name, *arguments, "--data", OUT / "data"], check=True, capture_output=True, text=True
    )
    return made.stdout.strip()


def follow(pilot, mission):
    """Says every line of the flight's log until the flight is over."""
    told, version = 0, 0
    while True:
        now = pilot.call(f"/v1/missions/{mission['id']}?after={version}&wait=20")
        version = now["version"]
        for line in now["log"][told:]:
            reason = f" ({line['actor']}: {line['reason']})" if line["reason"] else ""
            say(f"   {line['en']} {line['zh']}{reason}")
        told = len(now["log"])
        if now["phase"] == "over":
            return now


def planned(pilot):
    step(1, "An area becomes a plan", "区域变成航线")
    wish = {"name": "老城积水巡查", "area": AREA, "gsd_cm": GSD_CM, "aircraft": "sample", "home": HOME}
    mission = pilot.call("/v1/missions", wish)
    plan = mission["plan"]
    say(f"   {plan['area_m2']:.0f} m2 at {GSD_CM:.0f} cm a pixel: {plan['legs']} legs, {plan['length_m']:.0f} m, "
        f"{plan['duration_s'] / 60:.1f} min in the air")
    step(2, "The plan is checked: fence, ceiling, ground, battery, sharpness", "检查航线:围栏、限高、地形、电量、清晰度")
    for one in mission["warnings"]:
        say(f"   leg {one['leg']}: {one['what_en']} {one['what_zh']}; {one['mend_en']} {one['mend_zh']}")
    if mission["warnings"]:
        end("the plan of the sample has problems")
    say("   nothing found 未发现问题")
    return mission


def launched(pilot, mission):
    step(3, "A person launches it on the simulated dock", "由人确认后在模拟机库起飞")
    if INTERACTIVE:
        word = input("   type launch and Enter to start, anything else to leave it 输入 launch 回车确认起飞: ")
        if word.strip() not in ("launch", "起飞"):
            end("left on the ground")
    word = {"vehicle": "dock-east", "reason": "rain in the old town 老城暴雨后核查", "confirmed": True}
    pilot.call(f"/v1/missions/{mission['id']}/launch", word)
    over = follow(pilot, mission)
    if over["state"]["kind"] != "landed":
        end(f"the flight ended otherwise: {over['state']['en']}")
    return over


def seen(analyst, mission):
    step(4, "Its video is a source; what it shows becomes incidents and tasks", "视频成为来源,所见成为事件与任务")
    def ended(all_sources):
        return any(one["id"] == mission["source"] and one["state"] in ("ended", "failed") for one in all_sources)
    sources = analyst.until("the end of the video", "/v1/sources", ended)
    own = next(one for one in sources if one["id"] == mission["source"])
    # What was seen last is stored a moment after the last frame.
    queue = analyst.until("a first task", "/v1/queue?state=waiting&limit=100", lambda queue: queue["total"] > 0)
    known = -1
    while known != queue["total"]:
        known = queue["total"]
        time.sleep(1)
        queue = analyst.call("/v1/queue?state=waiting&limit=100")
    say(f"   {own['frames']} frames, {own['detections']} sightings, {queue['total']} tasks that wait for an analyst:")
    for case in queue["items"]:
        say(f"   - {case['task']['title_zh']} {case['task']['title_en']}")
    return queue["items"]


def proved(pilot, mission):
    step(5, "The coverage proves what was seen", "覆盖证明看到了哪里")
    frames = next(one["frames"] for one in pilot.call("/v1/sources") if one["id"] == mission["source"])

    def whole(found):
        return sum(one["looks"] for one in found["passes"]) >= frames

    found = pilot.until("the coverage of every frame", f"/v1/missions/{mission['id']}/coverage", whole)
    asked = found["asked_m2"]
    say(f"   {asked:.0f} m2 asked: {100 * found['share']:.1f} % seen at {GSD_CM:.0f} cm a pixel or finer, "
        f"{100 * found['unseen_m2'] / asked:.1f} % not")
    holes = found["holes"]
    if not holes["features"]:
        say("   no holes 没有遗漏")
        return
    wish = {"name": "老城积水巡查 补飞", "area": holes, "gsd_cm": GSD_CM, "aircraft": "sample", "home": HOME}
    rest = pilot.call("/v1/missions", wish)
    say(f"   what is left is planned as a flight of {rest['plan']['duration_s'] / 60:.1f} min; a person launches it or does not "
        "遗漏区域已规划补飞,由人决定是否起飞")


def reviewed(analyst, cases):
    step(6, "An analyst reviews the tasks", "分析员审核任务")
    for case in cases:
        task = case["task"]
        what = {"act": {"kind": "step", "task": task["id"], "step": {"step": "confirm"}}}
        expected = [{"subject": {"task": task["id"]}, "version": task["version"]}]
        analyst.call("/v1/operations", {"what": what, "reason": "demonstration 演示", "expected": expected})
    sent = analyst.call("/v1/queue?state=sent&limit=100")
    for case in sent["items"]:
        say(f"   - {case['task']['title_en']} {case['task']['title_zh']} -> {case['task']['lead_en']} {case['task']['lead_zh']}")
    say(f"   {sent['total']} tasks went out to their departments {sent['total']} 个任务已派发")


def fly(processes):
    broker = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (OUT / "mosquitto.conf").write_text(f"allow_anonymous true\nlistener {port} 127.0.0.1\n")
    (OUT / "city.toml").write_text(config(port), encoding="utf-8")
    pilot_token, analyst_token = token("demo-pilot", "read", "fly"), token("demo-analyst", "read", "decide")
    processes.start("broker", [broker, "-c", OUT / "mosquitto.conf"])
    home = f"{HOME['lat_deg']},{HOME['lon_deg']}"
    dock = ["mission", "simulate-dock", f"mqtt://127.0.0.1:{port}/{SERIAL}", "--home", home]
    processes.start("dock", [BINARY, *dock, "--binding-code", CODE, "--pace", str(PACE)])
    serve = ["serve", "--review", "--listen", "127.0.0.1:0", "--config", OUT / "city.toml", "--data", OUT / "data"]
    server = processes.start("server", [BINARY, *serve], stdout=subprocess.PIPE, text=True)
    address = server.stdout.readline().split()[-1:]
    link = server.stdout.readline().split()[-1:]
    if not address or not link:
        end(f"the server did not start: {OUT / 'server.log'}")
    pilot, analyst = Server(address[0], pilot_token), Server(address[0], analyst_token)

    mission = launched(pilot, planned(pilot))
    cases = seen(analyst, mission)
    proved(pilot, mission)
    if not INTERACTIVE:
        reviewed(analyst, cases)
        return
    step(6, "You review the tasks in the browser", "请在浏览器中审核任务")
    say(f"   {link[0]}\n   Ctrl-C ends it 按 Ctrl-C 结束")
    server.wait()


def main():
    if not BINARY.is_file():
        end(f"{BINARY} is not there: make build")
    if OUT.exists():
        # Only what an earlier flight left.
        if any(OUT.iterdir()) and not (OUT / "city.toml").is_file():
            end(f"{OUT} holds something else; give another OUT")
        shutil.rmtree(OUT)
    (OUT / "data").mkdir(parents=True)
    processes = Processes()
    try:
        fly(processes)
    except KeyboardInterrupt:
        say("")
    finally:
        processes.stop()
    say(f"\nStore, evidence and logs: {OUT}")


if __name__ == "__main__":
    main()
