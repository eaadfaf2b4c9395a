"""Backbone, neck and head joined for one task."""

import torch
from torch import Tensor, nn

from .backbone import CHANNELS, Backbone
from .heads import MaskHead
from .neck import Neck

WIDTH = 64


class Segmenter(nn.Module):
    """A picture in, mask logits at stride 4 out."""

    def __init__(self, pretrained: bool = True) -> None:
        super().__init__()
        self.backbone = Backbone(pretrained)
        self.neck = Neck(CHANNELS, WIDTH)
        self.head = MaskHead(WIDTH)

    def forward(self, image: Tensor) -> Tensor:
        return self.head(self.neck(self.backbone(image)))


class Probability(nn.Module):
    """What is exported: the sigmoid of the logits."""

    def __init__(self, inner: Segmenter) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, image: Tensor) -> Tensor:
        return torch.sigmoid(self.inner(image))
