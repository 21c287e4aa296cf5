import torch


class SequenceModel(torch.nn.Module):
    def __init__(self, n_features=4, n_hidden=16, n_layers=2, n_classes=3):
        super().__init__()
        self.rnn = torch.nn.GRU(
            input_size=n_features, hidden_size=n_hidden, num_layers=n_layers, batch_first=True
        )
        self.norm = torch.nn.LayerNorm(n_hidden)
        self.head = torch.nn.Sequential(
            torch.nn.Linear(n_hidden, n_hidden), torch.nn.Tanh(), torch.nn.Linear(n_hidden, n_classes)
        )

    def forward(self, x):
        out, _ = self.rnn(x)
        pooled = self.norm(out.mean(dim=1))
        return self.head(pooled)


build = SequenceModel
