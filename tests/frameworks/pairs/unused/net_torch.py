import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16, 24)
        self.bn1 = nn.BatchNorm1d(24)
        self.fc2 = nn.Linear(24, 24)
        self.aux = nn.Linear(24, 24)  # from an earlier experiment
        self.temperature = nn.Parameter(torch.ones(1))
        self.fc3 = nn.Linear(24, 24)
        self.fc4 = nn.Linear(24, 4)

    def forward(self, x):
        x = F.leaky_relu(self.bn1(self.fc1(x)))
        x = F.leaky_relu(self.fc2(x))
        x = F.leaky_relu(self.fc3(x))
        return self.fc4(x)


def build():
    return Net()
