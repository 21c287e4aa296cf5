"""Files as users write them, and what builds their models. Images are [batch, 2, 4, 3] there."""

import importlib.util
import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from twinrun.contract.code import Code, CodeSource, CodeTensor
from twinrun.contract.spec import JobSpec

from tests.frameworks import jobs

HEAD = """
import torch
from torch import nn
from torch.nn import functional as F

"""
MLP = """
def build():
    return nn.Sequential(
        nn.Flatten(), nn.Linear(24, 16), nn.ReLU(), nn.Dropout(0.3), nn.Linear(16, 5)
    )
"""
LENET = """
class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 4, 3, padding=1)
        self.conv2 = nn.Conv2d(4, 6, 2, stride=(1, 2), padding="valid", groups=2)
        self.fc1, self.fc2 = nn.Linear(LINES * 6, 7), nn.Linear(7, 5)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2, stride=1, padding=1)
        x = torch.tanh(self.conv2(x))
        x = FLATTENED
        return self.fc2(F.dropout(F.relu(self.fc1(x)), 0.2, self.training))

def build():
    return LeNet()
""".replace("LINES", "8")
RESNET = """
class Block(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=1e-3, momentum=0.3)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.relu(x + self.norm(self.conv(x)))

class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(2, 4, 1)
        self.drop = nn.Dropout2d(0.3)
        self.blocks = nn.ModuleList([Block(4) for _ in range(2)])
        self.flat, self.norm, self.fc = nn.Flatten(), nn.BatchNorm1d(48), nn.Linear(48, 5)

    def forward(self, x):
        x = self.drop(self.stem(x))
        for block in self.blocks:
            x = block(x)
        return self.fc(self.norm(self.flat(x)))

def build():
    return ResNet()
"""
RECURRENT = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.CELL(2, 3, num_layers=2, bidirectional=True, batch_first=FIRST)
        self.out = nn.Linear(6, 5)

    def forward(self, x):
        x = x.flatten(2).transpose(1, 2)
        x = F.dropout(x if FIRST else x.transpose(0, 1), 0.25, self.training)
        x, _ = self.cell(x)
        return self.out(x[:, -1] if FIRST else x[-1])

def build():
    return Net()
"""
TRANSFORMER = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.up = nn.Linear(2, 8)
        self.place = nn.Parameter(torch.randn(1, 12, 8))
        self.encoder = nn.TransformerEncoderLayer(
            8, 2, 16, dropout=0.1, activation="gelu", batch_first=FIRST
        )
        self.out = nn.Linear(8, 5)

    def forward(self, x):
        x = self.up(x.flatten(2).transpose(1, 2)) + self.place
        x = self.encoder(x if FIRST else x.transpose(0, 1))
        return self.out(x.mean(1 if FIRST else 0))

def build():
    return Net()
"""
CELLS = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.LSTMCell(2, 3), nn.GRUCell(3, 4)
        self.scales = nn.ParameterList([torch.ones(4), torch.ones(1)])
        self.out = nn.Linear(4, 5)

    def forward(self, x):
        state, made = None, None
        for part in x.flatten(2).unbind(2):
            state = self.one(part, state)
            made = self.two(state[0], made)
        return self.out(made * self.scales[0])

def build():
    return Net()
"""
EMBEDDING = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table, self.norm = nn.Embedding(9, 5), nn.LayerNorm(5)
        self.head = nn.Linear(5, 9, bias=False)
        self.head.weight = self.table.weight
        self.out = nn.Linear(9, 5)

    def forward(self, x):
        ids = ((x[:, 0, :, 0] + 1) * 4).long()
        return self.out(self.head(self.norm(self.table(ids).mean(1))))

def build():
    return Net()
"""
DECODER = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.narrow, self.wide = nn.Linear(24, 3), nn.Linear(3, 24)
        self.norm = nn.BatchNorm1d(24)
        self.drop = nn.Dropout(0.2)
        self.up = nn.ConvTranspose2d(4, 3, 3, stride=2, padding=1, output_padding=1)
        self.deep = nn.Conv2d(3, 6, 2, groups=3)
        self.out = nn.Linear(6, 5)

    def forward(self, x):
        x = self.drop(F.relu(self.norm(self.wide(self.narrow(x.reshape(len(x), -1))))))
        return self.out(self.deep(self.up(x.view(-1, 4, 3, 2))).mean((2, 3)))

