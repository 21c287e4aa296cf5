"""PyTorch: the trainer on a table of float columns, and the loop that a good user would write.

``python -m bench.pytorch_table`` in PyTorch's environment.
"""

import torch
from torch import nn

from bench import interleave, report, workload
from bench.pytorch import in_memory, matched
from bench.report import Target
from services import pytorch


def model() -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(workload.TABLE_COLUMNS, 64), nn.ReLU()),
        *(nn.Linear(64, 32), nn.ReLU()),
        nn.Linear(32, workload.TABLE_CLASSES),
    )


TARGETS = (Target("matched, default", "bare loop", 1.05),)


def main() -> None:
    chosen = workload.options()
    job, data = workload.table(chosen)
    features = torch.from_numpy(data.train_images)
    variants = {
        "matched, default": matched(job, data),
        "bare loop": in_memory(model(), features, data),
        "bare loop, fused Adam": in_memory(model(), features, data, fused=True),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, pytorch.environment(chosen.threads), variants, TARGETS, "-table")


if __name__ == "__main__":
    main()
