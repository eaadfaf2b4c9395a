"""Average precision of `boxes.json` by pycocotools, the witness of `models::eval`.

    pip install pycocotools==2.0.11 && python average_precision.py > expected.json

`python average_precision.py --draw > boxes.json` draws the boxes anew. Corners are quarters of a pixel, so that both sides hold
the same numbers; scores repeat within and across pictures, so that ties count; there are pictures without truth, without boxes,
without either, with more than a hundred boxes, and with the same truth twice. Class 2 has no truth.
"""

import contextlib
import io
import json
import random
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
IOUS = {"ap30": [0.3], "ap50": [0.5], "ap75": [0.75], "ap": np.linspace(0.5, 0.95, 10)}


def draw():
    rng = random.Random(7)

    def box():
        left, top = rng.randrange(0, 1600) / 4, rng.randrange(0, 1200) / 4
        return [left, top, rng.randrange(16, 640) / 4, rng.randrange(16, 480) / 4]

    def near(truth):
        reach = [max(1, int(side * rng.choice([0.05, 0.2, 0.6]) * 4)) for side in truth[2:] * 2]
        moved = [value + rng.randint(-most, most) / 4 for value, most in zip(truth, reach)]
        return [moved[0], moved[1], max(1.0, moved[2]), max(1.0, moved[3])]

    pictures = []
    for index in range(40):
        truth = [[rng.randrange(2), *box()] for _ in range(rng.choice([0, 1, 1, 2, 3, 6]))]
        found = []
        for kind, *place in truth:
            for _ in range(rng.choice([0, 1, 1, 2])):
                seen = kind if rng.random() < 0.9 else 1 - kind
                found.append([seen, *near(place), rng.randrange(20, 100) / 100])
        found += [[rng.randrange(3), *box(), rng.randrange(1, 70) / 100] for _ in range(rng.choice([0, 0, 1, 4]))]
        rng.shuffle(found)
        pictures.append({"truth": truth, "found": found})
    pictures[5] = {"truth": [], "found": []}
    pictures[6] = {"truth": [], "found": [[0, *box(), 0.5], [0, *box(), 0.99]]}
    pictures[7] = {"truth": [[0, *box()], [1, *box()]], "found": []}
    twice = [0, 40.0, 40.0, 80.0, 60.0]
    pictures[8] = {"truth": [twice, twice, [0, 44.0, 40.0, 80.0, 60.0]],
                   "found": [[0, 42.0, 40.0, 80.0, 60.0, 0.9], [0, 40.0, 40.0, 80.0, 60.0, 0.9], [0, 44.0, 40.0, 80.0, 60.0, 0.9]]}
    # Exactly a half and exactly three tenths shared: thresholds are met, not passed.
    pictures[9] = {"truth": [[0, 0.0, 0.0, 100.0, 100.0], [0, 200.0, 0.0, 100.0, 100.0]],
                   "found": [[0, 0.0, 0.0, 100.0, 50.0, 0.8], [0, 200.0, 0.0, 100.0, 30.0, 0.8]]}
    many = [[0, *box()] for _ in range(5)]
    pictures[10] = {"truth": many, "found": [[0, *box(), 0.6] for _ in range(110)] + [[*m, 0.59] for m in many]}
    rows = [f"{{\"truth\": {json.dumps(p['truth'])},\n  \"found\": {json.dumps(p['found'])}}}" for p in pictures]
    print("[" + ",\n ".join(rows) + "]")


def score(pictures):
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, found = COCO(), []
    annotations = [(image, row) for image, picture in enumerate(pictures) for row in picture["truth"]]
    truth.dataset = {
        "info": {},
        "images": [{"id": image} for image in range(len(pictures))],
        "categories": [{"id": kind} for kind in range(3)],
        "annotations": [{"id": index + 1, "image_id": image, "category_id": kind, "bbox": box, "area": box[2] * box[3],
                         "iscrowd": 0} for index, (image, (kind, *box)) in enumerate(annotations)],
    }
    truth.createIndex()
    for image, picture in enumerate(pictures):
        found += [{"image_id": image, "category_id": kind, "bbox": box, "score": score}
                  for kind, *box, score in picture["found"]]
    result = {}
    for kind in range(3):
        result[str(kind)] = {}
        for name, ious in IOUS.items():
            evaluation = COCOeval(truth, truth.loadRes(found), "bbox")
            evaluation.params.catIds = [kind]
            evaluation.params.iouThrs = np.array(ious)
            evaluation.evaluate()
            evaluation.accumulate()
            precision = evaluation.eval["precision"][:, :, 0, 0, -1]
            value = float(np.mean(precision))
            result[str(kind)][name] = None if value < 0 else value
    return result


if __name__ == "__main__":
    if "--draw" in sys.argv:
        draw()
    else:
        pictures = json.loads((HERE / "boxes.json").read_text())
        with contextlib.redirect_stdout(io.StringIO()):
            result = score(pictures)
        print(json.dumps(result, indent=1))