def build():
    return Net()
"""
SOURCES = {
    "mlp": MLP,
    "lenet": LENET.replace("FLATTENED", "x.view(x.size(0), -1)"),
    "lenet, channels last": LENET.replace("FLATTENED", "x.permute(0, 2, 3, 1).flatten(1)"),
    "resnet": RESNET,
    "lstm": RECURRENT.replace("CELL", "LSTM").replace("FIRST", "True"),
    "gru": RECURRENT.replace("CELL", "GRU").replace("FIRST", "True"),
    "gru, time first": RECURRENT.replace("CELL", "GRU").replace("FIRST", "False"),
    "cells": CELLS,
    "transformer": TRANSFORMER.replace("FIRST", "True"),
    "transformer, time first": TRANSFORMER.replace("FIRST", "False"),
    "embedding": EMBEDDING,
    "decoder": DECODER,
}


_numbers = itertools.count()


def builder(directory: Path, text: str) -> Callable[[], object]:
    """Write a file, and return what imports it and calls its build."""
    # A folder of its own: Python takes what it has compiled for the same file of the same second.
    path = directory / str(next(_numbers)) / "users-code" / "pytorch" / "net.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + text)

    def build() -> object:
        found = importlib.util.spec_from_file_location("code_net", path)
        module = importlib.util.module_from_spec(found)
        found.loader.exec_module(module)
        return module.build()

    return build


def spec(tensors=(), **changes) -> JobSpec:
    """Return a job of code; fields of its code's source may be among the changes."""
    names = {"layout", "output"} & changes.keys()
    source = CodeSource("net.py", **{name: changes.pop(name) for name in names})
    without = changes.pop("without_dropout", False)
    code = Code(pytorch=source, tensors=tuple(tensors), without_dropout=without)
    return jobs.spec(**{"layers": (), "code": code, **changes})


def traced(job: JobSpec, build, weights=None, samples: int = 6, inputs=None, *, returned=None):
    from services.pytorch.code.trace import trace  # noqa: PLC0415 - one environment has it

    data = jobs.data()
    inputs = data.train_images[:samples] if inputs is None else inputs
    labels = data.train_labels[:samples].astype(np.int64)
    return trace(job, inputs, labels, build, weights, returned=returned or {})


def paired(job: JobSpec, build, samples: int = 6):
    """Return the job with the model's own arrays as its tensors, and their initial values."""
    found = traced(job, build, samples=samples)
    own = [tensor for tensor in found.model.tensors if not tensor.tied_to]
    tensors = [CodeTensor(t.key, t.shape, t.trained and t.used, t.key) for t in own]
    code = replace(job.code, tensors=tuple(tensors))
    initial = {tensor.key: found.arrays[f"initial/{tensor.key}"] for tensor in own}
    return replace(job, code=code), initial


DROPS = """
from torch.nn.functional import dropout as imported

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.wide, self.flat = nn.Dropout(0.25), nn.Flatten()
        self.out = nn.Linear(24, 5)

    def forward(self, x):
        x = imported(self.flat(self.wide(x)), p=0.5, training=self.training, inplace=True)
        return self.out(F.dropout(x, 0.0, self.training))

def build():
    return Net()
"""
LINEAR = "nn.Sequential(nn.Flatten(), nn.Linear(24, 5))"


def returning(text):
    return f"def build():\n    return {text}\n"


def module(forward, made="pass"):
    return f"""
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.out = nn.Linear(24, 5)
        {made}

    def forward(self, x):
        x = x.flatten(1)
        {forward}

def build():
    return Net()
"""


def outputs(found, path):
    (index,) = [i for i, layer in enumerate(found.model.layers) if layer.path == path]
    return found.arrays[f"output/{index}"]
