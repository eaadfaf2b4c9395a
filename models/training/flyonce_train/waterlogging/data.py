"""Which pictures train the waterlogging pack, in which groups, and a decoded copy of them on disk."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

DRY_LIST = Path(__file__).with_name("dry_pictures.txt")
"""Pictures of the other data sets seen to hold no water: `set/stem view`, one a line."""

SHARES = {
    "ground_wet": 0.34,
    "aerial_wet": 0.13,
    "nadir_flood": 0.10,
    "ground_dry": 0.16,
    "aerial_dry": 0.11,
    "extra_ground": 0.10,
    "extra_aerial": 0.06,
}
"""Share of the training draws of each group."""


@dataclass(frozen=True)
class Item:
    """One training picture and its mask, kept decoded as `<key>.npy` (H, W, 4: RGB and mask)."""

    key: str
    group: str
    scene: str
    image: Path
    mask: Path | None

    @property
    def aerial(self) -> bool:
        return self.group in ("aerial_wet", "nadir_flood", "aerial_dry", "extra_aerial")

    @property
    def nadir(self) -> bool:
        """Whether any rotation of the picture is as likely as the one it has."""
        return self.aerial and not self.key.startswith("fyp_")

    @property
    def dry(self) -> bool:
        return self.group.endswith("_dry") or self.group.startswith("extra_")


def _group(row: dict[str, str]) -> str:
    wet = float(row["water_frac"]) > 0.0
    if row["stem"].startswith("fnf_"):
        return "nadir_flood"
    return f"{row['view']}_{'wet' if wet else 'dry'}"


def _main_items(root: Path) -> list[Item]:
    base = root / "waterlogging"
    items = []
    with (base / "manifest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["split"] != "train":
                continue
            stem = row["stem"]
            alone = row["scene"] in ("single", "dry") or row["scene"].startswith("floodnet")
            items.append(
                Item(
                    stem,
                    _group(row),
                    stem if alone else row["scene"],
                    base / "train" / "images" / f"{stem}.jpg",
                    base / "train" / "masks" / f"{stem}.png",
                )
            )
    return items


def _extra_items(root: Path) -> list[Item]:
    items = []
    for line in DRY_LIST.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name, view = line.split()
        data_set, stem = name.split("/")
        image = root / data_set / "train" / "images" / f"{stem}.jpg"
        scene = stem.replace("fln_", "fnn_")  # the same flight: one side of the hold-out
        items.append(Item(f"{data_set}_{stem}", f"extra_{view}", scene, image, None))
    return items


def all_items(root: Path) -> list[Item]:
    """Every training picture, in a fixed order. The val split is never read here."""
    return _main_items(root) + _extra_items(root)


def held_out(item: Item, share: float) -> bool:
    """Whether the picture's scene falls into the part kept for thresholds."""
    digest = hashlib.sha256(f"held-out:{item.scene}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def _decode(item: Item) -> np.ndarray:
    picture = cv2.imread(str(item.image), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(item.image)
    if item.mask is None:
        mask = np.zeros(picture.shape[:2], np.uint8)
    else:
        mask = cv2.imread(str(item.mask), cv2.IMREAD_GRAYSCALE)
        if mask is None or mask.shape != picture.shape[:2]:
            raise ValueError(f"mask of {item.key} is missing or of another size")
    return np.dstack([cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), mask])


def load(cache: Path, item: Item) -> np.ndarray:
    """The decoded picture, read through the page cache."""
    return np.load(cache / f"{item.key}.npy", mmap_mode="r")


def water_patches(picture: np.ndarray, side: int) -> list[np.ndarray]:
    """Up to three squares that are water all over."""
    wet = (picture[..., 3] == 1).astype(np.uint8)
    inside = cv2.erode(wet, np.ones((side, side), np.uint8), borderValue=0)
    ys, xs = np.nonzero(inside)
    out = []
    for i in np.linspace(0, len(ys) - 1, 3).astype(int) if len(ys) else []:
        y, x = int(ys[i]) - side // 2, int(xs[i]) - side // 2
        patch = picture[y : y + side, x : x + side, :3]
        if patch.shape[:2] == (side, side):
            out.append(np.ascontiguousarray(patch))
    return out


def prepare(root: Path, cache: Path) -> None:
    """Decodes what is not decoded yet."""
    cache.mkdir(parents=True, exist_ok=True)
    for item in all_items(root):
        path = cache / f"{item.key}.npy"
        if not path.exists():
            np.save(path, _decode(item))


def water_bank(cache: Path, items: list[Item], side: int = 96) -> np.ndarray:
    """Patches (n, side, side, 3) of real water from the given pictures."""
    patches: list[np.ndarray] = []
    for item in items:
        if item.mask is not None and not item.dry:
            patches += water_patches(np.asarray(load(cache, item)), side)
    return np.stack(patches)
