import torch
import torch.nn as nn
import torch.nn.functional as F


class DropoutNet(nn.Module):
    def __init__(self, p=0.25):
        super().__init__()
        self.input_drop = nn.Dropout(0.1)
        self.conv1 = nn.Conv2d(1, 12, 3, padding=1)
        self.conv2 = nn.Conv2d(12, 16, 3, padding=1)
        self.drop = nn.Dropout(p)
        self.fc1 = nn.Linear(16 * 3 * 3, 48)
        self.fc2 = nn.Linear(48, 24)
        self.fc3 = nn.Linear(24, 6)

    def forward(self, x):
        x = self.input_drop(x)
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = self.drop(x)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.drop(x)
        x = torch.flatten(x, 1)
        x = F.dropout(F.relu(self.fc1(x)), p=0.5, training=self.training)
        x = F.dropout(F.relu(self.fc2(x)), p=0.4, training=self.training)
        return self.fc3(x)


def build():
    return DropoutNet()
