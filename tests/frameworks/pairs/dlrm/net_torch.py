import torch
import torch.nn as nn


def create_mlp(ln, sigmoid_layer=-1):
    layers = nn.ModuleList()
    for i in range(0, len(ln) - 1):
        layers.append(nn.Linear(ln[i], ln[i + 1], bias=True))
        if i != sigmoid_layer:
            layers.append(nn.ReLU())
    return torch.nn.Sequential(*layers)


class DLRM_Net(nn.Module):
    def __init__(self, m_spa=8, ln_emb=(10, 10, 10), ln_bot=(4, 16, 8), ln_top=(14, 16, 1)):
        super().__init__()
        self.n_dense = ln_bot[0]
        self.emb_l = nn.ModuleList([nn.Embedding(n, m_spa) for n in ln_emb])
        self.bot_l = create_mlp(ln_bot)
        self.top_l = create_mlp(ln_top, sigmoid_layer=len(ln_top) - 2)

    def interact_features(self, x, ly):
        (batch_size, d) = x.shape
        T = torch.cat([x] + ly, dim=1).view((batch_size, -1, d))
        Z = torch.bmm(T, torch.transpose(T, 1, 2))
        _, ni, nj = Z.shape
        li = torch.tensor([i for i in range(ni) for j in range(i)])
        lj = torch.tensor([j for i in range(nj) for j in range(i)])
        Zflat = Z[:, li, lj]
        return torch.cat([x] + [Zflat], dim=1)

    def forward(self, features):
        dense_x, lS_i = features[:, : self.n_dense], features[:, self.n_dense :].long()
        x = self.bot_l(dense_x)
        ly = [emb(lS_i[:, k]) for k, emb in enumerate(self.emb_l)]
        z = self.interact_features(x, ly)
        return self.top_l(z)


def build():
    return DLRM_Net()
