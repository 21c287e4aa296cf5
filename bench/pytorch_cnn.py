"""PyTorch: the trainer on `mnist-cnn`, and the loops that a good user would write in memory.

``python -m bench.pytorch_cnn`` in PyTorch's environment.
"""

import torch
from torch import nn

from bench import interleave, report, workload
from bench.interleave import Variant
from bench.pytorch import in_memory, matched
from bench.report import Target
from services import pytorch
from services.data.arrays import Data


def bare(data: Data, *, channels_last: bool = False, **adam: bool) -> Variant:
    """Return the same network, in PyTorch's usual layout or with channels last."""
    net = nn.Sequential(
        *(nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10)),
    )
    images = torch.from_numpy(data.train_images).permute(0, 3, 1, 2).contiguous()
    if channels_last:
        net = net.to(memory_format=torch.channels_last)
        images = images.to(memory_format=torch.channels_last)
    return in_memory(net, images, data, **adam)


TARGETS = (
    Target("matched, default", "bare loop", 1.05),
    Target("matched, default", "bare loop, channels last", 1.05),
)


def main() -> None:
    chosen = workload.options()
    job = workload.cnn(chosen)
    data = workload.load(chosen, job)
    variants = {
        "matched, default": matched(job, data),
        "bare loop": bare(data),
        "bare loop, channels last": bare(data, channels_last=True),
        "bare loop, channels last, fused Adam": bare(data, channels_last=True, fused=True),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, pytorch.environment(chosen.threads), variants, TARGETS, "-cnn")


if __name__ == "__main__":
    main()
