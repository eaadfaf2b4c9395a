"""Writes the ImageNet weights of the teacher's backbone: `python -m flyonce_train.teacher_weights --out teacher.pt`."""

import argparse
from pathlib import Path

import torch

from .network import teacher


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    learnt = teacher().backbone.state_dict()
    torch.save({"average": {f"backbone.{name}": value for name, value in learnt.items()}}, args.out)


if __name__ == "__main__":
    main()
