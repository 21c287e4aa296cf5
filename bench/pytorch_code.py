"""PyTorch: the trainer with a user's module, and the bare loop of the same module.

``python -m bench.pytorch_code`` in PyTorch's environment.
"""

from collections.abc import Callable

import torch
from torch import nn

from bench import code, interleave, report, workload
from bench.interleave import Variant
from bench.pytorch import in_memory, model
from bench.report import Target
from services import pytorch
from services.data.arrays import Data


def network() -> nn.Module:
    """Return a small network of convolutions, as users write them today."""
    blocks = [
        *(nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
    ]
    return nn.Sequential(*blocks, nn.Flatten(), nn.Dropout(0.25), nn.Linear(800, 10))


def bare(data: Data, build: Callable[[], nn.Module]) -> Variant:
    """Return a plain loop, with the fused Adam that the trainer has.

    Its images are laid out as a loader's: those of one channel count as channels last otherwise.
    """
    images = torch.from_numpy(data.train_images).permute(0, 3, 1, 2)
    images = images.clone(memory_format=torch.contiguous_format)
    return in_memory(build(), images, data, fused=True)


TARGETS = (
    Target("matched, code", "bare loop, fused Adam", 1.05),
    Target("matched, code, convolutions", "bare loop, fused Adam, convolutions", 1.05),
)


def main() -> None:
    chosen = workload.options()
    job, small = workload.spec(chosen), workload.cnn(chosen)
    data, few = workload.load(chosen, job), workload.load(chosen, small)
    variants = {
        "matched, code": code.matched(pytorch, job, data, model),
        "bare loop, fused Adam": bare(data, model),
        "matched, code, convolutions": code.matched(pytorch, small, few, network),
        "bare loop, fused Adam, convolutions": bare(few, network),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, pytorch.environment(chosen.threads), variants, TARGETS, "-code")


if __name__ == "__main__":
    main()
