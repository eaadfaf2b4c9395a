"""The pictures that train the joint network, and which matters each is known to hold or to lack."""

import csv
import re
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from ..waterlogging import data as water

PLANES = ("smoke", "flame", "waste")
"""Classes of boxes: the first two belong to the fume head, the third to the dumping head."""

NEVER = ("cv_", "cst_")
"""Sources whose terms keep them out of what is shipped."""

NO_WASTE = ("s5k_", "s5kn_", "aim_", "fig_", "dfn_", "odm_", "uav_", "flr_")
"""Fume pictures in which no dumped waste was seen; of the others nothing is known."""

FLAME_UNKNOWN = ("bst_",)
"""Sources that show flames without boxes."""

SHARES = {"fume": 0.31, "no_fume": 0.08, "dumping": 0.22, "no_dumping": 0.09, "water": 0.30, "practice": 0.08}
"""Weight of each group among the draws; water is divided further as the waterlogging recipe says."""


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


def _from_water(item: water.Item) -> Picture:
    """A picture of the waterlogging recipe; streets may show litter, so waste is known to lack only from the air."""
    clean = item.key.startswith(("jek_", "park_"))
    return Picture(
        item.key, f"water/{item.group}", item.scene, item.image, item.mask, known=(True, True, clean),
        water_known=True, aerial=item.aerial, nadir=item.nadir,
    )


def _fume(root: Path, dry: set[str]) -> list[Picture]:
    base = root / "fume" / "train"
    out = []
    for image in sorted((base / "images").glob("*.jpg")):
        stem = image.stem
        if stem.startswith(NEVER):
            continue
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
        )
    return out


def _dumping(root: Path, dry: set[str]) -> list[Picture]:
    base = root / "dumping" / "train"
    out = []
    for image in sorted((base / "images").glob("*.jpg")):
        stem = image.stem
        if stem.startswith(NEVER):
            continue
        boxes = _labels(base / "labels" / f"{stem}.txt", {0: 2, 1: 2})
        number = int(re.search(r"\d+", stem)[0]) if stem.startswith(("gb_", "dr_")) else 0  # type: ignore[index]
        block = {"gb_": f"gb_{number // 20}", "dr_": f"dr_{number // 10}"}.get(stem[:3], stem)
        nadir = stem.startswith("dr_")
        out.append(
            Picture(
                f"dumping_{stem}", "dumping" if len(boxes) else "no_dumping", block, image, None, boxes,
                (True, True, True), f"dumping/{stem}" in dry, nadir, nadir,
            )
        )
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
    listed = [line for line in water.DRY_LIST.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    dry = {line.split()[0] for line in listed}
    main = [_from_water(i) for i in water.all_items(root) if not i.group.startswith("extra_")]
    return main + _fume(root, dry) + _dumping(root, dry) + (_practice(practice) if practice else [])


def held_out(picture: Picture, share: float) -> bool:
    """Whether the picture's scene falls into the part kept for thresholds."""
    return water.held_out(picture, share)  # type: ignore[arg-type]


def prepare(pictures: list[Picture], cache: Path) -> None:
    """Decodes what is not decoded yet: (H, W, 4) with RGB and the mask of the picture's own set."""
    cache.mkdir(parents=True, exist_ok=True)
    for picture in pictures:
        path = cache / f"{picture.key}.npy"
        if path.exists():
            continue
        rgb = cv2.imread(str(picture.image), cv2.IMREAD_COLOR)
        if rgb is None:
            raise FileNotFoundError(picture.image)
        mask = np.zeros(rgb.shape[:2], np.uint8)
        if picture.mask is not None:
            mask = cv2.imread(str(picture.mask), cv2.IMREAD_GRAYSCALE)
            if mask is None or mask.shape != rgb.shape[:2]:
                raise ValueError(f"mask of {picture.key} is missing or of another size")
        np.save(path, np.dstack([cv2.cvtColor(rgb, cv2.COLOR_BGR2RGB), mask]))


def load(cache: Path, picture: Picture) -> np.ndarray:
    """The decoded picture, read through the page cache."""
    return np.load(cache / f"{picture.key}.npy", mmap_mode="r")
