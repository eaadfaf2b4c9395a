"""The pictures that train the network, and which matters each is known to hold or to lack."""

import csv
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

PLANES = ("smoke", "flame", "waste")
"""Classes of boxes: the first two belong to the fume head, the third to the dumping head."""

NEVER = ("cv_", "cst_")
"""Sources whose terms keep them out of what is shipped."""

NO_WASTE = ("s5k_", "s5kn_", "aim_", "fig_", "dfn_", "odm_", "uav_", "flr_")
"""Fume pictures in which no dumped waste was seen; of the others nothing is known."""

FLAME_UNKNOWN = ("bst_",)
"""Sources that show flames without boxes."""

DRY_LIST = Path(__file__).with_name("dry_pictures.txt")
"""Pictures of the other data sets seen to hold no water: `set/stem view`, one a line."""

SHARES = {
    "fume": 0.29, "no_fume": 0.08, "dumping": 0.20, "no_dumping": 0.08, "practice": 0.05,
    "water/ground_wet": 0.105, "water/aerial_wet": 0.045, "water/nadir_flood": 0.025, "water/ground_dry": 0.05,
    "water/aerial_dry": 0.035, "water/extra_ground": 0.025, "water/extra_aerial": 0.015,
}  # fmt: skip
"""Weight of each group among the draws."""


@dataclass(frozen=True)
class Picture:
    """One training picture; boxes (n, 5) are plane, x0, y0, x1, y1 in shares of the picture."""

    key: str
    group: str
    scene: str
    image: Path
    mask: Path | None = None
    boxes: np.ndarray = field(default_factory=lambda: np.zeros((0, 5)), compare=False)
    known: tuple[bool, bool, bool] = (False, False, False)
    water_known: bool = False
    aerial: bool = False
    nadir: bool = False

    @property
    def wet(self) -> bool:
        """Whether its mask may show water."""
        return self.group in ("water/ground_wet", "water/aerial_wet", "water/nadir_flood")


def _labels(path: Path, planes: dict[int, int]) -> np.ndarray:
    """YOLO lines as plane and corners; a label id that `planes` lacks is an error."""
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        label, x, y, w, h = line.split()
        if int(label) not in planes:
            raise ValueError(f"{path}:{number}: label {label} is unknown")
        cx, cy, hw, hh = float(x), float(y), float(w) / 2, float(h) / 2
        rows.append((planes[int(label)], cx - hw, cy - hh, cx + hw, cy + hh))
    return np.array(rows, np.float64).reshape(-1, 5)


def _water_picture(row: dict[str, str], base: Path) -> Picture:
    """Streets may show litter, so waste is known to lack only from the air."""
    stem, aerial = row["stem"], row["view"] == "aerial"
    if stem.startswith("fnf_"):
        group = "nadir_flood"
    else:
        group = f"{row['view']}_{'wet' if float(row['water_frac']) > 0.0 else 'dry'}"
    alone = row["scene"] in ("single", "dry") or row["scene"].startswith("floodnet")
    return Picture(
        stem, f"water/{group}", stem if alone else row["scene"], base / "images" / f"{stem}.jpg",
        base / "masks" / f"{stem}.png", known=(True, True, stem.startswith(("jek_", "park_"))),
        water_known=True, aerial=aerial, nadir=aerial and not stem.startswith("fyp_"),
    )  # fmt: skip


def _water(root: Path) -> list[Picture]:
    base = root / "waterlogging"
    with (base / "manifest.csv").open(encoding="utf-8") as file:
        return [_water_picture(row, base / "train") for row in csv.DictReader(file) if row["split"] == "train"]


def _images(base: Path) -> list[Path]:
    return [image for image in sorted((base / "images").glob("*.jpg")) if not image.stem.startswith(NEVER)]


def _fume(root: Path, dry: set[str]) -> list[Picture]:
    base = root / "fume" / "train"
    out = []
    for image in _images(base):
        stem = image.stem
        boxes = _labels(base / "labels" / f"{stem}.txt", {0: 0, 1: 1})
        mask = base / "masks" / f"{stem}.png"
        nadir = stem.startswith(("odm_", "uav_", "fln_", "flf_"))
        scene = stem.replace("fln_", "fnn_").replace("flf_", "fnf_")
        out.append(
            Picture(
                f"fume_{stem}", "fume" if len(boxes) else "no_fume", scene, image,
                mask if mask.exists() and len(boxes) else None, boxes,
                (True, not stem.startswith(FLAME_UNKNOWN), stem.startswith(NO_WASTE)),
                f"fume/{stem}" in dry, nadir, nadir,
            )
        )  # fmt: skip
    return out


def _dumping(root: Path, dry: set[str]) -> list[Picture]:
    base = root / "dumping" / "train"
    out = []
    for image in _images(base):
        stem = image.stem
        boxes = _labels(base / "labels" / f"{stem}.txt", {0: 2, 1: 2})
        number = int(re.search(r"\d+", stem)[0]) if stem.startswith(("gb_", "dr_")) else 0  # type: ignore[index]
        block = {"gb_": f"gb_{number // 20}", "dr_": f"dr_{number // 10}"}.get(stem[:3], stem)
        nadir = stem.startswith("dr_")
        out.append(
            Picture(
                f"dumping_{stem}", "dumping" if len(boxes) else "no_dumping", block, image, None, boxes,
                (True, True, True), f"dumping/{stem}" in dry, nadir, nadir,
            )
        )  # fmt: skip
    return out


def _practice(folder: Path) -> list[Picture]:
    """Drone views rendered by sample-data/make/blender/practice.py: heaps are labelled, water is not; no smoke, no flames."""
    out = []
    for image in sorted((folder / "images").glob("pra_*.jpg")):
        boxes = _labels(folder / "labels" / f"{image.stem}.txt", {0: 2})
        out.append(
            Picture(f"practice_{image.stem}", "practice", image.stem, image, None, boxes, (True, True, True), aerial=True)
        )
    return out


def all_pictures(root: Path, practice: Path | None = None) -> list[Picture]:
    """Every training picture of the three sets, in a fixed order. The val splits are never read here."""
    listed = [line for line in DRY_LIST.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    dry = {line.split()[0] for line in listed}
    return _water(root) + _fume(root, dry) + _dumping(root, dry) + (_practice(practice) if practice else [])


def held_out(picture: Picture, share: float) -> bool:
    """Whether the picture's scene falls into the part kept for thresholds."""
    digest = hashlib.sha256(f"held-out:{picture.scene}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def groups(pictures: list[Picture]) -> dict[str, list[int]]:
    """Indices of the pictures of each group; dry pictures of the other sets are in a water group as well."""
    out: dict[str, list[int]] = {}
    for i, picture in enumerate(pictures):
        out.setdefault(picture.group, []).append(i)
        if picture.water_known and not picture.group.startswith("water/"):
            out.setdefault(f"water/extra_{'aerial' if picture.aerial else 'ground'}", []).append(i)
    return out
