"""A light feature pyramid: depthwise convolutions, one width for every level, global context on top."""

from torch import Tensor, nn
from torch.nn import functional as F


def conv_bn(cin: int, cout: int, kernel: int = 1, groups: int = 1) -> nn.Sequential:
    """Convolution and batch norm without an activation."""
    return nn.Sequential(
        nn.Conv2d(cin, cout, kernel, padding=kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(cout)
    )


def separable(channels: int, kernel: int = 3, out: int | None = None) -> nn.Sequential:
    """Depthwise, then pointwise to `out` channels (as many as before where not given), with ReLU6 as in the backbone."""
    return nn.Sequential(
        conv_bn(channels, channels, kernel, channels),
        nn.ReLU6(),
        conv_bn(channels, out or channels),
        nn.ReLU6(),
    )


class Neck(nn.Module):
    """Maps at strides 4, 8, 16, 32 in; maps of `width` channels at the same strides out.

    The map at stride 4 is the plain sum: smoothing it is dear, so a head that reads it does that itself.
    """

    def __init__(self, channels: tuple[int, ...], width: int = 64) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(conv_bn(c, width) for c in channels)
        self.context = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels[-1], width, 1), nn.ReLU6())
        self.smooth = nn.ModuleList([nn.Identity(), separable(width), separable(width), separable(width, 5)])

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        top = self.smooth[-1](self.lateral[-1](maps[-1]) + self.context(maps[-1]))
        out = [top]
        for i in range(len(maps) - 2, -1, -1):
            up = F.interpolate(out[0], scale_factor=2.0, mode="bilinear", align_corners=False)
            out.insert(0, self.smooth[i](self.lateral[i](maps[i]) + up))
        return out


class Upward(nn.Module):
    """The way back from fine to coarse for box heads: maps at strides 8, 16, 32 in and out (PAN, Liu et al. 2018)."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.smooth = nn.ModuleList([separable(width), separable(width)])

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        out = [maps[0]]
        for coarse, smooth in zip(maps[1:], self.smooth, strict=True):
            out.append(smooth(coarse + F.max_pool2d(out[-1], 2)))
        return out
