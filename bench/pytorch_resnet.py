"""PyTorch: the trainer on the layers of `resnet20-cifar10`, and the loops of a good user.

``python -m bench.pytorch_resnet`` in PyTorch's environment.
"""

import itertools

import torch
from torch import nn

from bench import interleave, report, workload
from bench.pytorch import in_memory, matched
from bench.report import Target
from services import pytorch


def convolved(taken: int, filters: int, stride: int = 1, size: int = 3) -> list[nn.Module]:
    convolution = nn.Conv2d(taken, filters, size, stride, size // 2, bias=False)
    return [convolution, nn.BatchNorm2d(filters)]


class Block(nn.Module):
    def __init__(self, taken: int, filters: int, stride: int) -> None:
        super().__init__()
        first, second = convolved(taken, filters, stride), convolved(filters, filters)
        self.inside = nn.Sequential(*first, nn.ReLU(), *second)
        self.beside = nn.Identity()
        if stride > 1:
            self.beside = nn.Sequential(*convolved(taken, filters, stride, size=1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.inside(x) + self.beside(x)).relu()


def model() -> nn.Module:
    taken = workload.STAGES[0]
    layers = [*convolved(3, taken), nn.ReLU()]
    for filters, block in itertools.product(workload.STAGES, range(3)):
        layers.append(Block(taken, filters, 2 if filters > taken and block == 0 else 1))
        taken = filters
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(taken, 10)]
    return nn.Sequential(*layers)


TARGETS = (
    Target("matched, default", "bare loop, fused Adam", 1.05),
    Target("matched, default", "bare loop, channels last, fused Adam", 1.05),
)


def main() -> None:
    chosen = workload.options()
    job, data = workload.resnet(chosen)
    images = torch.from_numpy(data.train_images).permute(0, 3, 1, 2)
    last, first = model().to(memory_format=torch.channels_last), model()
    variants = {
        "matched, default": matched(job, data),
        "bare loop, fused Adam": in_memory(first, images.contiguous(), data, fused=True),
        "bare loop, channels last, fused Adam": in_memory(last, images, data, fused=True),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, pytorch.environment(chosen.threads), variants, TARGETS, "-resnet")


if __name__ == "__main__":
    main()
