"""PyTorch's bare loops: data on the device, as it is and captured in a CUDA graph."""

from collections.abc import Callable

import torch
from torch import nn

from bench import workload
from bench.interleave import Variant
from services.data.arrays import Data

LOSSES = 100  # fetched at once
_FIRST = 3  # steps before a capture


def mlp() -> nn.Module:
    return nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)),
    )


def cnn() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1024, 128), nn.ReLU(), nn.Linear(128, 10)),
    )


class Loop:
    """A network, its data, and Adam, on ``device``."""

    def __init__(self, net: nn.Module, data: Data, device: str, **adam: bool) -> None:
        self.net = net.to(device)
        images = torch.from_numpy(data.train_images).to(device)
        self.images = images.permute(0, 3, 1, 2).contiguous()
        self.labels = torch.from_numpy(data.train_labels).long().to(device)
        self.loss = nn.CrossEntropyLoss()
        self.adam = torch.optim.Adam(net.parameters(), lr=workload.LEARNING_RATE, **adam)
        self.device = device

    def step(self, batch: torch.Tensor) -> torch.Tensor:
        self.adam.zero_grad()
        images, labels = self.images.index_select(0, batch), self.labels.index_select(0, batch)
        loss = self.loss(self.net(images), labels)
        loss.backward()
        self.adam.step()
        return loss.detach()

    def batches(self) -> torch.Tensor:
        whole = len(self.images) // workload.BATCH * workload.BATCH
        return torch.randperm(len(self.images), device=self.device)[:whole].view(-1, workload.BATCH)


def bare(net: nn.Module, data: Data, device: str, **adam: bool) -> Variant:
    """Return a plain loop; losses are fetched once for LOSSES steps."""
    loop = Loop(net, data, device, **adam)

    def epoch() -> None:
        for batches in loop.batches().split(LOSSES):
            torch.stack([loop.step(batch) for batch in batches]).cpu()

    return Variant(epoch)


def captured(net: nn.Module, data: Data, device: str, steps: int) -> Variant:
    """Return a loop whose steps are captured in a graph, so many in one."""
    loop = Loop(net, data, device, fused=True, capturable=True)
    batches = torch.zeros(steps, workload.BATCH, dtype=torch.long, device=device)

    def several() -> torch.Tensor:
        return torch.stack([loop.step(batch) for batch in batches])

    aside = torch.cuda.Stream()
    aside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(aside):
        for _ in range(_FIRST):
            several()
    torch.cuda.current_stream().wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        losses = several()

    def epoch() -> None:
        fetched = []
        for number, taken in enumerate(loop.batches().split(steps), start=1):
            batches[: len(taken)].copy_(taken)
            graph.replay()
            fetched.append(losses.clone())
            if number * steps % LOSSES == 0:
                torch.cat(fetched).cpu()
                fetched = []
        torch.cuda.synchronize()

    return Variant(epoch)


def product(side: int) -> Callable[[], None]:
    """Return what multiplies square matrices on the first card, and waits for it."""
    x = torch.rand(side, side, device="cuda")

    def multiply() -> None:
        nonlocal x
        x = (x @ x).clamp(-1, 1)
        torch.cuda.synchronize()

    return multiply


def variants(data: Data, network: str, device: str) -> dict[str, Variant]:
    """Return the loops of a network, ``mlp`` or ``cnn``."""
    made = {"mlp": mlp, "cnn": cnn}[network]
    loops = {
        "bare loop": bare(made(), data, device),
        "bare loop, fused Adam": bare(made(), data, device, fused=True),
    }
    if device == "cuda":
        for steps in (1, 10):
            loops[f"bare, {steps} steps in a CUDA graph"] = captured(made(), data, device, steps)
    return loops
