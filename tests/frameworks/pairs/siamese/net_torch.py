import torch
import torch.nn as nn


class SiameseNetwork(nn.Module):
    def __init__(self):
        super(SiameseNetwork, self).__init__()
        self.encoder = nn.Sequential(
            nn.Linear(24, 48),
            nn.ReLU(inplace=True),
            nn.LayerNorm(48),
            nn.Linear(48, 16),
            nn.Tanh(),
        )
        self.out = nn.Linear(16, 2)

    def forward_once(self, x):
        return self.encoder(x)

    def forward(self, pair):
        output1 = self.forward_once(pair[:, 0])
        output2 = self.forward_once(pair[:, 1])
        distance = torch.abs(output1 - output2)
        return self.out(distance)


def build():
    return SiameseNetwork()
