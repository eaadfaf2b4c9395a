# SPDX-License-Identifier: Apache-2.0
"""The part of the fixed camera's picture that its rising water can change; the rest is the dry picture."""
import numpy as np

import poses
import town

MARGIN_PX = 26


def box(frame):
    """(x0, y0, x1, y1) in pixels round the water of a frame, or None while it is dry."""
    level, bowl = town.street_level(frame), town.STREET_BOWL
    if level is None:
        return None
    s = np.linspace(-1.6, 1.6, 161)
    uu, vv = np.meshgrid(bowl.u_m + s * bowl.semi_u_m, bowl.v_m + s * bowl.semi_v_m)
    wet = (town.height(uu, vv) < level) & (town.bowl_radius(bowl, uu, vv) < 1.6)
    points = np.stack([uu[wet], vv[wet], np.full(int(wet.sum()), level)], -1)
    pose = poses.street()
    inside = (points - np.array(pose.uvz)) @ pose.town_from_camera
    x = poses.WIDTH_PX / 2 + town.STREET_CAMERA_FX_PX * inside[:, 1] / inside[:, 0]
    y = poses.HEIGHT_PX / 2 + town.STREET_CAMERA_FX_PX * inside[:, 2] / inside[:, 0]
    x0, x1 = max(0, int(x.min()) - MARGIN_PX), min(poses.WIDTH_PX, int(x.max()) + MARGIN_PX)
    y0, y1 = max(0, int(y.min()) - MARGIN_PX), min(poses.HEIGHT_PX, int(y.max()) + MARGIN_PX)
    return x0, y0, x1, y1
