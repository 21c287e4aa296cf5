"""PyTorch: the trainer on a text, and the loops that a good user would write.

``python -m bench.pytorch_text`` in PyTorch's environment. An LSTM, and a small transformer.
"""

import torch
from torch import nn
from torch.nn import functional

from bench import interleave, report, workload
from bench.interleave import Variant
from bench.pytorch import matched
from bench.report import Target
from services import pytorch
from services.data.arrays import Data


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(workload.CODES, 16)
        self.lstm = nn.LSTM(16, 64, batch_first=True)
        self.last = nn.Linear(64, workload.CODES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.lstm(self.table(x))[0])


class Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.queries, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, time, width = x.shape
        q, k, v = (
            each.view(batch, time, self.heads, -1).transpose(1, 2)
            for each in self.queries(self.norms[0](x)).chunk(3, dim=-1)
        )
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.output(seen.transpose(1, 2).reshape(batch, time, width))
        return x + self.narrow(functional.gelu(self.wide(self.norms[1](x))))


class Transformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(workload.CODES, 32)
        self.positions = nn.Parameter(torch.zeros(workload.TIME, 32))
        self.blocks = nn.Sequential(Block(32, 4), Block(32, 4), nn.LayerNorm(32))
        self.last = nn.Linear(32, workload.CODES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.blocks(self.table(x) + self.positions))


def bare(net: nn.Module, data: Data) -> Variant:
    """Return a loop over codes in memory, with PyTorch's fused Adam."""
    codes, following = torch.from_numpy(data.train_images), torch.from_numpy(data.train_labels)
    following = following.long()
    optimizer = torch.optim.Adam(net.parameters(), lr=workload.LEARNING_RATE, fused=True)

    def run() -> None:
        losses = []
        for batch in torch.randperm(len(codes)).split(workload.TEXT_BATCH):
            optimizer.zero_grad()
            logits = net(codes[batch])
            loss = functional.cross_entropy(logits.flatten(0, 1), following[batch].flatten())
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        torch.stack(losses).numpy()

    return Variant(run)


TARGETS = (
    Target("matched, lstm", "bare loop, lstm", 1.05),
    Target("matched, transformer", "bare loop, transformer", 1.05),
)


def main() -> None:
    chosen = workload.options()
    variants = {}
    for name, model in {"lstm": Recurrent, "transformer": Transformer}.items():
        job, data = workload.text(chosen, workload.TEXT_MODELS[name])
        variants[f"matched, {name}"] = matched(job, data)
        variants[f"bare loop, {name}"] = bare(model(), data)
    interleave.measure(variants, chosen.rounds, chosen.slow_rounds)
    report.save(chosen, pytorch.environment(chosen.threads), variants, TARGETS, "-text")


if __name__ == "__main__":
    main()
