"""Scores of the held-out tenth while a run goes on."""

import numpy as np
import torch
from torch import Tensor, nn

from . import box_scores, letterbox, scoring
from .box_scores import Found
from .fast_cpu import mixed
from .geometry import INPUT_WH
from .heads import cells, corners
from .pictures import Picture
from .run import as_input

GRID = cells(INPUT_WH[1], INPUT_WH[0])
HEADS = {"fume": (0, 1), "dumping": (2,)}


@torch.no_grad()
def look(network: nn.Module, picture: np.ndarray) -> tuple[np.ndarray, letterbox.Letterbox, dict[int, Tensor]]:
    """Water on the picture's grid, the letterbox, and per plane (cells, 5): corners in input pixels and logit."""
    padded, box = letterbox.apply(np.ascontiguousarray(picture[..., :3]), INPUT_WH)
    device = next(network.parameters()).device
    with mixed(device):
        out = network(as_input(torch.from_numpy(padded)[None].to(device).permute(0, 3, 1, 2).float()))
    water, *raws = (x.float().cpu() for x in out)
    small = torch.sigmoid(water)[0, 0].numpy()
    rows = {}
    for raw, planes in zip(raws, HEADS.values(), strict=True):
        places = corners(raw[0, :, len(planes) :], GRID)
        for i, plane in enumerate(planes):
            rows[plane] = torch.cat([places, raw[0, :, i : i + 1]], 1)
    return letterbox.undo(small, box, INPUT_WH, (picture.shape[1], picture.shape[0])), box, rows


def found(rows: Tensor, box: letterbox.Letterbox, shape: tuple[int, ...], truth: np.ndarray) -> Found:
    """What is left after suppression, in pixels of the picture, beside the truth (n, 4 in shares)."""
    size = np.array([shape[1], shape[0]] * 2, float)
    scale = np.array([box.width_px / shape[1], box.height_px / shape[0]] * 2)
    boxes = (rows[:, :4].numpy() - [box.left_px, box.top_px] * 2) / scale
    boxes = np.clip(boxes, 0, size)
    scores = torch.sigmoid(rows[:, 4]).numpy()
    kept = box_scores.suppress(boxes, scores)
    return Found(boxes[kept], scores[kept], truth * size)


@torch.no_grad()
def check(network: nn.Module, pictures: list[tuple[Picture, np.ndarray]]) -> dict[str, float]:
    """Of pictures with their pixels (H, W, 4): IoU, recall and alarms of water at 0.5 and 1 %; AP50 and AP30 of smoke, flame and waste where they are labelled."""
    network.eval()
    counts, seen = [], {0: [], 1: [], 2: []}
    for picture, pixels in pictures:
        water, box, rows = look(network, pixels)
        if picture.group[:5] == "water":
            counts.append(scoring.count(water, pixels[..., 3], 0.5))
        for plane, list_of in seen.items():
            own = picture.group in (("fume", "no_fume") if plane < 2 else ("dumping", "no_dumping"))
            if own and picture.known[plane]:
                truth = picture.boxes[picture.boxes[:, 0] == plane, 1:]
                list_of.append(found(rows[plane], box, pixels.shape, truth))
    scores = scoring.pool(counts, 0.01)
    out = {"iou": scores.iou, "recall": scores.recall, "false_alarm": scores.false_alarm}
    for plane, name in enumerate(("smoke", "flame", "waste")):
        out[f"{name}_ap50"] = box_scores.average_precision(seen[plane], 0.5)
        out[f"{name}_ap30"] = box_scores.average_precision(seen[plane], 0.3)
    return out
