import torch
from torch import nn


class BiGRU(nn.Module):
    def __init__(self, input_size, hidden_size, num_classes):
        super().__init__()
        self.gru = nn.GRU(input_size, hidden_size, batch_first=True, bidirectional=True)
        self.fc1 = nn.Linear(hidden_size * 2, 32)
        self.act = nn.ReLU()
        self.fc2 = nn.Linear(32, num_classes)

    def forward(self, x):
        _, h_n = self.gru(x)
        h = torch.cat((h_n[0], h_n[1]), dim=1)
        return self.fc2(self.act(self.fc1(h)))


def build():
    return BiGRU(5, 20, 4)
