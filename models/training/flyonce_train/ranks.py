"""Several one-thread processes on one batch: on a shared machine they wait for each other once a step, threads at every layer."""

import os

import torch
import torch.distributed as dist
from torch import nn


def join() -> None:
    """Joins the group where torchrun started this process."""
    if "WORLD_SIZE" in os.environ:
        dist.init_process_group("gloo")


def leave() -> None:
    if dist.is_initialized():
        dist.destroy_process_group()


def rank() -> int:
    return dist.get_rank() if dist.is_initialized() else 0


def world() -> int:
    return dist.get_world_size() if dist.is_initialized() else 1


def wait() -> None:
    """Returns when every rank has come here."""
    if dist.is_initialized():
        dist.barrier()


def mean(value: float) -> float:
    """The mean over the group, the same on every rank."""
    if world() == 1:
        return value
    box = torch.tensor([value], dtype=torch.float64)
    dist.all_reduce(box)
    return float(box[0]) / world()


def average_gradients(network: nn.Module) -> None:
    """Every rank gets the mean gradient."""
    if world() == 1:
        return
    grads = [p.grad for p in network.parameters() if p.grad is not None]
    flat = torch.cat([g.flatten() for g in grads])
    dist.all_reduce(flat)
    flat /= world()
    at = 0
    for grad in grads:
        grad.copy_(flat[at : at + grad.numel()].view_as(grad))
        at += grad.numel()
