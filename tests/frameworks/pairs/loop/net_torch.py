import torch
from torch import nn


class Highway(nn.Module):
    def __init__(self, size, num_layers):
        super().__init__()
        # built from the last one to the first
        stack = [nn.Linear(size, 2 * size) for _ in range(num_layers)]
        self.stack = nn.ModuleList(reversed(stack))

    def forward(self, x):
        for layer in reversed(self.stack):
            transform, gate = layer(x).chunk(2, dim=-1)
            gate = torch.sigmoid(gate)
            x = gate * torch.relu(transform) + (1 - gate) * x
        return x


class Net(nn.Module):
    def __init__(self, depth=4):
        super().__init__()
        self.inp = nn.Linear(20, 16)
        self.highway = Highway(16, depth)
        self.out = nn.Linear(16, 5)

    def forward(self, x):
        return self.out(self.highway(torch.tanh(self.inp(x))))


def build():
    return Net()
