import torch.nn as nn
import torch.nn.functional as F


class CausalConv1d(nn.Conv1d):
    def __init__(self, c_in, c_out, k, dilation=1):
        super().__init__(c_in, c_out, k, dilation=dilation)
        self.left = (k - 1) * dilation

    def forward(self, x):
        return super().forward(F.pad(x, (self.left, 0)))


class Net1D(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(3, 16, 5, padding=2)
        self.bn1 = nn.BatchNorm1d(16)
        self.conv2 = CausalConv1d(16, 24, 3, dilation=2)
        self.bn2 = nn.BatchNorm1d(24)
        self.conv3 = nn.Conv1d(24, 32, 3)
        self.pool = nn.MaxPool1d(2)
        self.fc = nn.Linear(32, 5)

    def forward(self, x):
        x = x.transpose(1, 2)  # (batch, channels, time)
        x = self.pool(F.elu(self.bn1(self.conv1(x))))
        x = self.pool(F.elu(self.bn2(self.conv2(x))))
        x = F.elu(self.conv3(x))
        x = x.mean(dim=-1)
        return self.fc(x)


def build():
    return Net1D()
