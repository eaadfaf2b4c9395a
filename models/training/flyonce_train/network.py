"""Backbone, neck and heads joined."""

import torch
from torch import Tensor, nn

from .backbone import LITE0, LITE2, Backbone, Body
from .heads import BoxHead, MaskHead, cells, corners
from .neck import Neck, Upward

WIDTH = 64


class Joint(nn.Module):
    """A picture in; mask logits at stride 4, raw fume boxes (2 classes) and raw waste boxes (1 class) out."""

    def __init__(
        self, pretrained: bool = True, slim: bool = True, body: Body = LITE0, width: int = WIDTH, drop_path: float = 0.0
    ) -> None:
        super().__init__()
        self.backbone = Backbone(pretrained, slim, body, drop_path)
        self.neck = Neck(body.channels, width)
        self.head = MaskHead(width)
        self.upward = Upward(width)
        self.fume = BoxHead(2, width, width * 5 // 4)
        self.dumping = BoxHead(1, width, width * 5 // 4)
        self.norms_rest = False

    def train(self, mode: bool = True) -> "Joint":
        """Norms keep their statistics where `norms_rest`."""
        super().train(mode)
        for module in self.modules():
            if self.norms_rest and isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        maps = self.neck(self.backbone(image))
        boxes = self.upward(maps[1:])
        return self.head(maps), self.fume(boxes), self.dumping(boxes)


def teacher(pretrained: bool = True) -> Joint:
    """A larger network with the same outputs, whose blocks are left out at random while it learns."""
    return Joint(pretrained, slim=False, body=LITE2, width=2 * WIDTH, drop_path=0.15)


class Pair(nn.Module):
    """The network that ships and its teacher, which learn side by side from the same pictures."""

    def __init__(self, pupil: Joint, teacher: Joint) -> None:
        super().__init__()
        self.pupil, self.teacher = pupil, teacher

    def forward(self, image: Tensor) -> tuple[tuple[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]:
        return self.pupil(image), self.teacher(image)


class JointProbability(nn.Module):
    """What is exported: water probability (n, 1, H/4, W/4); fume (n, cells, 6) and dumping (n, cells, 5).

    A row of boxes is x0, y0, x1, y1 in input pixels, then a calibrated probability a class (Platt: slope, offset).
    """

    def __init__(self, inner: Joint, size: tuple[int, int], calibration: dict[str, list[tuple[float, float]]]) -> None:
        super().__init__()
        self.inner = inner
        self.register_buffer("grid", cells(*size))
        for name in ("fume", "dumping"):
            slope, offset = zip(*calibration[name], strict=True)
            self.register_buffer(f"{name}_slope", torch.tensor(slope))
            self.register_buffer(f"{name}_offset", torch.tensor(offset))

    def _boxes(self, name: str, raw: Tensor) -> Tensor:
        slope, offset = getattr(self, f"{name}_slope"), getattr(self, f"{name}_offset")
        classes = len(slope)
        probability = torch.sigmoid(raw[..., :classes] * slope + offset)
        return torch.cat([corners(raw[..., classes:], self.grid), probability], -1)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        water, fume, dumping = self.inner(image)
        return torch.sigmoid(water), self._boxes("fume", fume), self._boxes("dumping", dumping)
