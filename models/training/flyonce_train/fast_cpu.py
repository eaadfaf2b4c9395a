"""Mixed precision where the processor has it, and what makes it fast on a small, shared CPU."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from timm.layers import Conv2dSame, pad_same
from torch import Tensor, nn
from torch.nn import functional as F


def has_bf16(device: torch.device) -> bool:
    """Whether bf16 is arithmetic of this device; a processor that must imitate it is ten times slower than in FP32."""
    return device.type == "cuda" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


def mixed(device: torch.device) -> AbstractContextManager:
    """bf16 where it is fast, else FP32."""
    return torch.autocast(device.type, torch.bfloat16) if has_bf16(device) else nullcontext()


class _Depthwise(torch.autograd.Function):
    """A depthwise convolution that goes forward in bf16 and backward in FP32, each where it is fast."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, stride: tuple[int, int], padding: tuple[int, int]) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.how = (stride, padding)
        return F.conv2d(x, weight.to(x.dtype), None, stride, padding, 1, weight.shape[0])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None]:
        x, weight = ctx.saved_tensors
        stride, padding = ctx.how
        dx, dw, _ = torch.ops.aten.convolution_backward(
            grad.float(), x.float(), weight, None, stride, padding, (1, 1), False, (0, 0), weight.shape[0],
            (True, True, False),
        )
        return dx.to(x.dtype), dw, None, None


def speed_up_depthwise(network: nn.Module) -> None:
    """Replaces, in place, how trainable depthwise convolutions run: their bf16 backward pass is five times slower."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and module.groups > 1 and module.weight.requires_grad:
            module.forward = _forward_of(module)  # type: ignore[method-assign]


def _forward_of(module: nn.Conv2d) -> Any:
    def forward(x: Tensor) -> Tensor:
        if isinstance(module, Conv2dSame):
            x = pad_same(x, module.kernel_size, module.stride)
        return _Depthwise.apply(x.to(torch.bfloat16), module.weight, module.stride, module.padding)

    return forward
