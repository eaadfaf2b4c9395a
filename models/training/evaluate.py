"""Scores a pack on DIR/images and DIR/masks as the product does: `python evaluate.py --pack PACK --data DIR`."""

import argparse
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime as ort

from flyonce_train import letterbox, scoring

PICTURES = (".jpg", ".jpeg", ".png")


@dataclass
class Pack:
    """A segmentation pack, ready to run on one thread."""

    session: ort.InferenceSession
    card: dict[str, Any]

    @classmethod
    def load(cls, folder: Path) -> "Pack":
        card = tomllib.loads((folder / "card.toml").read_text(encoding="utf-8"))
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return cls(ort.InferenceSession(folder / card["file"], options, providers=["CPUExecutionProvider"]), card)

    @property
    def input_wh(self) -> tuple[int, int]:
        return self.card["input"]["shape"][3], self.card["input"]["shape"][2]

    def raw(self, padded: np.ndarray) -> np.ndarray:
        """The output map (h, w) for an RGB picture of the input's size."""
        image = (padded.astype(np.float32) - np.float32(self.card["input"]["mean"])) * np.float32(
            self.card["input"]["scale"]
        )
        feed = {self.card["input"]["name"]: np.ascontiguousarray(image.transpose(2, 0, 1)[None])}
        return np.asarray(self.session.run([self.card["output"]["name"]], feed)[0])[0, 0]

    def probability(self, rgb: np.ndarray) -> np.ndarray:
        """The map on the picture's own grid."""
        padded, box = letterbox.apply(rgb, self.input_wh)
        return letterbox.undo(self.raw(padded), box, self.input_wh, (rgb.shape[1], rgb.shape[0]))


def read(path: Path) -> np.ndarray:
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(path)
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def read_mask(path: Path) -> np.ndarray:
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise FileNotFoundError(path)
    return mask


def pictures(data: Path) -> list[Path]:
    return sorted(p for p in (data / "images").iterdir() if p.suffix.lower() in PICTURES)


def overlay(rgb: np.ndarray, mask: np.ndarray, probability: np.ndarray, threshold: float) -> np.ndarray:
    """Picture, and the picture with hits green, misses red, false water magenta; 320x240 each."""
    found, water, valid = probability > threshold, mask == 1, mask != scoring.IGNORE
    marked = rgb.astype(np.float32) * 0.5
    for region, colour in (
        (found & water, (0, 255, 0)),
        (~found & water, (255, 0, 0)),
        (found & ~water & valid, (255, 0, 255)),
    ):
        marked[region] += np.array(colour, np.float32) * 0.5
    both = [letterbox.apply(p.astype(np.uint8), (320, 240))[0] for p in (rgb, marked)]
    return np.hstack(both)


def write_sheet(path: Path, worst: list[tuple[float, str, np.ndarray]], number: int) -> None:
    """The pictures with the most wrong pixels, three in a row."""
    worst = sorted(worst, key=lambda w: -w[0])[:number]
    tiles = []
    for share, name, tile in worst:
        tile = np.ascontiguousarray(tile)
        cv2.putText(tile, f"{name} {share:.3f}", (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 0), 1)
        tiles.append(tile)
    while len(tiles) % 3:
        tiles.append(np.zeros_like(tiles[0]))
    sheet = np.vstack([np.hstack(tiles[i : i + 3]) for i in range(0, len(tiles), 3)])
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="folder with images/ and masks/")
    parser.add_argument("--threshold", type=float, help="pixel probability, else the card's")
    parser.add_argument("--min-area-share", type=float, help="else the card's")
    parser.add_argument("--sheet", type=Path, help="PNG of the worst pictures")
    args = parser.parse_args()
    pack = Pack.load(args.pack)
    kind = pack.card["classes"][0]
    threshold = kind["threshold"] if args.threshold is None else args.threshold
    area = kind["min_area_share"] if args.min_area_share is None else args.min_area_share
    groups: dict[str, list[scoring.Counts]] = {}
    worst, seconds = [], 0.0
    for path in pictures(args.data):
        rgb, mask = read(path), read_mask(args.data / "masks" / f"{path.stem}.png")
        began = time.perf_counter()
        probability = pack.probability(rgb)
        seconds += time.perf_counter() - began
        counts = scoring.count(probability, mask, threshold)
        groups.setdefault(path.name.split("_")[0], []).append(counts)
        if (counts.share >= area) != counts.truth:
            print(f"{'missed' if counts.truth else 'false alarm'}: {path.stem} share {counts.share:.4f}")
        if args.sheet:
            wrong = (counts.false + counts.missed) / mask.size
            worst.append((wrong, path.stem, overlay(rgb, mask, probability, threshold)))
    everything = [c for group in groups.values() for c in group]
    print(f"threshold {threshold} min_area_share {area}, {1000 * seconds / len(everything):.1f} ms a picture")
    print(scoring.pool(everything, area).line("all"))
    for name, group in sorted(groups.items()):
        print(scoring.pool(group, area).line(name))
    if args.sheet:
        write_sheet(args.sheet, worst, 24)


if __name__ == "__main__":
    main()
