"""Letterbox: the aspect kept, the picture centred, the rest padded."""

from dataclasses import dataclass

import cv2
import numpy as np

PAD = 127


@dataclass(frozen=True)
class Letterbox:
    """Where a picture lies inside the network's input, in input pixels."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


def fit(picture_wh: tuple[int, int], input_wh: tuple[int, int]) -> Letterbox:
    """The centred place of a picture of `picture_wh` in an input of `input_wh`."""
    scale = min(input_wh[0] / picture_wh[0], input_wh[1] / picture_wh[1])
    width = min(input_wh[0], max(1, round(picture_wh[0] * scale)))
    height = min(input_wh[1], max(1, round(picture_wh[1] * scale)))
    return Letterbox((input_wh[0] - width) // 2, (input_wh[1] - height) // 2, width, height)


def apply(picture: np.ndarray, input_wh: tuple[int, int]) -> tuple[np.ndarray, Letterbox]:
    """The padded picture (height, width, 3) and its place."""
    box = fit((picture.shape[1], picture.shape[0]), input_wh)
    smaller = box.width_px < picture.shape[1]
    how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
    scaled = cv2.resize(picture, (box.width_px, box.height_px), interpolation=how)
    out = np.full((input_wh[1], input_wh[0], 3), PAD, np.uint8)
    out[box.top_px : box.top_px + box.height_px, box.left_px : box.left_px + box.width_px] = scaled
    return out, box


def undo(probability: np.ndarray, box: Letterbox, input_wh: tuple[int, int], picture_wh: tuple[int, int]) -> np.ndarray:
    """The map (any stride) on the picture's own grid, bilinear, pixel centres aligned."""
    sx, sy = probability.shape[1] / input_wh[0], probability.shape[0] / input_wh[1]
    kx, ky = box.width_px / picture_wh[0], box.height_px / picture_wh[1]
    cols = ((np.arange(picture_wh[0]) + 0.5) * kx + box.left_px) * sx - 0.5
    rows = ((np.arange(picture_wh[1]) + 0.5) * ky + box.top_px) * sy - 0.5
    grid_x = np.broadcast_to(cols.astype(np.float32), (picture_wh[1], picture_wh[0]))
    grid_y = np.broadcast_to(rows.astype(np.float32)[:, None], (picture_wh[1], picture_wh[0]))
    return cv2.remap(
        probability.astype(np.float32),
        np.ascontiguousarray(grid_x),
        np.ascontiguousarray(grid_y),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
