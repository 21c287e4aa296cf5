"""PyTorch: the trainer, and the loops that it is compared with.

``python -m bench.pytorch`` in PyTorch's environment. The loops are the benchmark's own: what a good
user would write in memory, and what lessons teach.
"""

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms
from twinrun.contract.enums import Execution
from twinrun.contract.spec import JobSpec

from bench import interleave, report, workload
from bench.interleave import Variant
from bench.report import Target
from services import pytorch
from services.data.arrays import Data


def model() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(784, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def in_memory(net: nn.Module, images: torch.Tensor, data: Data, **adam: bool) -> Variant:
    """Return a plain loop over tensors in memory; losses are fetched once for 100 steps."""
    labels = torch.from_numpy(data.train_labels).long()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=workload.LEARNING_RATE, **adam)

    def epoch() -> None:
        losses = []
        for batch in torch.randperm(len(images)).split(workload.BATCH):
            optimizer.zero_grad()
            loss = criterion(net(images[batch]), labels[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
            if len(losses) == 100:
                torch.stack(losses).numpy()
                losses = []
        if losses:
            torch.stack(losses).numpy()

    return Variant(epoch)


class Pictures(Dataset):
    """Images as stored in files, each transformed when it is requested."""

    def __init__(self, data: Data, augmenting: Sequence[nn.Module] = ()) -> None:
        pixels = (data.train_images * workload.STD + workload.MEAN) * 255
        self._pixels = np.rint(pixels).astype(np.uint8)[..., 0]
        self._labels = data.train_labels.tolist()
        normalize = transforms.Normalize((workload.MEAN,), (workload.STD,))
        self._transform = transforms.Compose([*augmenting, transforms.ToTensor(), normalize])

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return self._transform(Image.fromarray(self._pixels[index])), self._labels[index]


# Mirrored, turned and moved, one after the other, as lessons have it.
AUGMENTING = (
    transforms.RandomHorizontalFlip(workload.AUGMENTED.flip),
    transforms.RandomRotation(workload.AUGMENTED.rotation_degrees),
    transforms.RandomAffine(
        0, translate=(workload.AUGMENTED.width_shift, workload.AUGMENTED.height_shift)
    ),
)


def lesson(data: Data, augmenting: Sequence[nn.Module] = ()) -> Variant:
    """Return a loop as in lessons: two loading processes, a transform a sample, a loss a step."""
    loader = DataLoader(Pictures(data, augmenting), workload.BATCH, shuffle=True, num_workers=2)
    net = model()
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(net.parameters(), lr=workload.LEARNING_RATE)

    def epoch() -> None:
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(net(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.item()

    return Variant(epoch, slow=True)


def matched(job: JobSpec, data: Data) -> Variant:
    trainer = pytorch.Trainer(job, data, workload.initial(job))
    trainer.warm_up()
    epochs = itertools.count()
    return Variant(lambda: list(trainer.train_epoch(next(epochs))))


def across(mlp: JobSpec, data: Data) -> dict[str, Variant]:
    """Return what `bench.across` has of the MLP beside the matched job."""
    return {"mlp, compiled": matched(replace(mlp, execution=Execution.COMPILED), data)}


TARGETS = (
    Target("matched, default", "bare loop", 1.05),
    Target("matched, default", "lesson-style loop", 1 / 8),
    Target("matched, default, augmented", "matched, default", 1.6),
    Target("matched, compiled", "products, NumPy, by rule", 2.0),
)


def main() -> None:
    chosen = workload.options()
    job = workload.spec(chosen)
    data = workload.load(chosen, job)
    images = torch.from_numpy(data.train_images)
    a, b = torch.rand(2, interleave.SIDE, interleave.SIDE)
    out = torch.empty_like(a)
    augmented = replace(job, augmentation=workload.AUGMENTED)
    variants = {
        "matched, default": matched(job, data),
        "matched, compiled": matched(replace(job, execution=Execution.COMPILED), data),
        "matched, default, augmented": matched(augmented, data),
        "matched, compiled, augmented": matched(
            replace(augmented, execution=Execution.COMPILED), data
        ),
        "bare loop": in_memory(model(), images, data),
        "bare loop, fused Adam": in_memory(model(), images, data, fused=True),
        "lesson-style loop": lesson(data),
        "lesson-style loop, augmented": lesson(data, AUGMENTING),
        interleave.NUMPY: Variant(interleave.numpy_products()),
        "products, PyTorch": Variant(interleave.products(lambda: torch.mm(a, b, out=out))),
    }
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, pytorch.environment(chosen.threads), variants, TARGETS)


if __name__ == "__main__":
    main()
