"""A network as its convolutions alone: batch norms folded into them, and back."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn.utils import fuse_conv_bn_weights

from .network import Joint

Convolutions = dict[str, tuple[np.ndarray, np.ndarray]]
"""Weight and bias by the name of the module, in the order in which they run."""


def in_order(network: nn.Module) -> list[tuple[str, nn.Conv2d, nn.BatchNorm2d | None]]:
    """Convolutions as they run, each with the norm behind it."""
    ran: list[tuple[str, nn.Module]] = []
    hooks = [
        module.register_forward_hook(lambda m, _i, _o, name=name: ran.append((name, m)))
        for name, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.BatchNorm2d)
    ]
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    behind = [module for _, module in ran[1:]] + [None]
    return [
        (name, module, after if isinstance(after, nn.BatchNorm2d) else None)
        for (name, module), after in zip(ran, behind, strict=True)
        if isinstance(module, nn.Conv2d)
    ]


def _module_of(node: str) -> str:
    """`/inner/neck/lateral.0/lateral.0.0/Conv` is `neck.lateral.0.0`."""
    parts = [part for part in node.strip("/").split("/") if part not in ("inner", "Conv", "Conv_output_0")]
    inner = [*parts[1:], ""]
    return ".".join(part for part, after in zip(parts, inner, strict=True) if not after.startswith(f"{part}."))


def of_onnx(path: Path) -> Convolutions:
    """Convolutions of an exported network (FP32), whose norms the export has folded."""
    graph = onnx.load(path).graph
    value = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return {_module_of(n.name): (value[n.input[1]], value[n.input[2]]) for n in graph.node if n.op_type == "Conv"}


@torch.no_grad()
def of_network(network: nn.Module) -> Convolutions:
    """Convolutions of a trained network, norms folded."""
    out = {}
    for name, conv, norm in in_order(network):
        weight, bias = conv.weight, conv.bias
        if norm is not None:
            weight, bias = fuse_conv_bn_weights(weight, bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias)
        out[name] = (weight.numpy(), bias.numpy())
    return out


@torch.no_grad()
def rest(norm: nn.BatchNorm2d, scale: torch.Tensor | float, shift: torch.Tensor) -> None:
    """Makes a norm multiply by `scale` and add `shift`."""
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)
    norm.weight.copy_(torch.as_tensor(scale).expand_as(norm.weight))
    norm.bias.copy_(shift)


@torch.no_grad()
def unfolded(convolutions: Convolutions) -> Joint:
    """The network that answers as these convolutions do; its norms only add the bias."""
    network = Joint(pretrained=False)
    for name, conv, norm in in_order(network):
        weight, bias = (torch.from_numpy(np.array(value, np.float32)) for value in convolutions[name])
        conv.weight.copy_(weight)
        if norm is None:
            conv.bias.copy_(bias)
        else:
            rest(norm, 1.0, bias)
    return network.eval()
